//! `kaquan bench`: how fast this machine issues.

use std::{process::ExitCode, sync::Arc};

use clap::Args;

use super::output;
use crate::{
    clock::SystemClock,
    config::Config,
    ops::bench::{self, Settings},
};

#[derive(Debug, Args)]
pub(super) struct Bench {
    /// The length of each run.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections that ask at the same time.
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000))]
    connections: u16,
    /// Coupons that are in the table before the runs begin.
    #[arg(long, default_value_t = 0, value_name = "N")]
    fill: u32,
    /// Also 512 connections, half of the peak, and three times the peak.
    #[arg(long)]
    full: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let settings = Settings {
            seconds: self.seconds,
            connections: usize::from(self.connections),
            fill: i64::from(self.fill),
            full: self.full,
        };
        let server = config.database.options().map_err(anyhow::Error::msg)?;
        let report = bench::run(settings, server, Arc::new(SystemClock)).await?;
        if self.json {
            output::say_json(&report)?;
        } else {
            output::say(&report);
        }
        Ok(ExitCode::SUCCESS)
    }
}
