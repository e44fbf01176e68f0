//! `kaquan demo`: everything at once on a fresh database. Simulated users take coupons, everything goes wrong that can
//! go wrong on the way, and at the end each promise is checked.

mod baidu;
mod merchant;
pub mod promise;
mod script;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;

use crate::{
    app::{App, database::Database},
    clock::{Clock, SystemClock},
    config::{self, Config},
    domain::access::Role,
    postgres::settings::Settings,
    service::create_key::create_key,
    simulator::{
        self, Simulator,
        app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
    },
};

use baidu::Baidu;
use merchant::Merchant;
use promise::Promise;

/// A demo whose script is over and whose servers are still up.
pub struct Demo {
    /// What the script showed.
    pub promises: Vec<Promise>,
    /// Where kaquan listens.
    pub address: SocketAddr,
    /// Where its metrics are read.
    pub metrics_address: SocketAddr,
    /// Where the simulated Baidu listens.
    pub baidu_url: String,
    /// A key for the admin API.
    pub key: String,
    app: App,
    simulator: Simulator,
    database: Database,
    /// Removed at the end, unless the caller named it.
    folder: Option<PathBuf>,
}

/// The stock on kaquan's side; on Baidu's there is plenty, so that kaquan alone keeps the limit.
pub(super) const STOCK: i64 = 150;
/// People who want one.
pub(super) const USERS: usize = 200;

impl Demo {
    /// Starts everything and plays the script. `say` hears of each step.
    pub async fn play(
        config: &Config,
        folder: Option<PathBuf>,
        say: impl Fn(&str),
    ) -> anyhow::Result<Self> {
        let temporary = folder.is_none();
        let folder = folder.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("kaquan-demo-{}", std::process::id()))
        });
        let played = Self::play_in(config, &folder, say).await;
        if played.is_err() && temporary {
            std::fs::remove_dir_all(&folder)?;
        }
        played.map(|demo| Self { folder: temporary.then_some(folder), ..demo })
    }

    async fn play_in(config: &Config, folder: &Path, say: impl Fn(&str)) -> anyhow::Result<Self> {
        let bin_dir = config.database.bin_dir.clone();
        let settings = Settings { bin_dir, ..Settings::at(folder) };
        say("1/6 启动内嵌 Postgres · starting the embedded Postgres");
        let database = Database::embedded(settings).await?;
        let simulator = start_simulator().await?;
        say("2/6 启动 kaquan · starting kaquan");
        let mut config = config.clone();
        // The demo's own database has its own keys beside it, whatever the settings say of the real one.
        config.database = config::database::Database {
            url: None,
            url_file: None,
            data_dir: Some(folder.to_owned()),
            ..config.database
        };
        config.secrets = config::secrets::Secrets::default();
        config.server.listen = free_or_any(config.server.listen).await;
        config.metrics.listen = free_or_any(config.metrics.listen).await;
        let app = start(&mut config, &database.options).await?;
        let stage = set_the_stage(&app, &simulator, &say).await?;
        let (app, promises) = stage.play(app, &config, &database.options, &simulator, &say).await?;
        // So that whoever opens the simulator's page afterwards can take one too.
        stage.merchant.add_stock(&stage.campaign, "demo-2", STOCK).await?;
        Ok(Self {
            promises,
            address: app.address,
            metrics_address: app.metrics_address,
            baidu_url: simulator.base_url().to_owned(),
            key: stage.key.expose_secret().to_owned(),
            app,
            simulator,
            database,
            folder: None,
        })
    }

    /// Whether every promise held.
    pub fn held(&self) -> bool {
        self.promises.iter().all(|promise| promise.held)
    }

    /// Stops everything; a folder of its own is removed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.app.stop().await;
        self.simulator.stop().await?;
        self.database.close().await;
        if let Some(folder) = self.folder {
            std::fs::remove_dir_all(folder)?;
        }
        Ok(())
    }
}

/// Starts kaquan, and keeps its address for the next start.
pub(super) async fn start(config: &mut Config, database: &PgConnectOptions) -> anyhow::Result<App> {
    let listener_known = config.server.listen.port() != 0;
    if !listener_known {
        config.server.listen = probe(config.server.listen).await?;
    }
    config.server.public_url = format!("http://{}", config.server.listen).parse()?;
    App::start(config, database, Arc::new(SystemClock)).await
}

async fn start_simulator() -> anyhow::Result<Simulator> {
    let address = free_or_any(SocketAddr::from(([127, 0, 0, 1], 8090))).await;
    let listener = TcpListener::bind(address).await?;
    Ok(simulator::start(listener, simulator::Settings::default())?)
}

/// The wanted address, or any port of the same host when somebody has it.
async fn free_or_any(wanted: SocketAddr) -> SocketAddr {
    match TcpListener::bind(wanted).await {
        Ok(_) => wanted,
        Err(_) => SocketAddr::new(wanted.ip(), 0),
    }
}

async fn probe(any: SocketAddr) -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(any).await?.local_addr()?)
}

/// A merchant with a campaign that stands on both sides.
async fn set_the_stage(
    app: &App,
    simulator: &Simulator,
    say: &impl Fn(&str),
) -> anyhow::Result<script::Stage> {
    say("3/6 商户建券、投放、加库存 · the merchant makes a template, places it and adds stock");
    let now = SystemClock.now();
    let (_, key) = create_key(&app.db, now, "demo", Role::Owner).await?;
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
    let base = format!("http://{}", app.address);
    let merchant = Merchant::new(http.clone(), base, key.reveal().to_owned());
    let terms = json!({
        "title": "满 100 减 20",
        "kind": "cash",
        "benefit": { "type": "amount", "off_fen": 2000 },
        "threshold": { "type": "amount", "fen": 10000 },
        "claim_from": now,
        "claim_until": now + TimeDelta::days(30),
        "validity": { "type": "after_claim", "days": 7 },
        "per_person_limit": 1,
    });
    let campaign = merchant.open_campaign(DEFAULT_APP_KEY, &terms).await?;
    let baidu =
        Baidu::sign_in(http, simulator.base_url(), DEFAULT_APP_KEY, DEFAULT_APP_SECRET).await?;
    let id = baidu.create("满100减20", &campaign.callback_url, now.timestamp()).await?;
    merchant.name_on_baidu(&campaign, id).await?;
    merchant.add_stock(&campaign, "demo-1", STOCK).await?;
    // The same name again adds nothing, as after a lost answer.
    merchant.add_stock(&campaign, "demo-1", STOCK).await?;
    baidu.add_stock(id, "demo-1", 10 * STOCK, now.timestamp()).await?;
    let key = key.reveal().to_owned().into();
    Ok(script::Stage { key, merchant, campaign, coupon_template_id: id })
}
