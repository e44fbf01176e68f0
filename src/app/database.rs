//! The database to work on: the merchant's own, or the embedded one.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::postgres::PgConnectOptions;

use crate::{
    config::database,
    postgres::{Postgres, settings::Settings},
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
        if let Some(options) = settings.options().map_err(anyhow::Error::msg)? {
            return Ok(Self { options, embedded: None });
        }
        let data_dir = match &settings.data_dir {
            Some(folder) => folder.clone(),
            None => default_data_dir().context("set database.data_dir: there is no home folder")?,
        };
        let embedded = Settings { bin_dir: settings.bin_dir.clone(), ..Settings::at(data_dir) };
        Self::embedded(embedded).await
    }

    /// Starts the embedded server on a folder.
    pub async fn embedded(settings: Settings) -> anyhow::Result<Self> {
        let postgres = tokio::task::spawn_blocking(move || Postgres::start(&settings)).await??;
        postgres.ensure_database(NAME).await?;
        Ok(Self { options: postgres.options(NAME), embedded: Some(postgres) })
    }

    /// The embedded server, if that is what runs.
    pub fn server(&self) -> Option<&Postgres> {
        self.embedded.as_ref()
    }

    /// Stops the embedded server; to be called when every connection is closed.
    pub async fn close(self) {
        if let Some(postgres) = self.embedded {
            let _stopped = tokio::task::spawn_blocking(move || postgres.stop()).await;
        }
    }
}

/// Where data lives when nobody says: in the system's state folder for root, in the user's own for others.
pub fn default_data_dir() -> Option<PathBuf> {
    if nix::unistd::Uid::effective().is_root() {
        return Some(PathBuf::from("/var/lib/kaquan"));
    }
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok()??;
    Some(Path::new(&user.dir).join(".local/share/kaquan"))
}
