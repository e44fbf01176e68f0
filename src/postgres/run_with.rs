//! Lends the embedded Postgres to one command: `kaquan with-postgres -- make test`.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;

use super::Postgres;
use super::error::StartError;
use super::settings::Settings;

/// The database that the command finds in `DATABASE_URL`.
const DATABASE: &str = "kaquan";

/// Why the command could not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no server for it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server has no database for it.
    #[error("cannot make the database `{DATABASE}`")]
    Database(#[from] sqlx::Error),
    /// No command was given.
    #[error("no command to run: give one after `--`")]
    NoCommand,
    /// The operating system did not run it.
    #[error("cannot run {}", .command.display())]
    Command {
        /// Its first word.
        command: OsString,
        /// The reason.
        source: io::Error,
    },
}

/// Runs the command with `DATABASE_URL` set to a server that stops when the command has ended.
pub async fn run_with(settings: Settings, command: Vec<OsString>) -> Result<ExitStatus, RunError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(RunError::NoCommand);
    };
    let refused = |source| RunError::Command { command: program.clone(), source };

    let postgres = in_background(move || Postgres::start(&settings)).await?;
    postgres.ensure_database(DATABASE).await?;
    let url = postgres.url(DATABASE);
    let child = Command::new(program).args(arguments).env("DATABASE_URL", url).spawn();
    let ended = match child {
        Ok(child) => outlive(child).await.map_err(refused),
        Err(error) => Err(refused(error)),
    };
    in_background(move || postgres.stop()).await;
    ended
}

/// Waits for the command. A signal to end is the command's to obey: the terminal sends Ctrl-C to
/// both of us, a `SIGTERM` is passed on.
async fn outlive(mut child: Child) -> io::Result<ExitStatus> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            ended = child.wait() => return ended,
            _ = interrupts.recv() => {}
            _ = terminations.recv() => pass_on(&child),
        }
    }
}

fn pass_on(child: &Child) {
    if let Some(pid) = child.id() {
        // Not yet reaped, so the process id is still the child's.
        let _ended = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
    }
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
