//! `kaquan serve`: the server, until it is told to stop.

use std::{process::ExitCode, sync::Arc};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    app::{App, database::Database},
    clock::SystemClock,
    config::Config,
};

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let (database, app) = tokio::select! {
        started = start(config) => started?,
        // Nothing was promised to anybody yet; what has begun is left as a kill would leave it.
        () = signals.next() => anyhow::bail!("stopped while starting"),
    };
    signals.next().await;
    tracing::info!("Stopping: answering what was accepted");
    tokio::select! {
        () = app.stop() => {}
        // A second signal means now. What was acknowledged is in the database.
        () = signals.next() => {}
    }
    database.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn start(config: &Config) -> anyhow::Result<(Database, App)> {
    let database = Database::open(&config.database).await?;
    match App::start(config, &database.options, Arc::new(SystemClock)).await {
        Ok(app) => Ok((database, app)),
        Err(error) => {
            database.close().await;
            Err(error)
        }
    }
}

/// SIGTERM and Ctrl-C, from the moment of listening on; one that comes early is not lost.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
