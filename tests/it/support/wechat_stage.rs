//! A merchant whose cards people take on WeChat: servers, an official account with a mini-program before it, one card that
//! the reviewers have passed, and the simulated WeChat, with one clock for all.

mod books;
mod people;
mod setting;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use kaquan::{
    app::App,
    clock::{Clock, ManualClock},
    simulator::wechat::{
        WechatSimulator,
        aim::CallAim,
        app::{DEFAULT_OA, DEFAULT_SECRET, PushMode},
        effects::EffectKind,
        fault::CallFault,
        switches::Switches,
    },
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use self::setting::start_server;
use super::{admin::terms, database::TestDatabase, stage::Said, until::until};

pub struct WechatStage {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub wechat: WechatSimulator,
    /// The official account, and the mini-program.
    pub account: String,
    pub mini: String,
    /// The card that every stage has.
    pub placement: Value,
    /// Every answer of ours, as it was sent.
    pub answers: Mutex<Vec<String>>,
    servers: Vec<App>,
    client: Client,
    key: String,
}

/// What a story begins with.
pub struct Staging {
    pub push: PushMode,
    pub switches: Switches,
    /// Settings of the placement, beside those of all cards.
    pub settings: Value,
    pub terms: Value,
    /// Codes that are uploaded before anything is published.
    pub codes: Vec<String>,
    pub stock: i64,
    /// How long a call to WeChat may take.
    pub call_timeout: Duration,
}

/// Somebody with a session in the mini-program.
pub struct Somebody {
    pub name: String,
    pub token: String,
}

/// A card in somebody's wallet.
pub struct Taken {
    pub claim: String,
    pub card_id: String,
    pub encrypted: String,
    pub code: String,
}

impl Default for Staging {
    fn default() -> Self {
        Self {
            push: PushMode::Secure,
            switches: Switches::default(),
            settings: json!({}),
            terms: json!({}),
            codes: Vec::new(),
            stock: 100,
            call_timeout: kaquan::config::wechat::Wechat::default().call_timeout,
        }
    }
}

impl WechatStage {
    pub async fn new() -> Self {
        Self::with(Staging::default()).await
    }

    /// The same with so many cards for each person.
    pub async fn with_limit(limit: u32, stock: i64) -> Self {
        let terms = json!({ "per_person_limit": limit });
        Self::with(Staging { terms, stock, ..Staging::default() }).await
    }

