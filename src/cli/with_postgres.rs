//! `kaquan with-postgres -- COMMAND`: lends an embedded Postgres to another command.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use crate::{
    app::database::default_data_dir,
    config::Config,
    postgres::{
        run_with::run_with,
        settings::{Durability, Settings},
    },
};

#[derive(Debug, Args)]
pub(super) struct WithPostgres {
    /// The folder of the cluster; made when missing.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Does not wait for the disk, and admits more connections: for clusters of tests, which may be lost.
    #[arg(long)]
    no_fsync: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// A large machine runs many tests at a time, each with servers and pools of its own.
const CONNECTIONS_FOR_TESTS: u16 = 500;

impl WithPostgres {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let data = self.data.or_else(|| config.database.data_dir.clone()).or_else(default_data_dir);
        let data = data.context("name a folder with --data: there is no home folder")?;
        let mut settings = Settings::at(data);
        settings.bin_dir.clone_from(&config.database.bin_dir);
        if self.no_fsync {
            settings.durability = Durability::OffForTests;
            settings.max_connections = CONNECTIONS_FOR_TESTS;
        }
        let status = run_with(settings, self.command).await?;
        Ok(status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from))
    }
}
