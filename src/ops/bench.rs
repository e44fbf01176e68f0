//! `kaquan bench`: how fast this machine issues, beside what its Postgres can do at all, in one run.
//!
//! Absolute figures depend on the machine and on what else it does; the ratios are what to compare.

mod baseline;
mod callback;
pub mod cards;
pub mod coupons;
pub mod delivery;
pub mod gateways;
mod load;
mod platform;
mod scratch;
mod server;

use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::time::Instant;

use baseline::{Rate, Subject};
use callback::Target;
use load::{Figures, Pace, Run, Shape};
use scratch::Scratch;
use server::{Server, Steps};

use crate::{clock::Clock, store};

/// What to measure.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The length of each run.
    pub seconds: u64,
    /// Connections that ask at the same time.
    pub connections: usize,
    /// Coupons that are in the table before the runs begin.
    pub fill: i64,
    /// Also the crowd, half of the peak, and three times the peak.
    pub full: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// One hot template.
    pub hot: Figures,
    /// A hundred templates.
    pub spread: Figures,
    /// Records that are known.
    pub replay: Figures,
    /// The same rows, one transaction each.
    pub one_transaction_per_claim: Rate,
    /// The same rows, 500 per statement.
    pub set_based: Rate,
    /// `hot` over `one_transaction_per_claim`.
    pub ratio_to_one_transaction: f64,
    /// `hot` over `set_based`.
    pub share_of_set_based: f64,
    /// Where the time of a batch went in the hot run.
    pub steps: Steps,
    /// What the load could have asked for.
    pub generator: Generator,
    /// Only with `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crowd: Option<Crowd>,
    /// The most memory the server had, in MiB.
    pub server_peak_memory_mib: Option<f64>,
    /// From the start of the server's process to its first answer, with a warm database.
    pub server_ready_ms: f64,
    /// What was asked for.
    pub settings: Settings,
}

/// Whether the load was the bottleneck: it was not, if it can ask much faster than it was answered, and slept meanwhile.
#[derive(Debug, Serialize)]
pub struct Generator {
    /// Requests per second that the load manages over the same connections when the server has nothing to do.
    pub idle_server_per_s: f64,
    /// Processor seconds of the load per second of the hot run.
    pub processors_in_hot: f64,
    /// The same of the server.
    pub server_processors_in_hot: f64,
}

/// How the server bears a crowd.
#[derive(Debug, Serialize)]
pub struct Crowd {
    /// One hot template with 512 connections.
    pub hot_512: Figures,
    /// `hot_512` over `hot`.
    pub growth: f64,
    /// At half of the hot rate, whether or not answers come.
    pub half_of_peak: Figures,
    /// The most memory the server had so far, in MiB: under full load, before the overload.
    pub peak_memory_mib: Option<f64>,
    /// At three times the hot rate, over 6000 connections.
    pub overload: Figures,
}

struct Bench<'a> {
    settings: &'a Settings,
    scratch: &'a Scratch,
    server: &'a Server,
    clock: &'a Arc<dyn Clock>,
}

const CROWD: usize = 512;
/// Connections that offer the overload: more than the engine lets wait.
const OVERLOAD_CONNECTIONS: usize = 6000;

/// Runs everything on a scratch database: on `server` if one is given, else on an embedded Postgres.
pub async fn run(
    settings: Settings,
    server: Option<PgConnectOptions>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let scratch = Scratch::make(server, settings.connections, &clock).await?;
    let report = measure_on(&scratch, &settings, &clock).await;
    scratch.remove().await?;
    report
}

async fn measure_on(
    scratch: &Scratch,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    if settings.fill > 0 {
        let mut conn = scratch.options.connect().await?;
        let (campaign, _) = &scratch.campaigns[0];
        store::bench::fill(&mut conn, scratch.app, campaign, settings.fill, clock.now()).await?;
        conn.close().await?;
    }
    let server = Server::start(&scratch.url).await?;
    let report = Bench { settings, scratch, server: &server, clock }.measure().await;
    server.stop()?;
    report
}

