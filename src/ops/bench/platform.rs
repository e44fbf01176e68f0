//! Baidu's simulator as a process of its own, as far away from the server as the loopback allows.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::server::free_address;

/// A `kaquan simulate` that ends with us.
pub struct Platform {
    child: Child,
    http: reqwest::Client,
    address: SocketAddr,
}

/// How long it may take to come up, or to answer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Platform {
    /// Starts this very program as the platform, whose answers take at least so long.
    pub async fn start(answer_after: Duration) -> anyhow::Result<Self> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .arg("simulate")
            .args(["--listen", &address.to_string()])
            .args(["--answer-after-ms", &answer_after.as_millis().to_string()])
            .env("KAQUAN__LOG__FILTER", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the simulator")?;
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let mut platform = Self { child, http, address };
        platform.wait_until_ready().await?;
        Ok(platform)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Sends the platform away, or brings it back.
    pub async fn set_down(&self, down: bool) -> anyhow::Result<()> {
        self.post("/_sim/down", &json!({ "down": down })).await.map(drop)
    }

    /// Changes how long answers take at least.
    pub async fn answer_after(&self, answer_after: Duration) -> anyhow::Result<()> {
        let url = format!("http://{}/_sim/switches", self.address);
        let mut switches: Value = self.http.get(&url).send().await?.json().await?;
        switches["answer_after_ms"] = u64::try_from(answer_after.as_millis())?.into();
        self.post("/_sim/switches", &switches).await.map(drop)
    }

    /// How many things took effect, and how many of them more than once.
    pub async fn effects(&self) -> anyhow::Result<(u64, u64)> {
        let url = format!("http://{}/_sim/effects", self.address);
        let effects: Vec<Value> = self.http.get(url).send().await?.json().await?;
        let applied = effects.iter().filter_map(|effect| effect["applied"].as_u64());
        let (once, more) = applied.filter(|count| *count > 0).partition::<Vec<_>, _>(|n| *n == 1);
        Ok(((once.len() + more.len()) as u64, more.len() as u64))
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("http://{}{path}", self.address);
        let response = self.http.post(url).json(body).send().await?;
        ensure!(response.status().is_success(), "{path}: {}", response.status());
        Ok(response.json().await?)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while begun.elapsed() < PATIENCE {
            ticks.tick().await;
            if let Some(status) = self.child.try_wait()? {
                bail!("the simulator ended with {status}");
            }
            if tokio::net::TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
        }
        bail!("the simulator did not come up")
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
