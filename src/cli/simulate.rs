//! `kaquan simulate`: a platform's side alone.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use tokio::net::TcpListener;

use super::{output, serve::Signals};
use crate::simulator::{self, Settings, switches::Switches, wechat};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Platform {
    Baidu,
    Wechat,
}

impl Platform {
    fn port(self) -> u16 {
        match self {
            Self::Baidu => 8090,
            Self::Wechat => 8091,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Whose side.
    #[arg(long, value_enum, default_value = "baidu", value_name = "PLATFORM")]
    platform: Platform,
    /// Address and port; 127.0.0.1:8090 for Baidu and 127.0.0.1:8091 for WeChat when left out.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
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
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, self.platform.port()));
        let address = self.listen.unwrap_or(usual);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        match self.platform {
            Platform::Baidu => {
                let simulator = simulator::start(listener, self.baidu())?;
                output::say(format_args!("Baidu is simulated at {}", simulator.base_url()));
                signals.next().await;
                simulator.stop().await?;
            }
            Platform::Wechat => {
                let simulator = wechat::start(listener, self.wechat())?;
                output::say(format_args!("WeChat is simulated at {}", simulator.base_url()));
                signals.next().await;
                simulator.stop().await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn baidu(self) -> Settings {
        let switches = Switches {
            strict: !self.tolerant,
            answer_after_ms: self.answer_after_ms,
            ..Switches::default()
        };
        Settings {
            switches,
            seed: self.seed,
            allowed_callback_hosts: self.allowed_callback_hosts,
            ..Settings::default()
        }
    }

    fn wechat(self) -> wechat::Settings {
        let switches = wechat::switches::Switches {
            strict: !self.tolerant,
            answer_after_ms: self.answer_after_ms,
            ..wechat::switches::Switches::default()
        };
        wechat::Settings {
            switches,
            people: vec!["小明".to_owned(), "小红".to_owned()],
            seed: self.seed,
            allowed_callback_hosts: self.allowed_callback_hosts,
            ..wechat::Settings::default()
        }
    }
}
