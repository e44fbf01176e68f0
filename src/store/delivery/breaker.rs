//! The circuit breaker of an app's channel, as all servers share it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{channel::Breaker, id::AppId};

/// The breaker, kept from changing until the transaction ends, with the database's time.
pub async fn lock(
    conn: &mut PgConnection,
    app: AppId,
) -> sqlx::Result<Option<(Breaker, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"
        select failures, open_until, clock_timestamp() as "database_now!"
        from channel
        where app_id = $1
        for no key update
        "#,
        app as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        let breaker = Breaker { failures: row.failures, open_until: row.open_until };
        (breaker, row.database_now)
    }))
}

/// Writes the breaker; a probe is over with it.
pub async fn update(conn: &mut PgConnection, app: AppId, breaker: Breaker) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update channel
        set failures = $2, open_until = $3, probing_until = null
        where app_id = $1
        "#,
        app as _,
        breaker.failures,
        breaker.open_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Pauses a channel that only a person can help; one that is paused stays as it is.
pub async fn pause(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    reason: &str,
) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        r#"
        update channel
        set paused_at = $2, pause_reason = $3
        where app_id = $1 and paused_at is null
        "#,
        app as _,
        now,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() > 0)
}
