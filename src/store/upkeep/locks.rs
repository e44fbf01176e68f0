//! Locks that have passed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Takes up to `limit` locks away that have passed at `now`, and tells so; the coupons that they were on.
pub async fn release(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_file_scalar!("src/store/sql/release_locks.sql", now, limit).fetch_all(conn).await
}
