//! Every SQL statement, one file per table family. Functions take a connection, so that the caller sees how long it is held.

/// All migrations, embedded; run at start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub mod bench;
pub mod issuing;
pub mod route;
pub mod source;

/// Whether the database answers.
pub async fn ping(db: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&mut *conn).await?;
    Ok(())
}