    /// With a card that people can take.
    pub async fn with(staging: Staging) -> Self {
        let mut stage = Self::bare(&staging).await;
        let template = stage.post("/v1/admin/templates", terms(&staging.terms)).await.is(201).id();
        if !staging.codes.is_empty() {
            let path = format!("/v1/admin/templates/{template}/code-imports");
            stage.upload(&path, staging.codes.join("\n")).await.is(201);
        }
        let body = json!({
            "template_id": template, "app_id": stage.account, "settings": staging.settings,
        });
        stage.placement = stage.post("/v1/admin/placements", body).await.is(201).body;
        stage.open(&staging).await;
        stage
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// WeChat's id of the card.
    pub async fn card_id(&self) -> String {
        self.look().await["platform_ref"].as_str().unwrap().to_owned()
    }

    pub async fn look(&self) -> Value {
        self.get(&self.path("")).await.is(200).body
    }

    /// `POST …/placements/{placement}/{verb}`
    pub async fn act(&self, verb: &str) -> Said {
        self.post(&self.path(&format!("/{verb}")), json!({})).await
    }

    pub async fn add_stock(&self, name: &str, amount: i64) -> Said {
        let body = json!({ "name": name, "way": "take", "amount": amount });
        self.post(&self.path("/stock-additions"), body).await
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/admin/placements/{}{rest}", self.placement["id"].as_str().unwrap())
    }

    pub fn template_path(&self) -> String {
        format!("/v1/admin/templates/{}", self.placement["template_id"].as_str().unwrap())
    }

    /// Changes the template, and lets WeChat know of it.
    pub async fn edit(&self, mut fields: Value) {
        let path = self.template_path();
        fields["version"] = self.get(&path).await.is(200).body["version"].clone();
        self.ask(Method::PATCH, &path, Some(fields)).await.is(200);
        self.act("update").await.is(202);
    }

    pub async fn post(&self, path: &str, body: Value) -> Said {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Said {
        self.ask(Method::GET, path, None).await
    }

    /// The merchant asks.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Said {
        let key = Uuid::new_v4().to_string();
        self.send(
            (method, 0, path),
            (&self.key, &key),
            "application/json",
            body.map(|b| b.to_string()),
        )
        .await
    }

    async fn upload(&self, path: &str, file: String) -> Said {
        self.send((Method::POST, 0, path), (&self.key, "upload"), "text/csv", Some(file)).await
    }

    async fn send(
        &self,
        (method, server, path): (Method, usize, &str),
        (bearer, key): (&str, &str),
        kind: &str,
        body: Option<String>,
    ) -> Said {
        let url = format!("http://{}{path}", self.servers[server].address);
        let mut request = self.client.request(method, url).header("idempotency-key", key);
        if !bearer.is_empty() {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.header("content-type", kind).body(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = format!("{:?}", response.headers());
        let bytes = response.bytes().await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.answers.lock().unwrap().push(format!("{headers}\n{text}"));
        Said { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// Waits until WeChat has told all that it can tell now, and we have made of it what there is to be made.
    pub async fn settle(&self) {
        loop {
            self.wechat.settled().await;
            self.applied().await;
            // What is told to WeChat it tells to us.
            if self.drain().await == 0 {
                break;
            }
        }
    }

    pub async fn applied(&self) {
        until("pushes are applied", async || {
            let waits = "select count(*) from card_push where state = 'pending'";
            let pending: i64 = sqlx::query_scalar(waits).fetch_one(self.db()).await.unwrap();
            let later = format!("{waits} and due_at > $1");
            let later: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(later))
                .bind(self.clock.now())
                .fetch_one(self.db())
                .await
                .unwrap();
            if later > 0 && later == pending {
                self.clock.advance(TimeDelta::seconds(2));
            }
            pending == 0
        })
        .await;
    }

    /// Pays what is due.
    pub async fn drain(&self) -> usize {
        self.servers[0].worker.drain().await.unwrap()
    }

    /// What happens because time passes.
    pub async fn keep_up(&self) {
        self.servers[0].upkeep.round().await.unwrap();
    }

    pub async fn drain_after(&self, time: TimeDelta) -> usize {
        self.clock.advance(time);
        self.drain().await
    }

    /// Another server on the same database.
    pub async fn start_another(&mut self) {
        let patience = Staging::default().call_timeout;
        self.servers.push(start_server(&self.database, &self.clock, patience).await);
    }

    pub fn fault(&self, path: &str, fault: CallFault, calls: u32) {
        self.wechat.fault_calls(CallAim::next(calls, fault).at(path)).unwrap();
    }

    /// The token that WeChat has given us: whoever asks meanwhile gets the same.
    pub async fn access_token(&self) -> String {
        let body = json!({
            "grant_type": "client_credential", "appid": DEFAULT_OA, "secret": DEFAULT_SECRET,
        });
        let said = self.console("/cgi-bin/stable_token", "", &body).await;
        said["access_token"].as_str().unwrap().to_owned()
    }

    /// The ticket that signs cards, which is the same for whoever asks.
    pub async fn ticket(&self, token: &str) -> String {
        let query = [("access_token", token), ("type", "wx_card")];
        let url = format!("{}/cgi-bin/ticket/getticket", self.wechat.base_url());
        let bytes = self.client.get(url).query(&query).send().await.unwrap().bytes().await.unwrap();
        let said: Value = serde_json::from_slice(&bytes).unwrap();
        said["ticket"].as_str().unwrap().to_owned()
    }

    /// A call to WeChat that is none of ours.
    pub async fn console(&self, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("{}{path}?access_token={token}", self.wechat.base_url());
        let request = self.client.post(url).body(body.to_string());
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// How often WeChat was asked this.
    pub fn calls(&self, path: &str) -> usize {
        self.wechat.journal().iter().filter(|entry| entry.path == path).count()
    }

    /// How often things of a kind took effect, by their names.
    pub fn effects(&self, kind: EffectKind) -> BTreeMap<String, u64> {
        let all = self.wechat.effects().into_iter();
        all.filter(|(identity, _)| identity.kind == kind)
            .map(|(identity, tally)| (identity.name, tally.applied))
            .collect()
    }

    pub async fn number(&self, question: &'static str) -> i64 {
        sqlx::query_scalar(question).fetch_one(self.db()).await.unwrap()
    }

    pub async fn texts(&self, question: &'static str) -> Vec<String> {
        sqlx::query_scalar(question).fetch_all(self.db()).await.unwrap()
    }
}
