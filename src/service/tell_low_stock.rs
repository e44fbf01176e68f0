//! Tells of stocks of which little is left, once for each fall.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::store;

/// Looks at every stock; how many have fallen to `percent` of their total or below since they were last above.
pub async fn tell_low_stock(db: &PgPool, now: DateTime<Utc>, percent: u8) -> sqlx::Result<i64> {
    let mut tx = store::begin(db).await?;
    let told = store::upkeep::stock::tell_low(&mut tx, now, i64::from(percent)).await?;
    tx.commit().await?;
    Ok(told)
}
