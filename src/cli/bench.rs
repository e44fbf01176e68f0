//! `kaquan bench`: how fast this machine issues coupons, pays deliveries, or lets coupons be used.

use std::{fmt::Display, process::ExitCode, sync::Arc, time::Duration};

use clap::Args;
use serde::Serialize;

use super::output;
use crate::{
    clock::SystemClock,
    config::Config,
    ops::bench::{self, Settings, cards, coupons, delivery, gateways},
};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
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
    /// Measures coupons in use: redemptions, wallets, exports and imports.
    #[arg(long, conflicts_with_all = ["connections", "fill", "full", "deliveries"])]
    coupons: bool,
    /// Measures the protocols of merchants: claims through Yoho beside Baidu's callbacks, wallets through zvcms.
    #[arg(long, conflicts_with_all = ["connections", "fill", "full", "deliveries", "coupons"])]
    gateways: bool,
    /// Measures cards: how fast WeChat's pushes are kept, beside Baidu's callbacks.
    #[arg(long, conflicts_with_all = ["connections", "fill", "full", "deliveries", "coupons", "gateways"])]
    cards: bool,
    /// With --coupons: how many are in the table when wallets are looked at.
    #[arg(long, default_value_t = 5_000_000, value_name = "N", requires = "coupons")]
    table: u32,
    /// With --coupons: a tenth of everything, for a first look.
    #[arg(long, requires = "coupons")]
    quick: bool,
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
        if self.coupons {
            let part = if self.quick { 10 } else { 1 };
            let settings = coupons::Settings {
                seconds: self.seconds,
                table: i64::from(self.table) / part,
                rows: 1_000_000 / part,
                raced: 10_000 / part,
            };
            let report = coupons::run(settings, server, Arc::new(SystemClock)).await?;
            return self.tell(&report);
        }
        if self.gateways {
            let settings = gateways::Settings { seconds: self.seconds, rounds: 3 };
            let report = gateways::run(settings, server, Arc::new(SystemClock)).await?;
            return self.tell(&report);
        }
        if self.cards {
            let settings = cards::Settings { seconds: self.seconds, rounds: 3 };
            let report = cards::run(settings, server, Arc::new(SystemClock)).await?;
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
