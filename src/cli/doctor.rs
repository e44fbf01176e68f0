//! `kaquan doctor`: checks the set-up.

use std::process::ExitCode;

use clap::Args;

use super::{output, session::Session};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    ops::doctor,
};

/// Exit status: 0 kaquan can run, 1 it cannot.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open(config).await;
        let db = session.as_ref().map(|session| &session.db).map_err(|error| format!("{error:#}"));
        let diagnosis = doctor::examine(config, db, SystemClock.now()).await;
        if let Ok(session) = session {
            session.close().await;
        }
        if self.json {
            output::say_json(&diagnosis)?;
        } else {
            output::say(&diagnosis);
        }
        Ok(if diagnosis.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
