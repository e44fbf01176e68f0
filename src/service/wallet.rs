//! Shows people their coupons.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::{known_terms::KnownTerms, person::Person};
use crate::{
    domain::{
        id::CouponId,
        sight::Sight,
        standing::{CouponStatus, Standing, Tab},
        terms::Terms,
        validity::Validity,
    },
    store::{
        self,
        holding::{Holding, Which},
    },
};

/// A coupon, what it is now, and what it promises.
#[derive(Debug, Clone)]
pub struct Held {
    /// The coupon.
    pub holding: Holding,
    /// What it is.
    pub status: CouponStatus,
    /// Under which it was issued.
    pub terms: Arc<Terms>,
}

/// One tab of somebody's wallet, newest first, older than `before`.
pub async fn list(
    db: &PgPool,
    known: &KnownTerms,
    now: DateTime<Utc>,
    (person, tab): (Person, Tab),
    page: (Option<CouponId>, i64),
) -> sqlx::Result<Vec<Held>> {
    let mut conn = db.acquire().await?;
    read(&mut conn, known, now, (person, &Sight::All, Which::Tab(tab)), page).await
}

/// One coupon: anybody's, or only if it is this person's. One that is out of use is not there.
pub async fn find(
    db: &PgPool,
    known: &KnownTerms,
    now: DateTime<Utc>,
    id: CouponId,
    person: Option<Person>,
) -> sqlx::Result<Option<Held>> {
    let mut conn = db.acquire().await?;
    let owner = person.map(|person| person.owner());
    let found = store::holding::find(&mut conn, id, owner).await?;
    Ok(add_terms(&mut conn, known, now, found.into_iter().collect()).await?.pop())
}

pub(super) async fn read(
    conn: &mut PgConnection,
    known: &KnownTerms,
    now: DateTime<Utc>,
    (person, sight, which): (Person, &Sight, Which),
    page: (Option<CouponId>, i64),
) -> sqlx::Result<Vec<Held>> {
    let holdings = store::holding::list(conn, (person.owner(), sight), which, now, page).await?;
    add_terms(conn, known, now, holdings).await
}

pub(super) async fn add_terms(
    conn: &mut PgConnection,
    known: &KnownTerms,
    now: DateTime<Utc>,
    holdings: Vec<Holding>,
) -> sqlx::Result<Vec<Held>> {
    let keys = holdings.iter().map(|holding| (holding.template, holding.version));
    let terms = known.get(conn, keys).await?;
    let held = holdings.into_iter().filter_map(|holding| {
        let terms = Arc::clone(terms.get(&(holding.template, holding.version))?);
        Some(Held { status: status(&holding, now), terms, holding })
    });
    Ok(held.collect())
}

fn status(holding: &Holding, now: DateTime<Utc>) -> CouponStatus {
    let validity = Validity { from: holding.valid_from, until: holding.valid_until };
    let Holding { state, locked_until, suspended, .. } = *holding;
    Standing { state, validity, locked_until, suspended }.status(now)
}