impl Bench<'_> {
    async fn measure(&self) -> anyhow::Result<Report> {
        let all: Arc<[Target]> =
            self.scratch.campaigns.iter().map(|(_, target)| target.clone()).collect();
        let hot_target: Arc<[Target]> = all[..1].to_vec().into();
        let fresh = |targets: &Arc<[Target]>| Shape::Fresh(Arc::clone(targets));

        // A table that was filled a moment ago has all its pages still to be logged whole; a second run's worth of load
        // brings it to where a table that grew by itself is.
        let warm_up = if self.settings.fill > 0 { 2 * self.settings.seconds } else { 1 };
        self.closed("w", fresh(&hot_target), self.settings.connections, warm_up).await?;
        let idle = self.closed("n", Shape::Nothing, self.settings.connections, 1).await?;
        let (load_before, server_before) = (server::processor_s("self"), self.server.processor_s());
        let began = Instant::now();
        let hot = self.run("h", fresh(&hot_target)).await?;
        let took = began.elapsed().as_secs_f64();
        let share = |after: Option<f64>, before: Option<f64>| {
            after.zip(before).map_or(0.0, |(after, before)| (after - before) / took)
        };
        let generator = Generator {
            idle_server_per_s: idle.offered_per_s,
            processors_in_hot: share(server::processor_s("self"), load_before),
            server_processors_in_hot: share(self.server.processor_s(), server_before),
        };
        let steps = self.server.steps().await?;
        let one = self.one_transaction_per_claim().await?;
        let spread = self.run("s", fresh(&all)).await?;
        let replay = Shape::Replay(hot_target[0].clone(), "h".into(), replayable(&hot));
        let replay = self.run("r", replay).await?;
        let set_based = self.set_based().await?;
        let crowd =
            if self.settings.full { Some(self.crowd(&hot_target, &hot).await?) } else { None };
        Ok(Report {
            ratio_to_one_transaction: hot.per_s / one.per_s,
            share_of_set_based: hot.per_s / set_based.per_s,
            hot,
            spread,
            replay,
            one_transaction_per_claim: one,
            set_based,
            steps,
            generator,
            crowd,
            server_peak_memory_mib: self.server.peak_memory_mib(),
            server_ready_ms: self.server.ready_in.as_secs_f64() * 1000.0,
            settings: self.settings.clone(),
        })
    }

    async fn crowd(&self, target: &Arc<[Target]>, hot: &Figures) -> anyhow::Result<Crowd> {
        let fresh = || Shape::Fresh(Arc::clone(target));
        let seconds = self.settings.seconds;
        let hot_512 = self.closed("c", fresh(), CROWD, seconds).await?;
        let half = Pace::Open(hot.per_s / 2.0);
        let half_of_peak = self.paced("p", fresh(), half, self.settings.connections).await?;
        let peak_memory_mib = self.server.peak_memory_mib();
        let three_times = Pace::Open(hot.per_s * 3.0);
        let overload = self.paced("o", fresh(), three_times, OVERLOAD_CONNECTIONS).await?;
        let growth = hot_512.per_s / hot.per_s;
        Ok(Crowd { hot_512, growth, half_of_peak, peak_memory_mib, overload })
    }

    async fn run(&self, name: &str, shape: Shape) -> anyhow::Result<Figures> {
        self.closed(name, shape, self.settings.connections, self.settings.seconds).await
    }

    async fn closed(
        &self,
        name: &str,
        shape: Shape,
        connections: usize,
        seconds: u64,
    ) -> anyhow::Result<Figures> {
        let length = Duration::from_secs(seconds);
        let address = self.server.address;
        let run =
            Run { address, shape, pace: Pace::Closed, connections, length, name: name.into() };
        run.measure(self.clock).await
    }

    async fn paced(
        &self,
        name: &str,
        shape: Shape,
        pace: Pace,
        connections: usize,
    ) -> anyhow::Result<Figures> {
        let length = Duration::from_secs(self.settings.seconds);
        let run = Run {
            address: self.server.address,
            shape,
            pace,
            connections,
            length,
            name: name.into(),
        };
        run.measure(self.clock).await
    }

    async fn one_transaction_per_claim(&self) -> anyhow::Result<Rate> {
        let length = Duration::from_secs(self.settings.seconds);
        let connections = self.settings.connections;
        let database = &self.scratch.options;
        baseline::one_transaction_per_claim(database, self.subject(), connections, length).await
    }

    async fn set_based(&self) -> anyhow::Result<Rate> {
        let length = Duration::from_secs(self.settings.seconds);
        baseline::set_based(&self.scratch.options, self.subject(), length).await
    }

    fn subject(&self) -> Subject {
        Subject { app: self.scratch.app, offer: self.scratch.hot(), now: self.clock.now() }
    }
}

/// Records that the hot run certainly wrote.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count")]
fn replayable(hot: &Figures) -> u64 {
    (hot.per_s as u64).max(1)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, run: &Figures| {
            writeln!(
                f,
                "{name:<28}{:>10.0}/s   p50 {:>7.1} ms   p99 {:>7.1} ms   slowest answer {:>7.1} ms   busy {}   errors {}",
                run.per_s, run.p50_ms, run.p99_ms, run.slowest_answer_ms, run.busy, run.errors
            )
        };
        line(f, "one hot template", &self.hot)?;
        line(f, "a hundred templates", &self.spread)?;
        line(f, "replays", &self.replay)?;
        if let Some(crowd) = &self.crowd {
            line(f, "512 connections", &crowd.hot_512)?;
            line(f, "half of the peak", &crowd.half_of_peak)?;
            line(f, "three times the peak", &crowd.overload)?;
        }
        writeln!(
            f,
            "{:<28}{:>10.0}/s",
            "one transaction per claim", self.one_transaction_per_claim.per_s
        )?;
        writeln!(f, "{:<28}{:>10.0}/s", "set-based limit", self.set_based.per_s)?;
        writeln!(f, "hot / one transaction per claim: {:.1}", self.ratio_to_one_transaction)?;
        writeln!(f, "hot / set-based limit:           {:.2}", self.share_of_set_based)?;
        let Steps { batch_size, lock_ms, read_ms, decide_ms, write_ms, commit_ms } = self.steps;
        if let Some(memory) = self.server_peak_memory_mib {
            let full = self.crowd.as_ref().and_then(|crowd| crowd.peak_memory_mib);
            write!(f, "memory of the server, at most: {memory:.0} MiB")?;
            writeln!(
                f,
                "{}",
                full.map(|full| format!(", {full:.0} before the overload")).unwrap_or_default()
            )?;
        }
        writeln!(
            f,
            "a batch of {batch_size:.0}: lock {lock_ms:.2} ms, read {read_ms:.2}, decide {decide_ms:.2}, \
             write {write_ms:.2}, commit {commit_ms:.2}"
        )?;
        write!(
            f,
            "the load alone could ask {:.0}/s; in the hot run it used {:.2} processors, the server {:.2}",
            self.generator.idle_server_per_s,
            self.generator.processors_in_hot,
            self.generator.server_processors_in_hot
        )
    }
}
