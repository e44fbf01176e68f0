//! `kaquan demo`: everything at once on a fresh database. A merchant's program puts a coupon on a simulated Baidu, users
//! take it there, members claim it through kaquan and use it, and another stands on a simulated WeChat too; everything goes
//! wrong that can go wrong on the way, and at the end each promise is checked and all sides are compared.

mod act;
mod books;
mod caller;
mod cards;
mod front_ends;
mod members;
mod merchant;
mod owed;
mod platforms;
pub mod promise;
mod rush;
mod script;
mod shopper;
mod till;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::net::TcpListener;

use crate::{
    app::{App, database::Database},
    clock::{Clock, SystemClock},
    config::{self, Config},
    domain::{
        access::Role,
        id::{AppId, DeliveryId},
    },
    postgres::settings::Settings,
    service::create_key::create_key,
    simulator::{
        self, Simulator,
        aim::FaultAim,
        app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
        fault::CallFault,
        wechat::{self, WechatSimulator},
    },
};

use act::Act;
use caller::Caller;
use merchant::{Merchant, Wish};
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
    /// Where the simulated WeChat listens.
    pub wechat_url: String,
    /// A key for the admin API.
    pub key: String,
    /// The app on the simulated Baidu.
    pub app_id: AppId,
    /// The placement that everything was about.
    pub placement: String,
    /// A delivery that took a few attempts.
    pub sample: Option<DeliveryId>,
    /// Where the database is.
    pub data: PathBuf,
    app: App,
    simulator: Simulator,
    wechat: WechatSimulator,
    database: Database,
    /// Unless the caller named one; the last to go.
    own_folder: Option<OwnFolder>,
}

/// A folder that goes with the demo, however that ends.
struct OwnFolder(PathBuf);

/// The stock to be taken on Baidu.
const STOCK: i64 = 150;
/// People who want one there.
const USERS: usize = 200;
/// The stock to be claimed through kaquan.
const CLAIM_STOCK: i64 = 60;
/// People who want one there.
const MEMBERS: usize = 70;
/// What is added to both stocks later.
const MORE: i64 = 50;

impl Demo {
    /// Starts everything and plays the script. `say` hears of each step.
    pub async fn play(
        config: &Config,
        folder: Option<PathBuf>,
        say: impl Fn(&str),
    ) -> anyhow::Result<Self> {
        let (folder, own) = if let Some(folder) = folder {
            (folder, None)
        } else {
            let own = OwnFolder::new();
            (own.0.clone(), Some(own))
        };
        let demo = Self::play_in(config, &folder, say).await?;
        Ok(Self { own_folder: own, ..demo })
    }

    async fn play_in(config: &Config, folder: &Path, say: impl Fn(&str)) -> anyhow::Result<Self> {
        let bin_dir = config.database.bin_dir.clone();
        let settings = Settings { bin_dir, ..Settings::at(folder) };
        say(&Act::Postgres.line());
        let database = Database::embedded(settings).await?;
        say(&Act::Servers.line());
        let simulator = start_simulator().await?;
        let wechat = start_wechat().await?;
        let mut config = config.clone();
        // The demo's own database has its own keys beside it, whatever the settings say of the real one.
        config.database = config::database::Database {
            url: None,
            url_file: None,
            data_dir: Some(folder.to_owned()),
            ..config.database
        };
        config.secrets = config::secrets::Secrets::default();
        config.delivery = config::delivery::Delivery::default();
        config.server.listen = free_or_any(config.server.listen).await;
        config.metrics.listen = free_or_any(config.metrics.listen).await;
        let app = start(&mut config, &database.options).await?;
        say(&Act::Campaign.line());
        let stage = set_the_stage(&app, &simulator).await?;
        let played =
            stage.play(app, &config, &database.options, (&simulator, &wechat), &say).await?;
        Ok(Self {
            promises: played.promises,
            address: played.app.address,
            metrics_address: played.app.metrics_address,
            baidu_url: simulator.base_url().to_owned(),
            wechat_url: wechat.base_url().to_owned(),
            key: stage.key.expose_secret().to_owned(),
            app_id: stage.campaign.app,
            placement: stage.campaign.placement,
            sample: played.sample,
            data: folder.to_owned(),
            app: played.app,
            simulator,
            wechat,
            database,
            own_folder: None,
        })
    }

    /// The database, for those who look in from beside.
    pub const fn db(&self) -> &PgPool {
        &self.app.db
    }

    /// Whether every promise held.
    pub fn held(&self) -> bool {
        self.promises.iter().all(|promise| promise.held)
    }

    /// Stops everything.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.app.stop().await;
        self.simulator.stop().await?;
        self.wechat.stop().await?;
        self.database.close().await;
        drop(self.own_folder);
        Ok(())
    }
}

impl OwnFolder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("kaquan-demo-{}", std::process::id())))
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        let _never_made = std::fs::remove_dir_all(&self.0);
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

async fn start_wechat() -> anyhow::Result<WechatSimulator> {
    let address = free_or_any(SocketAddr::from(([127, 0, 0, 1], 8091))).await;
    let listener = TcpListener::bind(address).await?;
    Ok(wechat::start(listener, wechat::Settings::default())?)
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

/// A merchant with a campaign that stands on both sides, although answers were lost on the way.
async fn set_the_stage(app: &App, simulator: &Simulator) -> anyhow::Result<script::Stage> {
    let now = SystemClock.now();
    let (_, key) = create_key(&app.db, now, "demo", Role::Owner).await?;
    let key = key.reveal().to_owned();
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
    let mini_program = Caller::nobody(http, format!("http://{}", app.address));
    let merchant = Merchant { server: mini_program.with(key.clone()), mini_program };
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
    // The creation itself is left alone: after a lost answer kaquan waits half a minute before it looks what stands there.
    for call in ["list", "addStock"] {
        simulator.fault_calls(FaultAim::next(1, CallFault::HangUpAfterAccepting).at(call))?;
    }
    let wish = Wish {
        app_key: DEFAULT_APP_KEY,
        secret: DEFAULT_APP_SECRET,
        open_api_url: simulator.base_url(),
        terms,
        to_take: STOCK,
        to_claim: CLAIM_STOCK,
    };
    let campaign = merchant.open_campaign(wish).await?;
    Ok(script::Stage { key: key.into(), merchant, campaign })
}
