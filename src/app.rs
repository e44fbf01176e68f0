//! Wires everything together, starts it and stops it.

pub mod database;
pub mod keys;
pub mod upkeep;
pub mod worker;

mod directories;
mod gateways;
mod health;
mod platforms;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::Context;
use axum::Router;
use chrono::TimeDelta;
use sqlx::{ConnectOptions, Connection, PgPool, postgres::PgConnectOptions};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle, time::MissedTickBehavior};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{directories::Directories, platforms::Platforms, upkeep::Upkeep};
use crate::{
    api::{self, ApiState, export::Exports},
    clock::Clock,
    config::Config,
    delivery::Worker,
    http::listener::{self, Limits},
    issuing::{self, Engine},
    platform::{webhooks::target::Reach, wechat::desk::Desk},
    service::{
        authenticate::Keys, gateway_directory::GatewayDirectory, known_terms::KnownTerms,
        mini_session::Lifetime, nonces::Nonces, password::Passwords, redeem::Redeemer,
        repair_reply::Doubts, watch_deliveries::watch_deliveries,
    },
    store, telemetry,
    vault::Vault,
};

/// A running server.
pub struct App {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its metrics are read.
    pub metrics_address: SocketAddr,
    /// The database, for those who look in from beside.
    pub db: PgPool,
    /// What opens the secrets there.
    pub vault: Vault,
    stop: CancellationToken,
    background: TaskTracker,
    listener: JoinHandle<()>,
    engine: Engine,
    /// Pays what is owed to the platforms.
    pub worker: Worker,
    /// Does what is to be done because time passes.
    pub upkeep: Upkeep,
    /// Who calls in a protocol of the merchant's.
    pub gateway: Arc<GatewayDirectory>,
    /// Which of their numbers were used.
    pub nonces: Nonces,
    /// To be notified when a platform has told of a card.
    pub card_pushes: Arc<Notify>,
    doubts: Arc<Doubts>,
}

impl App {
    /// Brings the schema up to date, starts the engine and the listeners; returns when callers are welcome.
    pub async fn start(
        config: &Config,
        database: &PgConnectOptions,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        Self::start_with(config, database, clock, None).await
    }

    /// The same with somebody else at the desk where WeChat is asked for people who wait.
    pub async fn start_with(
        config: &Config,
        database: &PgConnectOptions,
        clock: Arc<dyn Clock>,
        wechat: Option<Desk>,
    ) -> anyhow::Result<Self> {
        telemetry::metrics();
        let db = pool(config, database).await?;
        migrate(database).await?;
        let vault = keys::open(config, &db).await?;
        let (stop, background) = (CancellationToken::new(), TaskTracker::new());

        let (issuer, engine) = issuing::start(&config.issuing, database, Arc::clone(&clock))?;
        let Directories { callbacks, pushes, changed, gateway, gateway_changed } =
            Directories::open(&db, &clock, &vault, &background, &stop).await?;
        let nonces = Nonces::start(db.clone());
        spawn_until(&background, &stop, show_waiting(issuer.clone()));
        let worker = worker::start(config, database, &vault, Arc::clone(&clock)).await?;
        spawn_until(&background, &stop, watch_deliveries(db.clone(), Arc::clone(&clock)));
        let upkeep = start_upkeep(config, (&db, &clock), &background, &stop);
        let doubts = Doubts::open(db.clone(), Arc::clone(&clock), config.issuing.deadline);
        background.spawn(Arc::clone(&doubts).keep_settling(stop.clone()));
        let card_pushes = Arc::new(Notify::new());
        let platforms = Platforms {
            config,
            database,
            db: &db,
            clock: &clock,
            background: &background,
            stop: &stop,
            card_pushes: &card_pushes,
        };
        let platforms = platforms.open(callbacks, issuer.clone(), &doubts, pushes).await?;
        let known_terms = KnownTerms::default();
        let admin = ApiState {
            db: db.clone(),
            keys: Keys::start(db.clone()),
            redeemer: Redeemer::start(db.clone(), Arc::clone(&clock), known_terms.clone()),
            vault: vault.clone(),
            issuer,
            clock,
            public_url: config.server.public_url.clone(),
            lifetime: lifetime(config)?,
            login: worker.login(),
            wechat: wechat.unwrap_or_else(|| worker.wechat_desk()),
            passwords: Passwords::of_this_process(),
            trusted_proxies: config.server.trusted_proxies.clone().into(),
            webhook_reach: Reach::new(config.webhooks.allow_private),
            known_terms,
            limits: limits(config),
            exports: Exports::default(),
            changed,
            gateway_changed,
        };
        let gateways = gateways::open(config, &admin, &gateway, nonces.clone()).await?;
        let router = router(admin, platforms, gateways, health::router(db.clone(), stop.clone()));
        let (listener, address, metrics_address) = listen(config, router, &background, &stop)?;
        background.close();
        tracing::info!(address = %address, metrics = %metrics_address, "kaquan is listening");
        Ok(Self {
            address,
            metrics_address,
            db,
            vault,
            stop,
            background,
            listener,
            engine,
            worker,
            upkeep,
            gateway,
            nonces,
            card_pushes,
            doubts,
        })
    }

