//! How the server runs: what it keeps open, and whether a commit is one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// A transaction of this database that nobody is working on.
#[derive(Debug, Clone)]
pub struct Forgotten {
    /// The process, or the name of a prepared transaction.
    pub name: String,
    /// Since when nothing has happened in it.
    pub since: Option<DateTime<Utc>>,
}

/// Transactions that have been idle for ten seconds at `now`, and prepared ones, which kaquan never makes.
pub async fn list_forgotten_transactions(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Forgotten>> {
    sqlx::query_as!(
        Forgotten,
        r#"
        select
            'process ' || pid as "name!",
            state_change as since
        from pg_stat_activity
        where datname = current_database()
            and state like 'idle in transaction%'
            and state_change < $1::timestamptz - interval '10 seconds'
        union all
        select
            'prepared ' || gid,
            prepared
        from pg_prepared_xacts
        where database = current_database()
        "#,
        now,
    )
    .fetch_all(conn)
    .await
}

/// Settings under which a commit can be lost, as `name = value`.
pub async fn list_careless_settings(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        select name || ' = ' || setting as "setting!"
        from pg_settings
        where (name, setting) in (
            ('fsync', 'off'),
            ('full_page_writes', 'off'),
            ('synchronous_commit', 'off'),
            ('synchronous_commit', 'local'),
            -- After a failed flush the kernel may have dropped the page: to try again is to lose it.
            ('data_sync_retry', 'on')
        )
        order by name
        "#,
    )
    .fetch_all(conn)
    .await
}
