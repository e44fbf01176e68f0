//! Sets a stage: both apps, bound to the simulator, and a card that people can take.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use kaquan::{
    app::App,
    clock::{Clock, ManualClock},
    config::Config,
    domain::access::Role,
    service::create_key::create_key,
    simulator::{
        self,
        wechat::{
            self, WechatSimulator,
            app::{AppSeed, Callback, DEFAULT_MP, DEFAULT_OA, DEFAULT_SECRET, PushMode},
            switches::Switches,
        },
    },
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    super::{
        admin::plenty, database::TestDatabase, delivery_scene::set_rate, letter, plant::noon,
        reserved::reserved_address, vault::secrets,
    },
    Staging, WechatStage,
};

const GENEROUS: Duration = Duration::from_secs(15);

impl WechatStage {
    /// Both apps, bound to the simulator.
    pub(super) async fn bare(staging: &Staging) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let wechat = start_wechat(&clock, staging.switches.clone()).await;
        let (_, key) = create_key(&database.pool, noon(), "owner", Role::Owner).await.unwrap();
        let server = start_server(&database, &clock, staging.call_timeout).await;
        let mut stage = Self {
            database,
            clock,
            wechat,
            account: String::new(),
            mini: String::new(),
            placement: Value::Null,
            answers: Mutex::default(),
            servers: vec![server],
            client: letter::client(),
            key: key.reveal().to_owned(),
        };
        stage.open_account(staging.push).await;
        stage
    }

    async fn open_account(&mut self, push: PushMode) {
        let mode = match push {
            PushMode::Plain => "plain",
            PushMode::Compatible => "compatible",
            PushMode::Secure => "encrypted",
        };
        let account = json!({
            "platform": "wechat", "app_key": DEFAULT_OA, "name": "公众号", "secret": DEFAULT_SECRET,
            "settings": {
                "api_url": self.wechat.base_url(), "original_id": "gh_sim000000001", "push": mode,
                "card": {
                    "brand_name": "满记茶铺", "logo_url": "http://mmbiz.qpic.cn/mmbiz/sample/0",
                    "notice": "向店员出示此券",
                    "center": {
                        "label": "立即使用", "user_name": "gh_sim000000002@app",
                        "page": "pages/coupon/coupon",
                    },
                },
            },
        });
        self.account = self.post("/v1/admin/apps", account).await.is(201).id();
        set_rate(self.db(), self.account.parse().unwrap(), 1_000_000.0).await;
        let mini = json!({
            "platform": "wechat_mini", "app_key": DEFAULT_MP, "name": "小程序",
            "secret": DEFAULT_SECRET, "settings": { "api_url": self.wechat.base_url() },
            "cards_app_id": self.account,
        });
        self.mini = self.post("/v1/admin/apps", mini).await.is(201).id();
        let address = self.push_address().await;
        let text = |name: &str| address[name].as_str().unwrap().to_owned();
        let callback = Callback {
            url: text("url"),
            token: text("token"),
            aes_key: Some(text("encoding_aes_key")),
            mode: push,
        };
        let seed = AppSeed { callback: Some(callback), ..AppSeed::default_oa() };
        self.wechat.put_app(seed).unwrap();
        assert!(self.wechat.verify(DEFAULT_OA).await.unwrap());
    }

    pub async fn push_address(&self) -> Value {
        let path = format!("/v1/admin/apps/{}/push-address", self.account);
        self.ask(Method::PUT, &path, Some(json!({}))).await.is(200).body
    }

    /// Stock, publishing, and the reviewers' word; of a pool of codes the stock comes last.
    pub(super) async fn open(&mut self, staging: &Staging) {
        let is_pool = staging.settings["code_mode"] == "deposit";
        if staging.stock > 0 {
            self.add_stock("first", staging.stock).await.is(201);
        }
        self.act("publish").await.is(202);
        self.drain().await;
        let card_id = self.card_id().await;
        if !staging.switches.auto_review {
            self.wechat.review(&card_id, true, "").unwrap();
        }
        self.settle().await;
        if is_pool {
            self.drain_after(TimeDelta::minutes(6)).await;
        }
        self.placement = self.look().await;
        assert_eq!(self.placement["platform_state"], "published", "{:#}", self.placement);
    }
}

/// WeChat on a port of its own, with the story's clock. It is patient, and asks again without a pause.
async fn start_wechat(clock: &Arc<ManualClock>, switches: Switches) -> WechatSimulator {
    let source = Arc::clone(clock);
    let settings = wechat::Settings {
        clock: simulator::clock::Clock::from_source(move || source.now()),
        push_timeout: GENEROUS,
        pause_between_tries: Duration::from_millis(20),
        switches,
        most_journal_kept: 100_000,
        ..wechat::Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    wechat::start(listener, settings).unwrap()
}

pub(super) async fn start_server(
    database: &TestDatabase,
    clock: &Arc<ManualClock>,
    call_timeout: Duration,
) -> App {
    let address = reserved_address();
    let mut config = Config::default();
    config.server.listen = address;
    config.server.public_url = format!("http://{address}").parse().unwrap();
    config.metrics.listen = ([127, 0, 0, 1], 0).into();
    config.database.connections = 8;
    config.secrets = secrets();
    // Stories say themselves when what is owed is paid.
    config.delivery.enabled = false;
    config.upkeep.enabled = false;
    config.reconciliation.enabled = false;
    config.wechat.accept_plain_pushes = true;
    config.wechat.call_timeout = call_timeout;
    config.issuing.deadline = Duration::from_secs(10);
    config.limits = plenty();
    App::start(&config, &database.options, clock.clone()).await.unwrap()
}
