//! The database to work on: the merchant's own, or the embedded one.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::postgres::PgConnectOptions;

use crate::{
    config::database,
    postgres::{Postgres, error::StartError, settings::Settings},
};

/// A database that is there, and the server that runs it if it is ours.
pub struct Database {
    /// How to reach it.
    pub options: PgConnectOptions,
    embedded: Option<Postgres>,
}

/// The database inside the embedded server.
const NAME: &str = "kaquan";

impl Database {
    /// Reaches for the configured database, or starts the embedded one.
    pub async fn open(settings: &database::Database) -> anyhow::Result<Self> {
        match settings.options().map_err(anyhow::Error::msg)? {
            Some(options) => Ok(Self { options, embedded: None }),
            None => Self::embedded(embedded_settings(settings)?).await,
        }
    }

    /// The same for commands that work beside a running server: its embedded Postgres is shared.
    pub async fn beside(settings: &database::Database) -> anyhow::Result<Self> {
        let error = match Self::open(settings).await {
            Ok(database) => return Ok(database),
            Err(error) => error,
        };
        match error.downcast_ref() {
            Some(StartError::InUse { data_dir, .. }) => {
                Ok(Self { options: Postgres::options_of_running(data_dir, NAME), embedded: None })
            }
            _ => Err(error),
        }
    }

    /// Starts the embedded server on a folder.
    pub async fn embedded(settings: Settings) -> anyhow::Result<Self> {
        let postgres = tokio::task::spawn_blocking(move || Postgres::start(&settings)).await??;
        postgres.ensure_database(NAME).await?;
        Ok(Self { options: postgres.options(NAME), embedded: Some(postgres) })
    }

    /// Stops the embedded server; to be called when every connection is closed.
    pub async fn close(self) {
        if let Some(postgres) = self.embedded {
            let _stopped = tokio::task::spawn_blocking(move || postgres.stop()).await;
        }
    }
}

fn embedded_settings(settings: &database::Database) -> anyhow::Result<Settings> {
    let data_dir = data_dir(settings).context("set database.data_dir: there is no home folder")?;
    Ok(Settings { bin_dir: settings.bin_dir.clone(), ..Settings::at(data_dir) })
}

/// Where the embedded server's data lives.
pub fn data_dir(settings: &database::Database) -> Option<PathBuf> {
    settings.data_dir.clone().or_else(default_data_dir)
}

/// Where data lives when nobody says: in the system's state folder for root, in the user's own for others.
pub fn default_data_dir() -> Option<PathBuf> {
    if nix::unistd::Uid::effective().is_root() {
        return Some(PathBuf::from("/var/lib/kaquan"));
    }
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok()??;
    Some(Path::new(&user.dir).join(".local/share/kaquan"))
}
