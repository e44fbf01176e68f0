//! What is so old that nobody needs it any more.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Forgets up to `limit` sessions of people that had ended before `before`; how many.
pub async fn forget_mini_sessions(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        delete from mini_session
        where session_id in (
            select session_id
            from mini_session
            where ends_at < $1
            order by ends_at
            limit $2
            for update skip locked
        )
        "#,
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Forgets up to `limit` sessions of those at work that had ended before `before`; how many.
pub async fn forget_operator_sessions(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        delete from operator_session
        where session_id in (
            select session_id
            from operator_session
            where ends_at < $1
            order by ends_at
            limit $2
            for update skip locked
        )
        "#,
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Forgets up to `limit` networks of those at work from which no password was looked at since `before`; how many.
pub async fn forget_operator_networks(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        delete from operator_network
        where (operator_id, network) in (
            select operator_id, network
            from operator_network
            where seen_at <= $1
            order by seen_at
            limit $2
            for update skip locked
        )
        "#,
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Forgets the secrets of gateways' clients that no longer count at `now`; how many.
pub async fn forget_gateway_secrets(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        update gateway_client
        set old_secret_sealed = null, old_secret_until = null
        where old_secret_until <= $1
        "#,
        now,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Forgets the secrets of endpoints that no longer sign at `now`; how many.
pub async fn forget_webhook_secrets(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        r#"
        update webhook_endpoint
        set old_secret_sealed = null, old_secret_until = null
        where old_secret_until <= $1
        "#,
        now,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}
