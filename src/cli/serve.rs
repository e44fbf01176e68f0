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
    let database = Database::open(&config.database).await?;
    let app = match App::start(config, &database.options, Arc::new(SystemClock)).await {
        Ok(app) => app,
        Err(error) => {
            database.close().await;
            return Err(error);
        }
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
