//! `kaquan bench`: how fast this machine issues coupons, or pays deliveries.

use std::{fmt::Display, process::ExitCode, sync::Arc, time::Duration};

use clap::Args;
use serde::Serialize;

use super::output;
use crate::{
    clock::SystemClock,
    config::Config,
    ops::bench::{self, Settings, delivery},
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
    /// Measures how fast what is owed to a platform is paid, instead of how fast coupons are issued.
    #[arg(long, conflicts_with_all = ["connections", "fill", "full"])]
    deliveries: bool,
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
        if self.deliveries {
            let settings = delivery::Settings {
                deliveries: 20_000 * u32::try_from(self.seconds)?,
                backlog: 10_000,
                seconds: self.seconds,
                kills: 10,
                answer_after: Duration::from_millis(20),
            };
            let report = delivery::run(settings, server, Arc::new(SystemClock)).await?;
            return self.tell(&report);
        }
        let report = bench::run(settings, server, Arc::new(SystemClock)).await?;
        self.tell(&report)
    }

    fn tell(&self, report: &(impl Serialize + Display)) -> anyhow::Result<ExitCode> {
        if self.json {
            output::say_json(report)?;
        } else {
            output::say(report);
        }
        Ok(ExitCode::SUCCESS)
    }
}
