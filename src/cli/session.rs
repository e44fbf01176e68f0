//! A command's connection to the database, beside a running server or alone.

use anyhow::Context;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{app::database::Database, config::Config, store};

/// An open database.
pub(super) struct Session {
    pub db: PgPool,
    database: Database,
}

impl Session {
    /// Opens the database as it is.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let database = Database::beside(&config.database).await?;
        let db = PgPoolOptions::new()
            .max_connections(4)
            .connect_with(database.options.clone().application_name("kaquan"))
            .await
            .context("the database cannot be reached")?;
        Ok(Self { db, database })
    }

    /// Opens the database and brings its schema up to date.
    pub async fn open_current(config: &Config) -> anyhow::Result<Self> {
        let session = Self::open(config).await?;
        let migrated = store::MIGRATOR.run(&session.db).await;
        if let Err(error) = migrated {
            session.close().await;
            return Err(error).context("the schema cannot be brought up to date");
        }
        Ok(session)
    }

    /// How to reach it, for those who need connections of their own.
    pub fn options(&self) -> &PgConnectOptions {
        &self.database.options
    }

    /// Closes it, and stops the embedded server if this command started it.
    pub async fn close(self) {
        self.db.close().await;
        self.database.close().await;
    }
}
