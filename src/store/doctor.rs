//! What `kaquan doctor` asks the database about itself.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// What was seen.
#[derive(Debug)]
pub struct Seen {
    /// As `server_version_num` gives it: 150018 is 15.18.
    pub server_version: i32,
    /// The database's time.
    pub now: DateTime<Utc>,
    /// Settings that risk what was committed.
    pub careless: Vec<String>,
    /// How many migrations are done; `None` in an empty database.
    pub migrations: Option<i64>,
}

/// Looks.
pub async fn look(db: &PgPool) -> sqlx::Result<Seen> {
    let mut conn = db.acquire().await?;
    let server = sqlx::query!(
        r#"
        select
            current_setting('server_version_num')::int as "version!",
            clock_timestamp() as "now!",
            to_regclass('_sqlx_migrations') is not null as "has_schema!",
            array(
                select name
                from pg_settings
                where name in ('fsync', 'full_page_writes', 'synchronous_commit')
                  and setting in ('off', 'local')
            ) as "careless!: Vec<String>"
        "#
    )
    .fetch_one(&mut *conn)
    .await?;
    let migrations = if server.has_schema {
        // Not checked at build time: the table is made by the migrator itself.
        let count = sqlx::query_scalar("select count(*) from _sqlx_migrations where success");
        Some(count.fetch_one(&mut *conn).await?)
    } else {
        None
    };
    Ok(Seen {
        server_version: server.version,
        now: server.now,
        careless: server.careless,
        migrations,
    })
}
