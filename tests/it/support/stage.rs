//! A merchant who publishes on Baidu: the admin API over HTTP, a worker that works when it is told to, and Baidu before
//! both, with one clock for all.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use kaquan::{
    app::App,
    clock::{Clock, ManualClock},
    config::Config,
    domain::access::Role,
    ops::audit::AuditScope,
    service::create_key::create_key,
    simulator::{
        Simulator,
        aim::FaultAim,
        app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
        fault::CallFault,
        record::TakeReport,
        switches::Switches,
        take::TakeOrder,
        template::TemplateInside,
    },
};
use reqwest::{Client, Method, multipart::Form};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    admin::{plenty, terms},
    baidu::start_baidu,
    database::TestDatabase,
    delivery_scene::set_rate,
    letter,
    plant::noon,
    recount::recount,
    reserved::reserved_address,
    vault::secrets,
};

pub struct Stage {
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub baidu: Simulator,
    /// The merchant's Baidu app.
    pub app: String,
    server: Option<App>,
    client: Client,
    key: String,
}

/// Long enough for whatever waits to be due.
pub const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// An answer of the admin API.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub body: Value,
}

impl Stage {
    /// A server that listens, and an app of which it knows the secret.
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let baidu = start_baidu(&clock, Switches::default()).await;
        let (_, key) = create_key(&database.pool, noon(), "owner", Role::Owner).await.unwrap();
        let server = start_server(&database, &clock).await;
        let mut stage = Self {
            database,
            clock,
            baidu,
            app: String::new(),
            server: Some(server),
            client: letter::client(),
            key: key.reveal().to_owned(),
        };
        let app = json!({
            "platform": "baidu", "app_key": DEFAULT_APP_KEY, "name": "商城",
            "secret": DEFAULT_APP_SECRET,
            "settings": {
                "open_api_url": stage.baidu.base_url(), "session_api_url": stage.baidu.base_url(),
            },
        });
        stage.app = stage.post("/v1/admin/apps", app).await.is(201).id();
        set_rate(stage.db(), stage.app.parse().unwrap(), 1_000_000.0).await;
        stage
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// A template with the sample terms and these fields besides, placed on the app and not yet known to Baidu.
    pub async fn given_placement(&self, fields: Value) -> Value {
        let template = self.post("/v1/admin/templates", terms(&fields)).await.is(201).id();
        let body = json!({ "template_id": template, "app_id": self.app });
        self.post("/v1/admin/placements", body).await.is(201).body
    }

    /// The same, published.
    pub async fn given_published(&self, fields: Value) -> Value {
        let placement = self.given_placement(fields).await;
        self.act(&placement, "publish").await.is(202);
        self.drain().await;
        self.look(&placement).await
    }

    /// `POST …/placements/{placement}/{verb}`
    pub async fn act(&self, placement: &Value, verb: &str) -> Said {
        self.post(&format!("{}/{verb}", path(placement)), json!({})).await
    }

    pub async fn look(&self, placement: &Value) -> Value {
        self.ask(Method::GET, &path(placement), None).await.is(200).body
    }

    pub async fn add_stock(&self, placement: &Value, name: &str, amount: i64) -> Said {
        let body = json!({ "name": name, "way": "take", "amount": amount });
        self.post(&format!("{}/stock-additions", path(placement)), body).await
    }

    /// More for our own front ends to give out.
    pub async fn add_claimable(&self, placement: &Value, amount: i64) {
        let body = json!({ "name": "own", "way": "claim", "amount": amount });
        self.post(&format!("{}/stock-additions", path(placement)), body).await.is(201);
    }

    /// Somebody claims through us, under a key of their own.
    pub async fn claim(&self, placement: &Value, open_id: &str) -> Said {
        let request = self
            .client
            .post(self.url("/v1/claims"))
            .bearer_auth(&self.key)
            .header("idempotency-key", format!("claim-{open_id}"))
            .header("content-type", "application/json")
            .body(json!({ "placement_id": placement["id"], "open_id": open_id }).to_string());
        read(request.send().await.unwrap()).await
    }

    /// Changes the template of a placement.
    pub async fn edit(&self, placement: &Value, mut fields: Value) -> Said {
        let path = format!("/v1/admin/templates/{}", placement["template_id"].as_str().unwrap());
        let version = self.ask(Method::GET, &path, None).await.is(200).body["version"].clone();
        fields["version"] = version;
        self.ask(Method::PATCH, &path, Some(fields)).await
    }

    pub async fn add_banner(&self, placement: &Value, title: &str) -> Said {
        let picture = reqwest::multipart::Part::bytes(b"\x89PNG\r\n\x1a\n-a-picture".to_vec());
        let form = Form::new()
            .text("title", title.to_owned())
            .text("dest_url", "/pages/index?from=banner")
            .part("image", picture.file_name("banner.png"));
        let url = self.url(&format!("{}/banners", path(placement)));
        let request = self.client.post(url).bearer_auth(&self.key).multipart(form);
        read(request.send().await.unwrap()).await
    }

