//! `kaquan deliveries`: what is owed to the platforms, and what a person can do about it.

mod change;
mod json;
mod list;
mod named;
pub(super) mod show;
mod status;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::session::Session;
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Deliveries {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists deliveries, newest first.
    List(list::List),
    /// Shows one delivery with all its attempts.
    Show(show::Show),
    /// Has a dead delivery tried anew, or all that died since a time.
    Replay(change::Replay),
    /// Gives a delivery up for good, so that those behind it may go.
    Cancel(change::Cancel),
    /// Stops calls to an app.
    Pause(change::Pause),
    /// Calls an app again, also one that seemed to be away.
    Resume(change::Resume),
    /// Shows for each app whether it is called and how much is owed.
    Status(status::Status),
}

impl Deliveries {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = match self.what {
            What::List(list) => list.run(&session).await,
            What::Show(show) => show.run(&session).await,
            What::Replay(replay) => replay.run(&session).await,
            What::Cancel(cancel) => cancel.run(&session).await,
            What::Pause(pause) => pause.run(&session).await,
            What::Resume(resume) => resume.run(&session).await,
            What::Status(status) => status.run(&session).await,
        };
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}
