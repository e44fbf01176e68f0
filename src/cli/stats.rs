//! `kaquan stats`: what was offered, claimed, used and turned down, as a table.

use std::{fmt, process::ExitCode};

use anyhow::anyhow;
use chrono::NaiveDate;
use clap::Args;

use super::{columns, output, session::Session};
use crate::{
    api::statistics::StatsView,
    clock::{Clock, SystemClock},
    config::Config,
    domain::{
        id::{AppId, TemplateId},
        statistics::Figures,
    },
    service::statistics::{GroupBy, Key, Question, Statistics, StatisticsError, statistics as ask},
};

#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(flatten)]
    which: Which,
    /// Print the result as JSON, as the API does.
    #[arg(long)]
    json: bool,
}

/// Which figures.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The first day in China; without it thirty days are shown.
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// The last day, included; without it today.
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    /// Of one template only.
    #[arg(long)]
    template: Option<TemplateId>,
    /// On one app only.
    #[arg(long)]
    app: Option<AppId>,
    /// What is shown apart: day, template, app, none.
    #[arg(long, default_value = "day")]
    by: GroupBy,
}

impl Stats {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let statistics = self.which.ask(&session).await;
        session.close().await;
        let statistics = statistics?;
        if self.json {
            output::say_json(&StatsView::from(statistics))?;
        } else {
            output::say(Table(&statistics));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Which {
    pub(super) async fn ask(&self, session: &Session) -> anyhow::Result<Statistics> {
        let Self { from, to, template, app, by: group_by } = *self;
        let question = Question { from, to, template, app, group_by };
        ask(&session.db, SystemClock.now(), question).await.map_err(|error| match error {
            StatisticsError::Invalid(problems) => anyhow!(output::listed(&problems)),
            StatisticsError::Db(error) => error.into(),
        })
    }
}

/// For people.
struct Table<'a>(&'a Statistics);

/// What fits beside the figures on a line.
const NAME: usize = 16;

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statistics { from, to, groups, total } = self.0;
        writeln!(f, "{from} … {to}\n")?;
        writeln!(
            f,
            "{}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}",
            columns::left("", NAME),
            "offered",
            "claimed",
            "used",
            "back",
            "refused",
            "claim",
            "use",
        )?;
        for (key, figures) in groups {
            line(f, &name(key), figures)?;
            writeln!(f)?;
        }
        line(f, "total", total)?;
        for (reason, count) in &total.refused {
            write!(f, "\n  refused {reason}: {count}")?;
        }
        Ok(())
    }
}

fn name(key: &Key) -> String {
    match key {
        Key::Day(day) => day.to_string(),
        Key::Template(id, name) if name.is_empty() => id.to_string(),
        Key::App(id, name) if name.is_empty() => id.to_string(),
        Key::Template(_, name) | Key::App(_, name) => columns::harmless(name),
        Key::All => "all".to_owned(),
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, figures: &Figures) -> fmt::Result {
    let rates = figures.rates();
    let percent = |rate: Option<f64>| {
        rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.2}%", rate * 100.0))
    };
    write!(
        f,
        "{}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}",
        columns::left(name, NAME),
        figures.offered,
        figures.claimed,
        figures.redeemed,
        figures.given_back,
        figures.refusals(),
        percent(rates.claim),
        percent(rates.redeem),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_a_terminal_and_lines_up() {
        let mut figures = Figures::default();
        for (measure, count) in [("offered", 1000), ("claimed", 250), ("refused_sold_out", 3)] {
            figures.add(measure, count);
        }
        let day: NaiveDate = "2026-11-11".parse().unwrap();
        let groups = vec![(Key::Day(day), figures.clone())];
        let statistics = Statistics { from: day, to: day, groups, total: figures };

        let said = Table(&statistics).to_string();

        assert_eq!(
            said,
            "2026-11-11 … 2026-11-11\n\n\
             \u{20}                 offered  claimed     used     back  refused   claim     use\n\
             2026-11-11           1000      250        0        0        3  25.00%   0.00%\n\
             total                1000      250        0        0        3  25.00%   0.00%\n\
             \u{20} refused sold_out: 3"
        );
        assert!(said.lines().all(|line| line.chars().count() <= columns::LINE));
    }
}
