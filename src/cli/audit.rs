//! `kaquan audit`: proves the promises from the rows.

use std::process::ExitCode;

use clap::Args;

use super::{output, session::Session};
use crate::{
    app::keys,
    config::Config,
    ops::audit::{
        self, AuditScope,
        report::{AuditReport, Outcome},
    },
    store,
    vault::Vault,
};

/// Exit status: 0 every promise holds, 2 one is broken, 3 it could not be checked.
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Leaves out how the server runs: for test clusters.
    #[arg(long)]
    data_only: bool,
    /// Print the result as JSON, an object on each line.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let answer = self.check(config).await;
        let outcome = Outcome::of(&answer);
        match answer {
            Ok(report) if self.json => {
                output::say(report.to_json_lines()?.trim_end());
            }
            Ok(report) => output::say(report),
            Err(error) => output::complain(&format!("could not check: {error:#}")),
        }
        Ok(ExitCode::from(outcome.exit_code()))
    }

    async fn check(&self, config: &Config) -> anyhow::Result<AuditReport> {
        let session = Session::open(config).await?;
        let vault = keys::look(config).unwrap_or_else(|error| {
            output::note(format_args!("{error:#}"));
            Vault::without_keys()
        });
        let scope = if self.data_only { AuditScope::DataOnly } else { AuditScope::Everything };
        let report = async {
            let now = store::now(&session.db).await?;
            audit::run(&session.db, &vault, now, scope).await
        };
        let report = report.await;
        session.close().await;
        Ok(report?)
    }
}