    /// Accepts no more, answers what was accepted, and ends.
    pub async fn stop(self) {
        self.stop.cancel();
        // Its last calls end while the listener's last callers are answered.
        self.worker.begin_to_stop();
        if let Err(panic) = self.listener.await {
            tracing::error!(error = %panic, "The listener ended badly");
        }
        self.background.wait().await;
        self.engine.finish().await;
        self.worker.stop().await;
        // Only now every coupon is there that a reply in doubt may have been about.
        if let Err(error) = self.doubts.settle_all().await {
            tracing::error!(error = %error, "Replies in doubt are left to the platform's tries");
        }
        self.db.close().await;
        tracing::info!("kaquan has stopped");
    }
}

fn router(admin: ApiState, platforms: Router, gateways: Router, health: Router) -> Router {
    Router::new()
        .merge(api::router(admin))
        .merge(platforms)
        .merge(gateways)
        .merge(health)
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
}

fn start_upkeep(
    config: &Config,
    (db, clock): (&PgPool, &Arc<dyn Clock>),
    background: &TaskTracker,
    stop: &CancellationToken,
) -> Upkeep {
    let upkeep = Upkeep::new(config, db, clock);
    if config.upkeep.enabled {
        background.spawn(upkeep.clone().keep_up(config.upkeep.every, stop.clone()));
    }
    upkeep
}

/// Opens the doors; the task of the first one ends when the last caller was answered.
fn listen(
    config: &Config,
    router: Router,
    background: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<(JoinHandle<()>, SocketAddr, SocketAddr)> {
    let (socket, address) = bind(config.server.listen)?;
    let (metrics_socket, metrics_address) = bind(config.metrics.listen)?;
    let limits = Limits { connections: config.server.connections, ..Limits::default() };
    let listener = tokio::spawn(listener::serve(socket, router, limits, stop.clone()));
    let metrics = health::metrics_router();
    background.spawn(listener::serve(metrics_socket, metrics, Limits::default(), stop.clone()));
    Ok((listener, address, metrics_address))
}

/// On a connection without the pool's time limits: a large table may take long, and so may another server before us.
async fn migrate(database: &PgConnectOptions) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut conn = database.connect().await.context("the database cannot be reached")?;
    store::MIGRATOR.run(&mut conn).await.context("the schema cannot be brought up to date")?;
    conn.close().await?;
    let took = began.elapsed();
    #[expect(clippy::cast_possible_truncation, reason = "a start takes no centuries")]
    let duration_ms = took.as_millis() as u64;
    tracing::info!(duration_ms, "The schema is up to date after {duration_ms} ms");
    Ok(())
}

fn limits(config: &Config) -> Arc<api::limits::Limits> {
    let trusted_proxies = config.server.trusted_proxies.clone().into();
    Arc::new(api::limits::Limits::new(&config.limits, trusted_proxies))
}

fn lifetime(config: &Config) -> anyhow::Result<Lifetime> {
    let idle = TimeDelta::from_std(config.sessions.idle)?;
    Ok(Lifetime { idle, most: TimeDelta::from_std(config.sessions.most)? })
}

async fn pool(config: &Config, database: &PgConnectOptions) -> anyhow::Result<PgPool> {
    let options = database.clone().application_name("kaquan").options([
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("synchronous_commit", "on"),
    ]);
    store::pool()
        .max_connections(config.database.connections)
        .connect_with(options)
        .await
        .context("the database cannot be reached")
}

fn bind(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener =
        listener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn spawn_until(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let stop = stop.clone();
    tasks.spawn(async move { stop.run_until_cancelled(task).await });
}

/// What metrics need from time to time.
async fn show_waiting(issuer: issuing::Issuer) {
    let mut ticks = tokio::time::interval(telemetry::UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        #[expect(clippy::cast_precision_loss, reason = "a gauge of at most a million")]
        metrics::gauge!("kaquan_issue_waiting").set(issuer.waiting() as f64);
        if let Some(handle) = telemetry::metrics() {
            handle.run_upkeep();
        }
    }
}
