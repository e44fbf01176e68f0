//! A whole server with Baidu before it: the real `App`, the simulator, and one clock for both.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use chrono::TimeDelta;
use kaquan::{
    app::App,
    clock::{Clock, ManualClock},
    config::Config,
    domain::terms::Terms,
    ops::audit::AuditScope,
    simulator::{
        Simulator,
        app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
        crowd::{CrowdOrder, CrowdReport},
        fault::Fault,
        record::TakeReport,
        switches::Switches,
        take::TakeOrder,
    },
};
use reqwest::Client;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

use super::{
    baidu::start_baidu,
    campaign_offer::Offer,
    database::TestDatabase,
    letter::{self, Answered, Letter},
    plant::{Campaign, noon, note_offered, plant_app, plant_template, terms},
    recount::recount,
    vault::secrets,
};

/// One server, one campaign that people can take, and Baidu.
pub struct TestApp {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub baidu: Simulator,
    pub offer: Offer,
    pub client: Client,
    server: Option<App>,
    address: SocketAddr,
}

/// More than any story takes.
const PLENTY: i64 = 1_000_000;

impl TestApp {
    /// A campaign with the sample terms.
    pub async fn start(stock: i64) -> Self {
        Self::start_with(&terms(), stock).await
    }

    pub async fn start_with(terms: &Terms, stock: i64) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let server = start_server(&database.options, &clock, ([127, 0, 0, 1], 0).into()).await;
        let (baidu, client) = (start_baidu(&clock, Switches::default()).await, letter::client());
        let address = server.address;
        let campaign = Campaign::plant(&database.pool, terms, stock).await;
        let offer = Offer::open(&database.pool, campaign).await;
        let mut app = Self { database, clock, baidu, offer, client, server: Some(server), address };
        app.offer = app.tell_baidu(app.offer.clone()).await;
        app
    }

    /// Where the server listens; a restart keeps it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another campaign on the same app, known to Baidu.
    pub async fn another_offer(&self, terms: &Terms, stock: i64) -> Offer {
        let template = plant_template(&self.database.pool, terms).await;
        let app = self.offer.campaign.app;
        let campaign = Campaign::place(&self.database.pool, app, template, stock).await;
        self.tell_baidu(Offer::open(&self.database.pool, campaign).await).await
    }

    /// A campaign on an app of its own, of which Baidu's simulator knows nothing: for calls made by hand.
    pub async fn offer_apart(&self, terms: &Terms, stock: i64) -> Offer {
        let app = plant_app(&self.database.pool).await;
        let template = plant_template(&self.database.pool, terms).await;
        let campaign = Campaign::place(&self.database.pool, app, template, stock).await;
        Offer::open(&self.database.pool, campaign).await
    }

    pub async fn baidu_user_takes(&self, open_id: &str) -> TakeReport {
        self.baidu_user_takes_amid(open_id, &[]).await
    }

    pub async fn baidu_user_takes_amid(&self, open_id: &str, faults: &[Fault]) -> TakeReport {
        let id = self.offer.coupon_template_id.parse().unwrap();
        let mut order = TakeOrder::new(id, open_id);
        order.faults = faults.to_vec();
        self.baidu.take(order).await.unwrap()
    }

    /// So many people take at once, each once.
    pub async fn baidu_crowd_takes(&self, people: usize, faults: &[Fault]) -> CrowdReport {
        let order = CrowdOrder {
            app_key: None,
            coupon_template_id: self.offer.coupon_template_id.parse().unwrap(),
            open_ids: (0..people).map(|number| format!("open-{number}")).collect(),
            faults: faults.to_vec(),
            parallel: 64,
        };
        self.baidu.take_all(order).await.unwrap()
    }

    /// A call made by hand, to this server.
    pub async fn post(&self, token: &str, letter: &Letter) -> Answered {
        letter::post(&self.client, self.address, token, letter.body()).await.unwrap()
    }

    /// A second server on the same database; whoever starts it stops it.
    pub async fn another_server(&self) -> App {
        let anywhere = ([127, 0, 0, 1], 0).into();
        start_server(&self.database.options, &self.clock, anywhere).await
    }

    /// The same, which believes what proxies in the range say of the caller.
    pub async fn another_server_behind(&self, proxies: &str) -> App {
        let mut config = config(([127, 0, 0, 1], 0).into());
        config.server.trusted_proxies = vec![proxies.parse().unwrap()];
        App::start(&config, &self.database.options, self.clock.clone()).await.unwrap()
    }

    /// Stops the server and starts a new one in its place.
    pub async fn restart(&mut self) {
        self.server.take().unwrap().stop().await;
        let server = start_server(&self.database.options, &self.clock, self.address).await;
        self.server = Some(server);
    }

    /// More stock, past every documented call.
    pub async fn add_stock(&self, amount: i64) {
        let Campaign { app, placement, .. } = self.offer.campaign;
        sqlx::query(
            "with more as (
                 update stock set total = total + $3 where placement_id = $2 and way = 'take'
             )
             insert into stock_addition
                 (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
             values ($4, $1, $2, 'take', $4::text, $3, 'test', $5)",
        )
        .bind(app.uuid())
        .bind(placement.uuid())
        .bind(amount)
        .bind(uuid::Uuid::now_v7())
        .bind(noon())
        .execute(&self.database.pool)
        .await
        .unwrap();
        note_offered(&self.database.pool, placement, amount).await;
    }

    /// Returns when the server has read the addresses of this moment again: an unknown one makes it look.
    pub async fn knows_all_changes(&self) {
        let letter = self.offer.letter("r", "o", self.clock.now());
        assert_eq!(self.post("unknown", &letter).await.status, 404);
    }

    /// What `/metrics` says; all servers of this process count together.
    pub async fn metric(&self, line_start: &str) -> u64 {
        let address = self.server.as_ref().unwrap().metrics_address;
        let url = format!("http://{address}/metrics");
        let text = self.client.get(url).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(line_start));
        line.map_or(0, |rest| rest.trim().parse().unwrap())
    }

    /// Ends the story: Baidu has nothing to complain of, the books agree, and the server stops in order.
    pub async fn finish(mut self) {
        let report = self.baidu.report();
        assert!(report.is_clean(), "{report:#?}");
        recount(&self.database.pool, self.clock.now(), AuditScope::DataOnly).await;
        self.server.take().unwrap().stop().await;
        self.baidu.stop().await.unwrap();
    }

    /// Creates the template at Baidu, as our own call would, and takes note of its id there.
    async fn tell_baidu(&self, offer: Offer) -> Offer {
        let token = access_token(&self.client, self.baidu.base_url()).await;
        let now = self.clock.now();
        let callback = format!("http://{}/callbacks/baidu/{}", self.address, offer.token);
        let query = [
            ("access_token", token),
            ("bgColor", "B010".to_owned()),
            ("couponType", "2".to_owned()),
            ("title", "满100减20".to_owned()),
            ("effectTime", now.timestamp().to_string()),
            ("expireTime", (now + TimeDelta::days(900)).timestamp().to_string()),
            ("introduce", "说明".to_owned()),
            ("sill", "满100元可用".to_owned()),
            ("takeLimit", "每人限领一张".to_owned()),
            ("callbackUrl", callback),
        ];
        let url = format!("{}/rest/2.0/smartapp/coupon/create", self.baidu.base_url());
        let reply = self.client.post(url).query(&query).send().await.unwrap();
        let said: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        let id = said["data"]["id"].as_i64().unwrap_or_else(|| panic!("no id: {said}"));
        self.baidu.set_stock(id, PLENTY).unwrap();
        offer.known_as(&self.database.pool, &id.to_string()).await
    }
}

pub fn config(listen: SocketAddr) -> Config {
    let mut config = Config::default();
    config.server.listen = listen;
    config.metrics.listen = ([127, 0, 0, 1], 0).into();
    config.database.connections = 4;
    // Stories say themselves when what is owed is paid.
    config.delivery.enabled = false;
    config.upkeep.enabled = false;
    config.reconciliation.enabled = false;
    config.secrets = secrets();
    // A busy machine is not what these tests are about.
    config.issuing.deadline = Duration::from_secs(10);
    config
}

async fn start_server(
    database: &PgConnectOptions,
    clock: &Arc<ManualClock>,
    listen: SocketAddr,
) -> App {
    App::start(&config(listen), database, clock.clone()).await.unwrap()
}

async fn access_token(client: &Client, base_url: &str) -> String {
    let query = [
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_APP_KEY),
        ("client_secret", DEFAULT_APP_SECRET),
        ("scope", "smartapp_snsapi_base"),
    ];
    let request = client.get(format!("{base_url}/oauth/2.0/token")).query(&query);
    let reply = request.send().await.unwrap().bytes().await.unwrap();
    let said: Value = serde_json::from_slice(&reply).unwrap();
    said["access_token"].as_str().unwrap().to_owned()
}
