//! Takes locks away that have passed, so that their coupons may be used again.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::store;

/// So many at a time.
pub const PORTION: i64 = 500;

/// One portion; how many locks were taken away.
///
/// Servers that do it at once take different ones: a coupon that somebody holds is left for the next round.
pub async fn release_locks(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut tx = store::begin(db).await?;

    let freed = store::upkeep::locks::release(&mut tx, now, PORTION).await?;
    store::upkeep::ends::count_returned(&mut tx, &freed).await?;

    tx.commit().await?;
    let number = i64::try_from(freed.len()).unwrap_or(i64::MAX);
    if number > 0 {
        tracing::info!(number, "{number} locks have passed");
    }
    Ok(number)
}
