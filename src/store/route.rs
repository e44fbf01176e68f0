//! What a callback token leads to, and the counter by which servers notice that it changed.

use sqlx::PgConnection;

/// Tells every server, at commit, to read its routes again.
pub async fn mark_changed(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update route_version
        set version = version + 1
        "#,
    )
    .execute(conn)
    .await?;
    Ok(())
}
