//! How transactions begin, for those who own them.

use sqlx::{PgPool, PgTransaction};

/// A transaction, rolled back when it is dropped; also when whoever asked for it goes away while it begins.
///
/// sqlx 0.9 forgets a transaction whose beginning nobody waits for: the connection goes back to the pool within it, and
/// what others write there afterwards is lost with it. So every beginning is waited for, by a task of its own.
///
/// # Errors
/// As [`PgPool::begin`].
pub async fn begin(db: &PgPool) -> sqlx::Result<PgTransaction<'static>> {
    let db = db.clone();
    #[expect(clippy::disallowed_methods, reason = "here it is waited for")]
    let beginning = tokio::spawn(async move { db.begin().await });
    // A task that does not end was stopped with its runtime.
    beginning.await.unwrap_or(Err(sqlx::Error::PoolClosed))
}
