//! The server under load: a process of its own, as in real life, so that its memory and its share of the processors
//! can be told from those of the load.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::Serialize;
use tokio::time::Instant;

use super::callback::Client;

/// A `kaquan serve` that ends with us.
pub struct Server {
    child: Child,
    metrics: SocketAddr,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first answer.
    pub ready_in: Duration,
}

/// Where the time of an average batch goes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Steps {
    /// Requests in it.
    pub batch_size: f64,
    /// To begin, and to have the locks.
    pub lock_ms: f64,
    /// To read what is known.
    pub read_ms: f64,
    /// To decide.
    pub decide_ms: f64,
    /// To write.
    pub write_ms: f64,
    /// To commit.
    pub commit_ms: f64,
}

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

impl Server {
    /// Starts this very program as a server on the database.
    pub async fn start(database_url: &str) -> anyhow::Result<Self> {
        Self::start_with(database_url, &[]).await
    }

    /// The same with more settings in its environment.
    pub async fn start_with(database_url: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let (address, metrics) = (free_address()?, free_address()?);
        let begun = Instant::now();
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .env("DATABASE_URL", database_url)
            .env("KAQUAN__SERVER__LISTEN", address.to_string())
            .env("KAQUAN__METRICS__LISTEN", metrics.to_string())
            .env("KAQUAN__LOG__FILTER", "warn")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the server")?;
        let mut server = Self { child, metrics, address, ready_in: Duration::ZERO };
        server.wait_until_ready(begun).await?;
        server.ready_in = begun.elapsed();
        Ok(server)
    }

    /// How long the steps of a batch took on average so far, in milliseconds, and how many requests a batch had.
    pub async fn steps(&self) -> anyhow::Result<Steps> {
        let text = reqwest::get(format!("http://{}/metrics", self.metrics)).await?.text().await?;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse::<f64>().ok()
        };
        let mean = |name: &str, labels: &str| {
            let sum = value(&format!("{name}_sum{labels} "));
            let count = value(&format!("{name}_count{labels} "));
            sum.zip(count).map_or(0.0, |(sum, count)| sum / count)
        };
        let step = |step: &str| {
            mean("kaquan_issue_step_seconds", &format!("{{step=\"{step}\"}}")) * 1000.0
        };
        Ok(Steps {
            batch_size: mean("kaquan_issue_batch_size", ""),
            lock_ms: step("lock"),
            read_ms: step("read"),
            decide_ms: step("decide"),
            write_ms: step("write"),
            commit_ms: step("commit"),
        })
    }

    /// The most memory it ever had, in mebibytes.
    pub fn peak_memory_mib(&self) -> Option<f64> {
        self.memory("VmHWM:")
    }

    /// The memory that it has now, in mebibytes.
    pub fn memory_mib(&self) -> Option<f64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, name: &str) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib / 1024.0)
    }

    /// Seconds of processor time that it has used.
    pub fn processor_s(&self) -> Option<f64> {
        processor_s(&self.child.id().to_string())
    }

    /// Asks it to stop and waits for it.
    pub fn stop(mut self) -> anyhow::Result<()> {
        kill(self.pid()?, Signal::SIGTERM)?;
        self.child.wait()?;
        Ok(())
    }

    fn pid(&self) -> anyhow::Result<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.child.id())?))
    }

    async fn wait_until_ready(&mut self, begun: Instant) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while begun.elapsed() < PATIENCE {
            ticks.tick().await;
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            if let Ok(mut client) = Client::connect(self.address).await
                && client.ping().await.is_ok()
            {
                return Ok(());
            }
        }
        bail!("the server did not come up")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do for one that was stopped already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Seconds of processor time that a process has used; `self` is this one.
pub fn processor_s(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything, so fields are counted behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok()??;
    #[expect(clippy::cast_precision_loss, reason = "a hundred or so")]
    Some(ticks / per_second as f64)
}

pub(super) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
