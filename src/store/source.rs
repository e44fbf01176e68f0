//! Address ranges that callbacks came from.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::AppId;

/// All ranges seen so far.
pub async fn list(conn: &mut PgConnection) -> sqlx::Result<Vec<(AppId, String)>> {
    let rows = sqlx::query!(
        r#"
        select app_id as "app_id: AppId", network
        from callback_source
        "#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.app_id, row.network)).collect())
}

/// Remembers a range; harmless when it is known.
pub async fn insert(
    conn: &mut PgConnection,
    app: AppId,
    network: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into callback_source (app_id, network, first_seen_at)
        values ($1, $2, $3)
        on conflict do nothing
        "#,
        app as _,
        network,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
