//! A stage's own connection: made when needed, thrown away at the first doubt.

use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

/// A connection that is there when asked for.
#[derive(Debug)]
pub(super) struct Connection {
    options: PgConnectOptions,
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

/// How long a connection may take to come up.
const PATIENCE: Duration = Duration::from_secs(1);

/// SQLSTATE classes that ask for another try: connection, state of the transaction, resources, operator,
/// serialisation and deadlock, lock not available.
const AGAIN: [&str; 6] = ["08", "25", "53", "57", "40", "55"];
/// A unique index refused a row.
const TAKEN: &str = "23505";

impl Connection {
    pub const fn new(options: PgConnectOptions) -> Self {
        Self { options, open: None }
    }

    /// The open connection, or a new one.
    pub async fn get(&mut self) -> sqlx::Result<&mut PgConnection> {
        let conn = match self.open.take() {
            Some(conn) => conn,
            None => tokio::time::timeout(PATIENCE, self.options.connect())
                .await
                .map_err(|_| sqlx::Error::PoolTimedOut)??,
        };
        Ok(self.open.insert(conn))
    }

    /// Forgets the connection: its state is unknown.
    pub fn abandon(&mut self) {
        self.open = None;
    }
}

/// Options for a connection of the engine.
///
/// The statements are written so that they use their indexes on any table; the planner settings say so once more, and
/// keep one plan per statement instead of a new one per batch.
pub(super) fn tuned(database: &PgConnectOptions, deadline: Duration) -> PgConnectOptions {
    let statement_timeout = deadline.as_millis().to_string();
    database.clone().application_name("kaquan-issuing").options([
        ("statement_timeout", statement_timeout.as_str()),
        ("idle_in_transaction_session_timeout", "5000"),
        ("synchronous_commit", "on"),
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
    ])
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::code) {
            Some(code) if code == TAKEN => Self::Taken(error),
            Some(code) if AGAIN.iter().any(|again| code.starts_with(again)) => Self::Again(error),
            Some(_) => Self::Statement(error),
            None => Self::Again(error),
        }
    }
}
