//! Stocks of which little is left.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Tells of each stock that has fallen to `percent` of its total or below since it was last above; how many.
pub async fn tell_low(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    percent: i64,
) -> sqlx::Result<i64> {
    sqlx::query_file_scalar!("src/store/sql/tell_low_stock.sql", now, percent).fetch_one(conn).await
}