    pub async fn remove_banner(&self, banner: &Value) -> Said {
        let path = format!("/v1/admin/banners/{}", banner["id"].as_str().unwrap());
        self.ask(Method::DELETE, &path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Said {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Said {
        let request = self.client.request(method, self.url(path)).bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        read(request.send().await.unwrap()).await
    }

    /// Pays what is due.
    pub async fn drain(&self) -> usize {
        self.server.as_ref().unwrap().worker.drain().await.unwrap()
    }

    /// Does what is to be done because time has passed.
    pub async fn upkeep(&self) {
        self.server.as_ref().unwrap().upkeep.round().await.unwrap();
    }

    /// Time passes, and what has become due is paid.
    pub async fn drain_after(&self, time: TimeDelta) -> usize {
        self.clock.advance(time);
        self.drain().await
    }

    /// Takes back what dead workers hold.
    pub async fn rescue(&self) -> i64 {
        self.server.as_ref().unwrap().worker.rescue().await.unwrap()
    }

    /// The server stops, and another one starts in its place.
    pub async fn restart(&mut self) {
        self.server.take().unwrap().stop().await;
        self.server = Some(start_server(&self.database, &self.clock).await);
    }

    /// A user of Baidu takes a coupon there, which Baidu then asks us for.
    pub async fn baidu_user_takes(&self, placement: &Value, open_id: &str) -> TakeReport {
        let id = placement["platform_ref"].as_str().unwrap().parse().unwrap();
        self.baidu.take(TakeOrder::new(id, open_id)).await.unwrap()
    }

    /// What a callback to this address is answered with: 404 when it is not ours, or not any more.
    pub async fn status_of_address(&self, url: &str) -> u16 {
        let call = async |url: String| {
            let request = self.client.post(url).header("content-type", "application/json");
            request.body("{}").send().await.unwrap().status().as_u16()
        };
        // One that is unknown makes the server read the addresses of this moment.
        assert_eq!(call(self.url("/callbacks/baidu/unknown")).await, 404);
        call(url.to_owned()).await
    }

    /// The callback address that Baidu has for a placement.
    pub fn address_at_baidu(&self, placement: &Value) -> String {
        let id: i64 = placement["platform_ref"].as_str().unwrap().parse().unwrap();
        let templates = self.baidu.templates();
        let template = templates.iter().find(|template| template.coupon_template_id == id).unwrap();
        template.callback_url.clone()
    }

    /// How often Baidu was asked this.
    pub fn calls(&self, name: &str) -> usize {
        self.baidu.journal().iter().filter(|entry| entry.call == name).count()
    }

    /// The states of all deliveries of a kind, oldest first.
    pub async fn deliveries(&self, kind: &str) -> Vec<String> {
        sqlx::query_scalar("select state from delivery where kind = $1 order by position")
            .bind(kind)
            .fetch_all(self.db())
            .await
            .unwrap()
    }

    /// What stands at Baidu.
    pub fn standing(&self) -> Vec<TemplateInside> {
        self.baidu.templates().into_iter().filter(|template| !template.deleted).collect()
    }

    /// The next call of this name takes effect, and nobody hears so.
    pub fn lose_the_answer_to(&self, call: &str) {
        let fault = FaultAim::next(1, CallFault::HangUpAfterAccepting).at(call);
        self.baidu.fault_calls(fault).unwrap();
    }

    /// As if the merchant had made it in Baidu's console, and we knew nothing of it.
    pub async fn forget(&self, placement: &Value) {
        let id = placement["id"].as_str().unwrap().strip_prefix("plc_").unwrap();
        for statement in [
            "delete from attempt using delivery
             where attempt.delivery_id = delivery.delivery_id and placement_id = $1::uuid",
            "delete from delivery where placement_id = $1::uuid",
            "delete from callback_token where placement_id = $1::uuid",
            "delete from stock where placement_id = $1::uuid",
            "delete from placement where placement_id = $1::uuid",
        ] {
            sqlx::query(statement).bind(id).execute(self.db()).await.unwrap();
        }
    }

    /// Ends the story: nothing is owed any more, Baidu has nothing to complain of, and the books agree.
    pub async fn finish(self) {
        let owed: i64 = sqlx::query_scalar(
            "select count(*) from delivery where state not in ('done', 'cancelled')",
        )
        .fetch_one(self.db())
        .await
        .unwrap();
        assert_eq!(owed, 0, "deliveries are still owed");
        self.finish_owing().await;
    }

    /// The same where something is left to a person.
    pub async fn finish_owing(mut self) {
        let report = self.baidu.report();
        assert!(report.is_clean(), "{report:#?}");
        recount(&self.database.pool, self.clock.now(), AuditScope::DataOnly).await;
        self.server.take().unwrap().stop().await;
        self.baidu.stop().await.unwrap();
    }

    /// Ends a story in which somebody lived by another clock, and something is left to do.
    pub async fn leave(mut self) {
        self.server.take().unwrap().stop().await;
        self.baidu.stop().await.unwrap();
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.as_ref().unwrap().address)
    }
}

impl Said {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{:#}", self.body);
        self.body
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }
}

pub fn path(placement: &Value) -> String {
    format!("/v1/admin/placements/{}", placement["id"].as_str().unwrap())
}

async fn read(response: reqwest::Response) -> Said {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    Said { status, body: serde_json::from_slice(&body).unwrap_or_default() }
}

async fn start_server(database: &TestDatabase, clock: &Arc<ManualClock>) -> App {
    let address = reserved_address();
    let mut config = Config::default();
    config.server.listen = address;
    config.server.public_url = format!("http://{address}").parse().unwrap();
    config.metrics.listen = ([127, 0, 0, 1], 0).into();
    config.database.connections = 4;
    config.secrets = secrets();
    config.delivery.enabled = false;
    config.upkeep.enabled = false;
    // Endpoints of tests stand on this machine.
    config.webhooks.allow_private = true;
    config.issuing.deadline = Duration::from_secs(10);
    config.limits = plenty();
    App::start(&config, &database.options, clock.clone()).await.unwrap()
}
