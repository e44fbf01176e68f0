//! Waking the workers, on whichever server they are.

use sqlx::PgConnection;

/// With the commit, workers look for what is due.
pub async fn wake_workers(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        select pg_notify('kaquan_delivery', '') as "told: ()"
        "#
    )
    .execute(conn)
    .await?;
    Ok(())
}
