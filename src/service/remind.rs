//! Tells of coupons that end soon and are still to be used, once for each coupon and time before its end.
//!
//! A walk along the ends of coupons, so far ahead of the present as people want to be told; its row moves in the commit
//! of what was told. It stays a little behind that moment, and that is exact: a coupon that it cannot see yet was issued
//! within that little while, so after the moment for its reminder, and there is none for it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::count_expired::{LAG, PORTION};
use crate::store::{self, upkeep::ends::Portion};

/// One portion of those that end in `before`; how many coupons the walk passed.
///
/// Where nobody was reminded so long before until now, the walk begins here and now.
pub async fn remind(db: &PgPool, now: DateTime<Utc>, before: Duration) -> sqlx::Result<i64> {
    let ahead = TimeDelta::from_std(before).unwrap_or(TimeDelta::MAX);
    let Some(horizon) = (now - LAG).checked_add_signed(ahead) else { return Ok(0) };
    let walk = format!("expiring/{}", before.as_secs());
    let mut tx = store::begin(db).await?;

    let Some(behind) = store::upkeep::walk::lock(&mut tx, &walk).await? else {
        // Somebody else is walking, or nobody ever did.
        store::upkeep::walk::begin(&mut tx, &walk, horizon).await?;
        tx.commit().await?;
        return Ok(0);
    };
    if !behind.is_before(horizon) {
        return Ok(0);
    }
    let portion = Portion { walk: &walk, behind, horizon, limit: PORTION };
    let passed = store::upkeep::ends::remind(&mut tx, now, portion, before).await?;

    tx.commit().await?;
    Ok(passed)
}
