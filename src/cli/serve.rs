//! `kaquan serve`: the server, until it is told to stop.

use std::{process::ExitCode, sync::Arc};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    app::{App, database::Database},
    clock::SystemClock,
    config::Config,
};

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let database = Database::open(&config.database).await?;
    let app = match App::start(config, &database.options, Arc::new(SystemClock)).await {
        Ok(app) => app,
        Err(error) => {
            database.close().await;
            return Err(error);
        }
    };
    told_to_stop().await?;
    tracing::info!("Stopping: answering what was accepted");
    tokio::select! {
        () = app.stop() => {}
        // A second signal means now. What was acknowledged is in the database.
        result = told_to_stop() => result?,
    }
    database.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
