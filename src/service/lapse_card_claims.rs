//! Lets leave to take cards lapse that nobody has used, and their codes go.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::store;

/// So much at a time.
pub const PORTION: i64 = 500;

/// One portion of leave that has ended; how much.
pub async fn lapse_card_claims(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let lapsed = store::upkeep::cards::lapse(&mut conn, now, PORTION).await?;
    Ok(i64::try_from(lapsed).unwrap_or(i64::MAX))
}

/// One portion of codes that were kept long enough; how many.
pub async fn free_card_codes(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    store::upkeep::cards::free_codes(&mut conn, now, PORTION).await
}
