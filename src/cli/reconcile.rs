//! `kaquan reconcile`: holds our figures against those of Baidu or WeChat, now and in this process, beside a running server.

use std::{fmt, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::{output, session::Session};
use crate::{
    app::{keys, worker},
    clock::SystemClock,
    config::Config,
    domain::{
        app::PlatformKind,
        id::{AppId, ReconciliationId},
        reconciliation::{Comparison, Day, Subject},
    },
    store::{self, app::App},
};

/// Exit status: 0 nothing differs but for what is still owed, 2 something does, 3 the platform could not be asked.
#[derive(Debug, Args)]
pub(super) struct Reconcile {
    /// One app only; without it every app on Baidu or WeChat whose secret is known.
    #[arg(long)]
    app: Option<AppId>,
    /// So many whole days before today; without it as the settings say.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=31))]
    days: Option<u8>,
    /// Print the result as JSON, an object on each line.
    #[arg(long)]
    json: bool,
}

const DIFFERS: u8 = 2;
const NOT_ASKED: u8 = 3;
/// More than any merchant has.
const MOST_APPS: i64 = 10_000;

impl Reconcile {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let code = self.hold(config).await.unwrap_or_else(|error| {
            output::complain(&format!("could not ask: {error:#}"));
            NOT_ASKED
        });
        Ok(ExitCode::from(code))
    }

    async fn hold(&self, config: &Config) -> anyhow::Result<u8> {
        let session = Session::open_current(config).await?;
        let code = self.hold_all(config, &session).await;
        session.close().await;
        code
    }

    async fn hold_all(&self, config: &Config, session: &Session) -> anyhow::Result<u8> {
        let apps = self.apps(session).await?;
        let vault = keys::look(config)?;
        let clock = Arc::new(SystemClock);
        let worker = worker::beside(config, session.options(), &vault, clock).await?;
        let days = self.days.unwrap_or(config.reconciliation.days);
        let mut code = 0;
        for app in apps {
            let found = worker.reconcile(app.id, days).await;
            code = code.max(self.tell(&app, found));
        }
        worker.stop().await;
        Ok(code)
    }

    async fn apps(&self, session: &Session) -> anyhow::Result<Vec<App>> {
        let mut conn = session.db.acquire().await?;
        if let Some(id) = self.app {
            let app = store::app::find(&mut conn, id).await?.context("no such app")?;
            return Ok(vec![app]);
        }
        let apps = store::app::list(&mut conn, None, MOST_APPS).await?;
        let told = [PlatformKind::Baidu, PlatformKind::Wechat];
        let ready = |app: &App| told.contains(&app.platform) && app.has_secret;
        let apps: Vec<_> = apps.into_iter().filter(ready).collect();
        if apps.is_empty() {
            bail!("there is no app on Baidu or WeChat whose secret is known");
        }
        Ok(apps)
    }

    fn tell(&self, app: &App, found: anyhow::Result<(ReconciliationId, Comparison)>) -> u8 {
        match found {
            Ok((id, comparison)) => {
                if self.json {
                    say_json(app, id, &comparison);
                } else {
                    output::say(Table { app, comparison: &comparison });
                }
                if comparison.unexplained() == 0 { 0 } else { DIFFERS }
            }
            Err(error) => {
                output::complain(&format!("{}: could not ask: {error:#}", app.name));
                NOT_ASKED
            }
        }
    }
}

fn say_json(app: &App, id: ReconciliationId, comparison: &Comparison) {
    for subject in &comparison.subjects {
        for day in reported(comparison, subject) {
            output::say(json!({
                "type": "day", "app_id": app.id, "placement_id": subject.placement,
                "platform_ref": subject.platform_ref, "title": subject.title, "day": day.date,
                "ours": day.ours, "theirs": day.theirs,
            }));
        }
    }
    for difference in &comparison.differences {
        let mut line = json!(difference);
        line["type"] = json!("difference");
        line["app_id"] = json!(app.id);
        line["meaning"] = json!(difference.in_chinese(app.platform));
        line["meaning_en"] = json!(difference.in_english(app.platform));
        output::say(line);
    }
    output::say(json!({
        "type": "result", "app_id": app.id, "reconciliation_id": id, "first_day": comparison.first,
        "last_day": comparison.last, "differences": comparison.differences.len(),
        "unexplained": comparison.unexplained(),
    }));
}

fn reported<'a>(comparison: &'a Comparison, subject: &'a Subject) -> impl Iterator<Item = &'a Day> {
    subject.days.iter().filter(|day| day.date >= comparison.first)
}

/// For people.
struct Table<'a> {
    app: &'a App,
    comparison: &'a Comparison,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = self.comparison;
        writeln!(f, "{}  {} … {}", self.app.name, comparison.first, comparison.last)?;
        let theirs = match self.app.platform {
            PlatformKind::Baidu => "Baidu got",
            PlatformKind::Wechat | PlatformKind::WechatMini | PlatformKind::Own => "they got",
        };
        writeln!(
            f,
            "\n  {:<20} {:<10} {:>9} {:>9} {:>9}  {:>9} {:>9} {:>9}",
            "template", "day", "takes", "synced", "used", theirs, "used", "stock"
        )?;
        for subject in &comparison.subjects {
            for day in reported(comparison, subject) {
                line(f, subject, day)?;
            }
        }
        writeln!(f)?;
        if comparison.differences.is_empty() {
            return write!(f, "  nothing differs");
        }
        for (place, difference) in comparison.differences.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            let mark = if difference.explained { "·" } else { "✗" };
            let day = difference.day.map_or_else(String::new, |day| format!(" {day}"));
            let kind = difference.kind.as_str();
            writeln!(f, "  {mark} {kind} {}{day}", difference.platform_ref)?;
            writeln!(f, "      {}", difference.in_chinese(self.app.platform))?;
            write!(f, "      {}", difference.in_english(self.app.platform))?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, subject: &Subject, day: &Day) -> fmt::Result {
    let none = || "–".to_owned();
    let told = |figure: Option<i64>| figure.map_or_else(none, |figure| figure.to_string());
    writeln!(
        f,
        "  {:<20} {:<10} {:>9} {:>9} {:>9}  {:>9} {:>9} {:>9}",
        subject.platform_ref,
        day.date.to_string(),
        day.ours.takes,
        day.ours.synced,
        day.ours.written_off,
        told(day.theirs.map(|theirs| theirs.taken)),
        told(day.theirs.map(|theirs| theirs.used)),
        told(day.theirs.and_then(|theirs| theirs.stock)),
    )
}
