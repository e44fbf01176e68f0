//! A stage's own connection: made when needed, thrown away at the first doubt.

use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::store;

/// A connection that is there when asked for.
#[derive(Debug)]
pub(super) struct Connection {
    options: PgConnectOptions,
    statements: &'static [&'static str],
    open: Option<PgConnection>,
}

/// What went wrong with a piece of work, by what helps.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is lost or in doubt, or the database asks to try again: the same work, once more.
    Again(sqlx::Error),
    /// A unique index refused a row. Most likely another server was quicker, and the next try will see its row.
    Taken(sqlx::Error),
    /// The database refused a statement; the same work will fail again.
    Statement(sqlx::Error),
}

/// How long each step to a new connection may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// SQLSTATE classes that ask for another try: connection, state of the transaction, resources, operator, disk,
/// serialisation and deadlock, lock not available; and two codes for statements that were prepared before a migration.
const AGAIN: [&str; 9] = ["08", "25", "53", "57", "58", "40", "55", "0A000", "26000"];
/// A unique index refused a row.
const TAKEN: &str = "23505";

impl Connection {
    /// For work that consists of these statements.
    pub const fn new(options: PgConnectOptions, statements: &'static [&'static str]) -> Self {
        Self { options, statements, open: None }
    }

    /// The open connection, or a new one. Why none can be had is never the fault of the work.
    pub async fn get(&mut self) -> Result<&mut PgConnection, Trouble> {
        let conn = match self.open.take() {
            Some(conn) => conn,
            None => self.make().await.map_err(Trouble::Again)?,
        };
        Ok(self.open.insert(conn))
    }

    /// A new connection that has its statements prepared. No transaction then waits for that, with its locks held; on a
    /// slow network, a first transaction that has to prepare could otherwise take too long each time it is tried.
    async fn make(&self) -> sqlx::Result<PgConnection> {
        let mut conn = in_time(self.options.connect()).await?;
        for statement in self.statements {
            in_time(store::issuing::prepare(&mut conn, statement)).await?;
        }
        Ok(conn)
    }

    /// After a bug of ours: the callers of that batch hear "try again", and the next batch begins afresh.
    pub fn survive_panic(&mut self) {
        tracing::error!("A batch panicked; its callers will have to ask again");
        metrics::counter!("kaquan_issue_panics_total").increment(1);
        self.abandon();
    }

    /// Forgets the connection: its state is unknown.
    pub fn abandon(&mut self) {
        self.open = None;
    }
}

async fn in_time<T>(step: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    tokio::time::timeout(PATIENCE, step).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Options for a connection of the engine.
pub(super) fn tuned(database: &PgConnectOptions, deadline: Duration) -> PgConnectOptions {
    let statement_timeout = deadline.as_millis().to_string();
    store::planned_once(database.clone()).application_name("kaquan-issuing").options([
        ("statement_timeout", statement_timeout.as_str()),
        // The locks of a connection that the network lost are held this long: the engine never idles, so not long.
        ("idle_in_transaction_session_timeout", "1000"),
        ("synchronous_commit", "on"),
    ])
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::code) {
            Some(code) if code == TAKEN => Self::Taken(error),
            Some(code) if AGAIN.iter().any(|again| code.starts_with(again)) => Self::Again(error),
            Some(_) => Self::Statement(error),
            None if is_unreadable(&error) => Self::Statement(error),
            None => Self::Again(error),
        }
    }
}

/// Whether a row is missing or holds what this server does not know, such as the terms that a newer one wrote.
fn is_unreadable(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
    )
}
