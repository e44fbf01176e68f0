//! Counts coupons that ended without being used, once each, for the daily sums.
//!
//! A walk along the ends of coupons, whose row moves in the commit of what was counted: a crash neither repeats nor
//! skips anything. It stays a little behind the present, and that is exact: a coupon is issued before its end and used
//! before its end or while a lock lives, and no commit is so long under way. What is locked as the walk comes by is
//! counted by whoever takes the lock away, with `store::upkeep::ends::count_returned`.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::store::{
    self,
    upkeep::{ends::Portion, walk},
};

/// So many at a time.
pub const PORTION: i64 = 500;
/// How far walks stay behind the present: longer than any commit is under way that was judged before, since no statement
/// of ours lives for more than thirty seconds.
pub const LAG: TimeDelta = TimeDelta::seconds(45);

/// One portion; how many coupons the walk passed.
pub async fn count_expired(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let horizon = now - LAG;
    let mut tx = store::begin(db).await?;

    let reached = store::upkeep::walk::lock(&mut tx, walk::EXPIRED).await?;
    let Some(behind) = reached.filter(|reached| reached.is_before(horizon)) else { return Ok(0) };
    let portion = Portion { walk: walk::EXPIRED, behind, horizon, limit: PORTION };
    let passed = store::upkeep::ends::count(&mut tx, portion).await?;

    tx.commit().await?;
    Ok(passed)
}
