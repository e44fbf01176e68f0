//! A running simulator, a client that speaks to it, and a template that can be taken.

use std::time::Duration;

use kaquan::simulator::app::{App, DEFAULT_APP_KEY, DEFAULT_APP_SECRET};
use kaquan::simulator::clock::Clock;
use kaquan::simulator::sign::{Salt, sign};
use kaquan::simulator::switches::Switches;
use kaquan::simulator::{Settings, Simulator, start};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::developer::{Developer, Manner};

/// The moment at which every story begins.
pub const NOW: i64 = 1_574_952_776;

pub struct Stage {
    pub simulator: Simulator,
    pub client: Client,
    pub token: String,
}

impl Stage {
    pub async fn set() -> Self {
        Self::with(|_| {}).await
    }

    /// A stage on which some switches stand otherwise.
    pub async fn with(turn: impl FnOnce(&mut Switches)) -> Self {
        let mut switches = Switches::default();
        turn(&mut switches);
        Self::build(Settings { switches, ..Settings::default() }).await
    }

    /// A stage on which a developer who says nothing is soon given up.
    pub async fn impatient() -> Self {
        let switches = Switches { deliveries_legacy: 2, ..Switches::default() };
        let callback_timeout = Duration::from_millis(200);
        Self::build(Settings { switches, callback_timeout, ..Settings::default() }).await
    }

    /// A stage whose journal keeps so many entries.
    pub async fn forgetful(most_journal_kept: usize) -> Self {
        Self::build(Settings { most_journal_kept, ..Settings::default() }).await
    }

    async fn build(settings: Settings) -> Self {
        let begin = chrono::DateTime::from_timestamp(NOW, 0).unwrap();
        let settings = Settings {
            clock: Clock::from_source(move || begin),
            seed: Some(1),
            pause_between_tries: Duration::ZERO,
            ..settings
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = start(listener, settings).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let mut stage = Self { simulator, client, token: String::new() };
        stage.token = stage.fresh_token().await;
        stage
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub async fn fresh_token(&self) -> String {
        self.token_for(DEFAULT_APP_KEY, DEFAULT_APP_SECRET).await
    }

    pub async fn token_of(&self, app: &App) -> String {
        self.token_for(&app.app_key, &app.app_secret).await
    }

    async fn token_for(&self, key: &str, secret: &str) -> String {
        let query = [
            ("grant_type", "client_credentials"),
            ("client_id", key),
            ("client_secret", secret),
            ("scope", "smartapp_snsapi_base"),
        ];
        let reply = self.client.get(self.url("/oauth/2.0/token")).query(&query).send().await;
        let body: Value = reply.unwrap().json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// The documented parameters of a good template.
    pub fn terms(callback: &str) -> Vec<(&'static str, String)> {
        vec![
            ("bgColor", "B010".to_owned()),
            ("couponType", "2".to_owned()),
            ("title", "京东618满199减100券".to_owned()),
            ("effectTime", NOW.to_string()),
            ("expireTime", (NOW + 86_400).to_string()),
            ("introduce", "说明".to_owned()),
            ("sill", "满199元可用".to_owned()),
            ("takeLimit", "每人限领一张".to_owned()),
            ("callbackUrl", callback.to_owned()),
        ]
    }

    pub async fn create(&self, terms: &[(&str, String)]) -> Value {
        let url = self.url("/rest/2.0/smartapp/coupon/create");
        let token = [("access_token", &self.token)];
        json(self.client.post(url).query(&token).query(terms).send().await.unwrap()).await
    }

    pub async fn list(&self, query: &[(&str, &str)]) -> Value {
        let url = self.url("/rest/2.0/smartapp/coupon/list");
        let token = [("access_token", &self.token)];
        json(self.client.get(url).query(&token).query(query).send().await.unwrap()).await
    }

    pub async fn add_stock(&self, form: &[(&str, &str)]) -> Value {
        let url = self.url("/rest/2.0/smartapp/coupon/addStock");
        let token = [("access_token", &self.token)];
        json(self.client.post(url).query(&token).form(form).send().await.unwrap()).await
    }

    /// A good template without stock.
    pub async fn template(&self, callback: &str) -> i64 {
        self.create(&Self::terms(callback)).await["data"]["id"].as_i64().unwrap()
    }

    /// A developer, and a template with stock that asks him.
    pub async fn offer(&self, manner: Manner) -> (Developer, i64) {
        let developer = Developer::start(manner).await;
        let template = self.template(&developer.url).await;
        self.simulator.set_stock(template, 100).unwrap();
        (developer, template)
    }

    pub fn stock(&self, template: i64) -> i64 {
        let all = self.simulator.templates();
        all.into_iter().find(|one| one.coupon_template_id == template).unwrap().stock
    }

    pub async fn control(&self, path: &str, body: &Value) -> (u16, Value) {
        let reply = self.client.post(self.url(path)).json(body).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }
}

/// The body of an answer with status 200.
pub async fn json(reply: Response) -> Value {
    assert_eq!(reply.status(), 200);
    reply.json().await.unwrap()
}

/// The sign over a call as it arrived.
pub fn signed(salt: Salt, call: &Value) -> String {
    let text = |name: &str| call[name].as_str().map_or(call[name].to_string(), str::to_owned);
    let (record, open) = (text("recordId"), text("openId"));
    sign(salt, &record, &open, &text("couponTemplateId"), &text("timestamp"))
}
