//! The embedded Postgres: the machine's own server on a private cluster in the data folder.
//!
//! Nothing is configured, downloaded or listened to: a unix socket in a closed folder is the only
//! door, the operating system says who may pass, and no password exists. It ends with kaquan,
//! however that ends, and the next start recovers by itself.

mod binaries;
mod cluster;
mod data_dir;
pub mod error;
mod keeper;
mod leftovers;
mod memory;
mod os_user;
mod pid_file;
pub mod run_with;
mod server;
pub mod settings;
mod tool;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use self::binaries::Binaries;
use self::data_dir::Claim;
use self::error::StartError;
use self::keeper::Keeper;
use self::leftovers::LastEnd;
use self::os_user::OsUser;
use self::server::Server;
use self::settings::Settings;

/// A running server. Dropping it stops it, which takes some milliseconds and blocks.
#[derive(Debug)]
pub struct Postgres {
    keeper: Option<Keeper>,
    started: Started,
    socket_dir: PathBuf,
    /// Given back last, when the server is gone.
    _claim: Claim,
}

/// How the server came up.
#[derive(Debug, Clone)]
pub struct Started {
    /// What there was to begin with.
    pub from: StartedFrom,
    /// From the call to the first moment when connections are taken.
    pub ready_in: Duration,
    /// The server's version as it prints it: `15.18`.
    pub version: String,
}

/// What a start found in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedFrom {
    /// Nothing: the cluster is new.
    Cold,
    /// A cluster that was shut down.
    Warm,
    /// A cluster whose server was killed; what was committed has been recovered.
    Crash,
}

impl Postgres {
    /// Starts the server and returns when it takes connections. It blocks, for about a second the
    /// first time: call it outside of tokio's workers.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        let begun = Instant::now();
        let claim = Claim::take(&settings.data_dir)?;
        let layout = claim.layout.clone();
        layout.check_socket_path()?;
        let cluster = layout.cluster();
        let user = OsUser::find(&cluster)?;
        let binaries = Binaries::find(settings.bin_dir.as_deref(), &cluster)?;
        claim.share_with(&user)?;
        layout.open_to(&user)?;
        let is_new = cluster::make_if_missing(&layout, &binaries, &user, settings.durability)?;
        let socket_dir = layout.socket_dir();
        for folder in [&socket_dir, &layout.logs()] {
            user.give(folder)?;
        }

        let version = binaries.version.clone();
        let server = Server { layout, binaries, user, settings: settings.clone() };
        let (keeper, last_end) = Keeper::start(server)?;
        let from = match last_end {
            _ if is_new => StartedFrom::Cold,
            LastEnd::Clean => StartedFrom::Warm,
            LastEnd::Killed => StartedFrom::Crash,
        };
        let started = Started { from, ready_in: begun.elapsed(), version };
        started.log();
        Ok(Self { keeper: Some(keeper), started, socket_dir, _claim: claim })
    }

    /// How the server came up.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// How to reach a database of this server from this process or another one of the same user.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        reach(&self.socket_dir, database)
    }

    /// How to reach a database of the server that another kaquan runs in `data_dir`.
    pub fn options_of_running(data_dir: &Path, database: &str) -> PgConnectOptions {
        reach(&data_dir.join(data_dir::SOCKET_DIR), database)
    }

    /// The same as a URL, for `DATABASE_URL`. It holds no secret.
    pub fn url(&self, database: &str) -> String {
        let folder = self.socket_dir.to_string_lossy();
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("host", &folder)
            .finish()
            .replace('+', "%20");
        format!("postgres://{}@localhost/{database}?{query}", cluster::ROLE)
    }

    /// Makes the database unless it is there. It looks each time, not only after a cold start: a
    /// kill may have come between the cluster and its database.
    pub async fn ensure_database(&self, name: &str) -> sqlx::Result<()> {
        let mut conn = self.options("postgres").connect().await?;
        let known: bool =
            sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
                .bind(name)
                .fetch_one(&mut conn)
                .await?;
        if !known {
            let quoted = name.replace('"', "\"\"");
            let statement = AssertSqlSafe(format!("create database \"{quoted}\""));
            let made = sqlx::query(statement).execute(&mut conn).await;
            // Somebody else may have made it since we looked.
            if let Err(error) = made
                && !is_there_already(&error)
            {
                return Err(error);
            }
        }
        conn.close().await
    }

    /// The process id of the server; `None` between a crash and the restart.
    pub fn postmaster_pid(&self) -> Option<u32> {
        self.keeper.as_ref().and_then(Keeper::postmaster)
    }

    /// Stops the server and returns when it is gone. Close the pools first: it ends the sessions
    /// that are still open.
    pub fn stop(self) {
        drop(self);
    }
}

fn reach(socket_dir: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("localhost")
        .socket(socket_dir)
        .username(cluster::ROLE)
        .database(database)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.stop();
        }
    }
}

impl Started {
    fn log(&self) {
        let how = match self.from {
            StartedFrom::Cold => "cold",
            StartedFrom::Warm => "warm",
            StartedFrom::Crash => "recovered from a crash",
        };
        let (version, duration_ms) = (&self.version, self.ready_in.as_millis());
        tracing::info!(
            postgres.version = %version,
            postgres.start = how,
            duration_ms,
            "Postgres {version} is ready after {duration_ms} ms ({how})",
        );
    }
}

/// `duplicate_database`, or `unique_violation` when two ask in the same instant.
fn is_there_already(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("42P04" | "23505"))
}
