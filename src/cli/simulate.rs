//! `kaquan simulate`: Baidu's side alone.

use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::{output, serve::Signals};
use crate::simulator::{self, Settings, switches::Switches};

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// A host besides loopback that may be called back; repeat for more.
    #[arg(long = "allow-callback-host", value_name = "HOST")]
    allowed_callback_hosts: Vec<String>,
    /// Let through what departs from the documents, and only count it.
    #[arg(long)]
    tolerant: bool,
    /// How long every answer takes at least, in milliseconds.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    answer_after_ms: u64,
    /// Make ids and tokens repeat from run to run.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

impl Simulate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut signals = Signals::listen()?;
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let switches = Switches {
            strict: !self.tolerant,
            answer_after_ms: self.answer_after_ms,
            ..Switches::default()
        };
        let settings = Settings {
            switches,
            seed: self.seed,
            allowed_callback_hosts: self.allowed_callback_hosts,
            ..Settings::default()
        };
        let simulator = simulator::start(listener, settings)?;
        output::say(format_args!("Baidu is simulated at {}", simulator.base_url()));
        signals.next().await;
        simulator.stop().await?;
        Ok(ExitCode::SUCCESS)
    }
}
