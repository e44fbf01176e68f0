//! How fast what is owed is paid: the rate, the drain after an outage, and the rescue after a death.

mod shown;

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use serde::Serialize;
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    callback::ClaimTarget,
    load::{Figures, Pace, Run, Shape},
    platform::Platform,
    scratch::Scratch,
    server::Server,
};
use crate::{
    clock::Clock,
    config,
    domain::{access::Role, benefit::CouponKind, channel::TRIPS_AT},
    platform::baidu::{
        client::Client, colour::COLOURS, form::TemplateForm, settings::Settings as AppSettings,
    },
    service::create_key::create_key,
    simulator::app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
    store,
    vault::{Place, Vault},
};

/// What to measure.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// How many deliveries the rate is taken over.
    pub deliveries: u32,
    /// How many are owed when the platform comes back.
    pub backlog: u32,
    /// The length of each run of claims.
    pub seconds: u64,
    /// How often a server is killed.
    pub kills: u32,
    /// How long each answer of the platform takes at least.
    pub answer_after: Duration,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Paid per second, from the first attempt to the last settlement.
    pub per_s: f64,
    /// Processor seconds of the server per second meanwhile.
    pub server_processors: f64,
    /// Claims through kaquan while their deliveries are paid.
    pub claims_up: Figures,
    /// The same while the platform is away.
    pub claims_down: Figures,
    /// The rate of claims while the platform is away, over that while it is there.
    pub claims_ratio: f64,
    /// From the platform's return until nothing of the backlog was owed any more.
    pub drain_s: f64,
    /// From the death of a server until what it held was taken over, all but one in a hundred.
    pub rescue_p99_ms: f64,
    /// The longest of them.
    pub rescue_max_ms: f64,
    /// What was taken over.
    pub rescued: u64,
    /// Things that took effect at the platform.
    pub effects: u64,
    /// Those that took effect more than once.
    pub repeated_effects: u64,
    /// What was asked for.
    pub settings: Settings,
}

struct Bench<'a> {
    scratch: &'a Scratch,
    platform: &'a Platform,
    settings: &'a Settings,
    clock: &'a Arc<dyn Clock>,
    keys: String,
}

/// Connections that claim at the same time.
const CLAIMERS: usize = 64;
/// Slow enough that a server that is killed holds many, and shorter than the client's patience.
const SLOW: Duration = Duration::from_millis(2500);

