//! Forgets what is so old that nobody needs it any more.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::card_address::OVERLAP;
use crate::{
    domain::guessing::KNOWN_FOR,
    store::{self, upkeep::forget},
};

/// So many rows at a time.
pub const PORTION: i64 = 500;
/// There is one for each request to a gateway.
pub const NONCES: i64 = 5000;
/// There are several for each card.
pub const PUSHES: i64 = 5000;
/// A platform sends again what it thinks was lost, for a day or so; people look for longer.
const KEEP_PUSHES: TimeDelta = TimeDelta::days(30);

/// One portion of the sessions that ended longer ago than `keep`; how many.
pub async fn forget_sessions(
    db: &PgPool,
    now: DateTime<Utc>,
    keep: TimeDelta,
) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let mini = forget::forget_mini_sessions(&mut conn, now - keep, PORTION).await?;
    let operator = forget::forget_operator_sessions(&mut conn, now - keep, PORTION).await?;
    Ok(i64::try_from(mini.max(operator)).unwrap_or(i64::MAX))
}

/// One portion of the networks from which nobody at work was heard of for so long that they are not known any more; how
/// many.
pub async fn forget_networks(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let forgotten = forget::forget_operator_networks(&mut conn, now - KNOWN_FOR, PORTION).await?;
    Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
}

/// One portion of the answers that were given longer ago than `keep`; how many.
pub async fn forget_answers(db: &PgPool, now: DateTime<Utc>, keep: TimeDelta) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let forgotten = store::idempotency::forget_before(&mut conn, now - keep, PORTION).await?;
    Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
}

/// One portion of the nonces that came with requests which nobody can repeat any more; how many.
pub async fn forget_nonces(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let forgotten = store::nonce::forget_before(&mut conn, now, NONCES).await?;
    Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
}

/// One portion of the pushes of which nothing more will come; how many.
pub async fn forget_pushes(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let forgotten = store::card_push::forget_before(&mut conn, now - KEEP_PUSHES, PUSHES).await?;
    Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
}

/// One portion of leave to take cards that came to nothing long ago; how much.
pub async fn forget_card_claims(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let forgotten =
        store::upkeep::cards::forget_lapsed(&mut conn, now - KEEP_PUSHES, PORTION).await?;
    Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
}

/// All that pushes were proved with before it changed and that counts no more; of how many addresses.
pub async fn forget_push_secrets(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    store::push_address::forget_previous(&mut *db.acquire().await?, now - OVERLAP).await
}

/// All secrets of gateways' clients that count no more; how many.
pub async fn forget_gateway_secrets(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    forget::forget_gateway_secrets(&mut *db.acquire().await?, now).await
}

/// All secrets of endpoints that sign no more; how many.
pub async fn forget_webhook_secrets(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    forget::forget_webhook_secrets(&mut *db.acquire().await?, now).await
}
