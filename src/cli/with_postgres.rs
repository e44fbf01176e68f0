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
    /// Does not wait for the disk: for clusters of tests, which may be lost.
    #[arg(long)]
    no_fsync: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl WithPostgres {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let data = self.data.or_else(|| config.database.data_dir.clone()).or_else(default_data_dir);
        let data = data.context("name a folder with --data: there is no home folder")?;
        let durability = if self.no_fsync { Durability::OffForTests } else { Durability::On };
        let bin_dir = config.database.bin_dir.clone();
        let settings = Settings { bin_dir, durability, ..Settings::at(data) };
        let status = run_with(settings, self.command).await?;
        Ok(status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from))
    }
}