/// Runs everything on a scratch database, with the platform as a process of its own.
pub async fn run(
    settings: Settings,
    server: Option<PgConnectOptions>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Report> {
    let scratch = Scratch::make(server, 64, &clock).await?;
    let platform = Platform::start(settings.answer_after).await?;
    let keys = Vault::without_keys().fresh_key_line(None)?.expose_secret().to_owned();
    let bench =
        Bench { scratch: &scratch, platform: &platform, settings: &settings, clock: &clock, keys };
    let report = bench.measure().await;
    scratch.remove().await?;
    report
}

impl Bench<'_> {
    async fn measure(&self) -> anyhow::Result<Report> {
        let mut conn = self.scratch.options.connect().await?;
        self.connect_app(&mut conn).await?;
        let server = self.server().await?;

        let (per_s, server_processors) = self.rate(&mut conn, &server).await?;
        let drain_s = self.drain(&mut conn).await?;
        let (claims_up, claims_down) = self.claims(&mut conn, &server).await?;
        server.stop()?;
        let rescues = self.rescues(&mut conn).await?;
        let (effects, repeated_effects) = self.platform.effects().await?;
        conn.close().await?;
        Ok(Report {
            per_s,
            server_processors,
            claims_ratio: claims_down.per_s / claims_up.per_s,
            claims_up,
            claims_down,
            drain_s,
            rescue_p99_ms: percentile(&rescues, 0.99),
            rescue_max_ms: percentile(&rescues, 1.0),
            rescued: rescues.len() as u64,
            effects,
            repeated_effects,
            settings: self.settings.clone(),
        })
    }

    /// The app of the scratch database becomes the simulator's own, and its hot template one that stands there.
    async fn connect_app(&self, conn: &mut PgConnection) -> anyhow::Result<()> {
        let app = self.scratch.app;
        let secrets = config::secrets::Secrets {
            master_keys: Some(self.keys.clone().into()),
            ..config::secrets::Secrets::default()
        };
        let vault = Vault::open(&secrets, None)?;
        let sealed = vault.seal(Place::app_secret(app.uuid()), DEFAULT_APP_SECRET)?;
        let settings = serde_json::json!({ "open_api_url": self.platform.url() });
        store::bench::connect_app(conn, app, DEFAULT_APP_KEY, &settings, &sealed).await?;

        let client = Client::new(&config::baidu::Baidu::default())?;
        let settings = AppSettings::read(&settings);
        let account = settings.account(DEFAULT_APP_KEY);
        let token = client.token(account, &DEFAULT_APP_SECRET.into(), settings.token_by).await?;
        let now = self.clock.now().timestamp();
        let form = TemplateForm {
            colour: COLOURS.0[0],
            kind: CouponKind::Cash,
            title: "满100减20".into(),
            description: String::new(),
            effect_time: now,
            expire_time: now + 30 * 86_400,
            introduce: "下单时选用".into(),
            sill: "满100元可用".into(),
            take_limit: "每人限领1张".into(),
            callback_url: "http://127.0.0.1:1/callbacks/baidu/bench".into(),
        };
        let template = client.create_template(account, &token.value.token, &form).await?;
        let placement = self.scratch.hot().placement;
        let reference = template.value.id.to_string();
        store::bench::name_on_platform(conn, placement, &reference).await?;
        Ok(())
    }

    async fn server(&self) -> anyhow::Result<Server> {
        let keys = [("KAQUAN__SECRETS__MASTER_KEYS", self.keys.as_str())];
        Server::start_with(&self.scratch.url, &keys).await
    }

    /// Owes so many that nobody may pay yet.
    async fn owe(&self, conn: &mut PgConnection, name: &str, count: u32) -> anyhow::Result<()> {
        let offer = self.scratch.hot();
        let now = self.clock.now();
        store::bench::set_paused(conn, self.scratch.app, true).await?;
        store::bench::owe(conn, self.scratch.app, offer, name, i64::from(count), now).await?;
        Ok(())
    }

    async fn rate(&self, conn: &mut PgConnection, server: &Server) -> anyhow::Result<(f64, f64)> {
        // The first ones fetch the token and open the connections.
        self.owe(conn, "w", 200).await?;
        self.pay_all(conn).await?;
        self.owe(conn, "r", self.settings.deliveries).await?;
        let before = server.processor_s();
        let began = store::bench::now(conn).await?;
        self.pay_all(conn).await?;
        let after = server.processor_s();
        let (first, last) = store::bench::span_since(conn, began).await?;
        let seconds = seconds(last - first);
        let processors =
            after.zip(before).map_or(0.0, |(after, before)| (after - before) / seconds);
        Ok((f64::from(self.settings.deliveries) / seconds, processors))
    }

    /// From the return of the platform on; the breaker was open before.
    async fn drain(&self, conn: &mut PgConnection) -> anyhow::Result<f64> {
        self.owe(conn, "d", self.settings.backlog).await?;
        self.platform.set_down(true).await?;
        store::bench::set_paused(conn, self.scratch.app, false).await?;
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        while store::bench::failures(conn, self.scratch.app).await? < TRIPS_AT {
            ticks.tick().await;
        }
        // Long enough for the pauses between the probes to grow.
        for _ in 0..50 {
            ticks.tick().await;
        }
        self.platform.set_down(false).await?;
        let back = store::bench::now(conn).await?;
        self.pay_all(conn).await?;
        let (_, last) = store::bench::span_since(conn, back).await?;
        Ok(seconds(last - back))
    }

    /// Claims through the API, with the platform there and with the platform away.
    async fn claims(
        &self,
        conn: &mut PgConnection,
        server: &Server,
    ) -> anyhow::Result<(Figures, Figures)> {
        let db = PgPoolOptions::new().connect_with(self.scratch.options.clone()).await?;
        let (_, key) = create_key(&db, self.clock.now(), "bench", Role::Owner).await?;
        db.close().await;
        let placement = self.scratch.hot().placement.to_string();
        let target = ClaimTarget { placement, key: key.reveal().to_owned() };
        let run = async |name: &str| {
            let run = Run {
                address: server.address,
                shape: Shape::Claims(target.clone()),
                pace: Pace::Closed,
                connections: CLAIMERS,
                length: Duration::from_secs(self.settings.seconds),
                name: name.into(),
            };
            run.measure(self.clock).await
        };
        let _warm = run("v").await?;
        let up = run("u").await?;
        self.pay_all(conn).await?;
        self.platform.set_down(true).await?;
        let down = run("x").await?;
        self.platform.set_down(false).await?;
        self.pay_all(conn).await?;
        Ok((up, down))
    }

    /// Kills one of two servers while it waits for the platform; how long until the other took over each, in milliseconds.
    async fn rescues(&self, conn: &mut PgConnection) -> anyhow::Result<Vec<f64>> {
        let mut rescues = Vec::new();
        let mut victim = self.server().await?;
        for round in 0..self.settings.kills {
            let survivor = self.server().await?;
            self.platform.answer_after(SLOW).await?;
            self.owe(conn, &format!("k{round}"), 200).await?;
            store::bench::set_paused(conn, self.scratch.app, false).await?;
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while store::bench::leased(conn).await? < 100 {
                ticks.tick().await;
            }
            let killed = store::bench::now(conn).await?;
            drop(victim);
            self.platform.answer_after(self.settings.answer_after).await?;
            self.pay_all(conn).await?;
            let taken_over = store::bench::list_rescues_since(conn, killed).await?;
            rescues.extend(taken_over.into_iter().map(|at| seconds(at - killed) * 1000.0));
            victim = survivor;
        }
        victim.stop()?;
        Ok(rescues)
    }

    /// Lets the worker go until nothing is owed.
    async fn pay_all(&self, conn: &mut PgConnection) -> anyhow::Result<()> {
        store::bench::set_paused(conn, self.scratch.app, false).await?;
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        while store::bench::owed(conn).await? {
            ticks.tick().await;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "some minutes in microseconds")]
fn seconds(span: chrono::TimeDelta) -> f64 {
    span.num_microseconds().unwrap_or(i64::MAX) as f64 / 1_000_000.0
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a short list"
)]
fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}
