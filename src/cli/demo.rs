//! `kaquan demo`: see it work.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::{output, serve::Signals};
use crate::{config::Config, ops::demo::Demo};

/// Exit status: 0 when every promise held.
#[derive(Debug, Args)]
pub(super) struct RunDemo {
    /// Stop after the flow instead of staying up.
    #[arg(long)]
    once: bool,
    /// A new folder for the database, kept afterwards; without it a temporary one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl RunDemo {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let mut signals = Signals::listen()?;
        if let Some(folder) = &self.data
            && folder.join("pg").exists()
        {
            anyhow::bail!(
                "{} holds a database already: the demo needs a new folder",
                folder.display()
            );
        }
        let demo = tokio::select! {
            demo = Demo::play(config, self.data.clone(), |step| output::note(step)) => demo?,
            () = signals.next() => anyhow::bail!("stopped before the end"),
        };
        self.tell(&demo)?;
        let held = demo.held();
        if !self.once {
            signals.next().await;
        }
        demo.stop().await?;
        Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell(&self, demo: &Demo) -> anyhow::Result<()> {
        if self.json {
            return output::say_json(&json!({
                "held": demo.held(),
                "promises": demo.promises,
                "kaquan": format!("http://{}", demo.address),
                "metrics": format!("http://{}/metrics", demo.metrics_address),
                "baidu": demo.baidu_url,
            }));
        }
        output::say("");
        demo.promises.iter().for_each(output::say);
        output::say("");
        if self.once {
            return Ok(());
        }
        output::say(format_args!("kaquan        http://{}", demo.address));
        output::say(format_args!("metrics       http://{}/metrics", demo.metrics_address));
        output::say(format_args!(
            "模拟百度 Baidu {}  ← 打开它，点一下“领券” · open it and take a coupon",
            demo.baidu_url
        ));
        output::say(format_args!("API key       {}", demo.key));
        output::say("Ctrl-C 停止 · Ctrl-C stops everything");
        Ok(())
    }
}
