//! `kaquan migrate`: brings the schema up to date. The server does it by itself at its start.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use sqlx::{ConnectOptions, Connection};

use super::output;
use crate::{app::database::Database, config::Config, store};

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let database = Database::open(&config.database).await?;
        let mut conn = database.options.connect().await?;
        store::MIGRATOR.run(&mut conn).await?;
        conn.close().await?;
        database.close().await;
        let count = store::MIGRATOR.iter().count();
        if self.json {
            output::say_json(&json!({ "migrations": count, "up_to_date": true }))?;
        } else {
            output::say(format_args!("The schema is up to date: {count} migrations."));
        }
        Ok(ExitCode::SUCCESS)
    }
}
