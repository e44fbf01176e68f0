//! Looks a code up at a till: what the coupon is, before anybody takes it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{
    known_terms::KnownTerms,
    life::{LifeError, Named, get_terms},
};
use crate::{
    clock::Clock,
    domain::{code::CouponCode, coupon::CouponState, life::Shown, terms::Terms},
    store::{self, life::Found},
};

/// A coupon as a clerk sees it.
#[derive(Debug)]
pub struct LookedUp {
    /// The coupon.
    pub coupon: Found,
    /// Its terms.
    pub terms: Arc<Terms>,
    /// Whose it is, masked.
    pub holder: String,
    /// The moment of the look.
    pub now: DateTime<Utc>,
}

/// Finds the coupon that shows this code; one that is out of use is not there.
pub async fn look_up(
    db: &PgPool,
    clock: &dyn Clock,
    known_terms: &KnownTerms,
    code: CouponCode,
) -> Result<LookedUp, LifeError> {
    let mut conn = db.acquire().await?;
    let coupon = Named::anybodys(Shown::Code(code));
    let found = store::life::find(&mut conn, coupon.asked(None)).await?;
    let coupon = found.filter(|found| found.state != CouponState::Void);
    let coupon = coupon.ok_or(LifeError::NoSuchCoupon)?;
    let terms = get_terms(&mut conn, known_terms, &coupon).await?;
    let open_id = store::life::get_open_id(&mut conn, coupon.id).await?;
    let now = clock.at_database(coupon.database_now);
    Ok(LookedUp { coupon, terms, holder: masked(&open_id), now })
}

/// The last four characters, and those only of a name that is long enough to spare them.
fn masked(open_id: &str) -> String {
    let shown = if open_id.len() >= 12 { open_id.get(open_id.len() - 4..) } else { None };
    format!("…{}", shown.unwrap_or_default())
}
