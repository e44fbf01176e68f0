//! What is known already of coupons that a platform had given out: none of them can be used for as long as a moment
//! although it must not.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{event::EventKind, id::RedemptionId},
    store::{
        card::{change, word},
        issuing::{
            self,
            batch::{Batch, GivenCoupon},
        },
    },
};

/// To be called in the transaction that writes the batch, after it did.
pub(super) async fn settle(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    batch: &Batch,
) -> sqlx::Result<()> {
    issuing::given::settle(conn, now, batch).await?;
    for given in &batch.given {
        if let Some((at, till)) = &given.used {
            use_elsewhere(conn, now, given, (*at, till)).await?;
        }
        if let Some((reason, since)) = given.suspension {
            change::suspend(conn, given.id, reason, since).await?;
            let fields = json!({ "reason": reason, "since": since });
            word::tell_of(conn, of(given), EventKind::Suspended, fields, now).await?;
        }
    }
    Ok(())
}

async fn use_elsewhere(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    given: &GivenCoupon,
    used: (DateTime<Utc>, &str),
) -> sqlx::Result<()> {
    let redemption = RedemptionId::new(now);
    let used_at = change::use_elsewhere(conn, now, given.id, redemption, used).await?;
    let fields = word::told_of_use(given.id, redemption, used.1);
    word::tell_of(conn, of(given), EventKind::Redeemed, fields, used_at).await
}

const fn of(given: &GivenCoupon) -> change::Told {
    change::Told {
        coupon: given.id,
        template: given.offer.template,
        placement: given.offer.placement,
        app: given.app,
    }
}
