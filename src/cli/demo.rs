//! `kaquan demo`: see it work.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use serde_json::json;

use super::{
    columns::{LINE, wrapped},
    deliveries::show,
    output,
    serve::Signals,
};
use crate::{
    config::Config,
    ops::demo::{Demo, promise::Promise},
};

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

/// Where the figures of a promise begin.
const BEFORE_FIGURES: usize = 4;

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
        self.tell(&demo).await?;
        let held = demo.held();
        if !self.once {
            signals.next().await;
        }
        demo.stop().await?;
        Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn tell(&self, demo: &Demo) -> anyhow::Result<()> {
        if self.json {
            return output::say_json(&json!({
                "held": demo.held(),
                "promises": demo.promises,
                "kaquan": format!("http://{}", demo.address),
                "metrics": format!("http://{}/metrics", demo.metrics_address),
                "baidu": demo.baidu_url,
                "wechat": demo.wechat_url,
            }));
        }
        output::say("");
        demo.promises.iter().flat_map(lines).for_each(output::say);
        output::say("");
        if let Some(sample) = demo.sample {
            output::say("其中一件 · one of the deliveries, by `kaquan deliveries show`:");
            output::say("");
            let mut conn = demo.db().acquire().await?;
            show::lines(&mut conn, sample).await?.into_iter().for_each(output::say);
            output::say("");
        }
        if !self.once {
            let program = std::env::current_exe()?;
            let programs = program.parent().unwrap_or(Path::new("/"));
            invitation(demo, programs).into_iter().for_each(output::say);
        }
        Ok(())
    }
}

fn lines(promise: &Promise) -> Vec<String> {
    let mark = if promise.held { '✓' } else { '✗' };
    let mut lines = vec![format!("{mark} {} · {}", promise.zh, promise.en)];
    let figures = wrapped(&promise.figures, LINE - BEFORE_FIGURES);
    lines.extend(figures.into_iter().map(|line| format!("{}{line}", " ".repeat(BEFORE_FIGURES))));
    lines
}

/// What to try while everything is up; `programs` is the folder of this program.
fn invitation(demo: &Demo, programs: &Path) -> Vec<String> {
    let Demo {
        address, metrics_address, baidu_url, wechat_url, key, app_id, placement, data, ..
    } = demo;
    let data = data.display();
    vec![
        format!("kaquan         http://{address}"),
        format!("metrics        http://{metrics_address}/metrics"),
        format!("接口文档 API    http://{address}/docs"),
        format!("模拟百度 Baidu {baidu_url}  ← 打开它，点“领券” · open it, take one"),
        format!("模拟微信 WeChat {wechat_url}  ← 打开它，看卡包 · open it, see the wallets"),
        String::new(),
        "会员领一张 · a member claims one; see the wallet of open-2 on that page:".to_owned(),
        String::new(),
        format!("  KEY={key}"),
        format!("  API=http://{address}/v1"),
        format!("  PLACEMENT={placement}"),
        "  curl -s $API/claims -d '{\"placement_id\":\"'$PLACEMENT'\",\"open_id\":\"open-2\"}' \\"
            .to_owned(),
        "    -H \"Authorization: Bearer $KEY\" -H 'Idempotency-Key: try-1' \\".to_owned(),
        "    -H 'Content-Type: application/json'".to_owned(),
        String::new(),
        "核销它 · then use it, with the code from the answer:".to_owned(),
        String::new(),
        "  curl -s $API/redemptions \\".to_owned(),
        "    -d '{\"code\":\"…\",\"order_no\":\"1\"}' \\".to_owned(),
        "    -H \"Authorization: Bearer $KEY\" -H 'Idempotency-Key: till-1' \\".to_owned(),
        "    -H 'Content-Type: application/json'".to_owned(),
        String::new(),
        "在小程序里登录，看卡包 · log in to the mini-program, see the wallet:".to_owned(),
        String::new(),
        format!("  BAIDU={baidu_url}"),
        format!("  APP={app_id}"),
        "  curl -s $BAIDU/_sim/login_code \\".to_owned(),
        "    -d '{\"app_key\":\"sim-app-key\",\"open_id\":\"open-2\"}'".to_owned(),
        "  curl -s $API/mini/sessions -d '{\"app_id\":\"'$APP'\",\"code\":\"…\"}' \\".to_owned(),
        "    -H 'Content-Type: application/json'".to_owned(),
        "  curl -s $API/mini/coupons?tab=usable -H 'Authorization: Bearer ks_…'".to_owned(),
        String::new(),
        "欠百度的事 · what Baidu is owed, from another terminal:".to_owned(),
        String::new(),
        format!("  export KAQUAN__DATABASE__DATA_DIR={data}"),
        format!("  PATH={}:$PATH", programs.display()),
        "  kaquan deliveries status".to_owned(),
        "  kaquan deliveries list".to_owned(),
        String::new(),
        "Ctrl-C 停止 · Ctrl-C stops everything".to_owned(),
    ]
}
