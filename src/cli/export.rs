//! `kaquan export`: coupons and figures as files, on the standard output.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::{session::Session, stats};
use crate::{
    api::statistics::table,
    clock::{Clock, SystemClock},
    config::Config,
    domain::{
        id::{AppId, TemplateId},
        standing::CouponStatus,
    },
    service::export_coupons::{self, Format, Wanted},
};

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every coupon, with its code masked and the use that stands.
    Coupons(Coupons),
    /// The figures of `kaquan stats`.
    Stats {
        #[command(flatten)]
        which: stats::Which,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Debug, Args)]
struct Coupons {
    /// Of one template only.
    #[arg(long)]
    template: Option<TemplateId>,
    /// On one app only.
    #[arg(long)]
    app: Option<AppId>,
    /// Only those that are this now: `usable`, `not_yet_valid`, `locked`, `used`, `expired` or `void`.
    #[arg(long)]
    state: Option<CouponStatus>,
    /// Issued on this day in China or later.
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// Issued on this day in China or earlier.
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Form {
    /// csv, or json for an object on each line.
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Begin a CSV file with the mark by which spreadsheets know UTF-8.
    #[arg(long)]
    bom: bool,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let written = match self.what {
            What::Coupons(coupons) => coupons.write(&session).await,
            What::Stats { which, form } => match which.ask(&session).await {
                Ok(statistics) => say(&table::write(statistics, form.format, form.bom)),
                Err(error) => Err(error),
            },
        };
        session.close().await;
        written.map(|()| ExitCode::SUCCESS)
    }
}

impl Coupons {
    async fn write(self, session: &Session) -> anyhow::Result<()> {
        let Self { template, app, state: status, from, to, form: Form { format, bom } } = self;
        let wanted = Wanted { template, app, status, from, to, format, bom };
        let mut export = export_coupons::Export::new(session.db.clone(), SystemClock.now(), wanted);
        while let Some(piece) = export.next().await? {
            say(&piece)?;
        }
        Ok(())
    }
}

/// A file that was not written whole is a failure.
fn say(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}
