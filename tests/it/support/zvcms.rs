//! A merchant whose shop speaks the zvcms protocol, and a caller that signs as the documents say, with code of its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, body::Body};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kaquan::{
    clock::Clock,
    config::zvcms::Zvcms as Settings,
    domain::{
        gateway::Protocol,
        id::{AppId, CouponId, GatewayClientId, GatewayGrantId},
    },
    gateway::zvcms::{self, Zvcms},
    ops::audit::AuditScope,
    service::{desk::Desk, gateway_directory::GatewayDirectory, nonces::Nonces},
    store::{
        self,
        gateway_client::{Client, SealedSecrets},
        gateway_grant::Grant,
    },
    vault::Place,
};
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sqlx::PgPool;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::{admin::Admin, recount::recount, vault::vault};

pub const OPEN_ID: &str = "6dc05b4ac175cf316d226252b05cf685";
pub const GRANT: &str = "782c281f62";
pub const SECRET: &str = "a-secret-of-the-merchant-s-own-shop-0001";
pub const PATH: &str = "/api/v2";
pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";
pub const LIST: &str = "coupon.user-coupon-list";

pub struct Shop {
    pub admin: Admin,
    /// The merchant's own app, on which members are made accounts.
    pub app: Value,
    pub client: GatewayClientId,
    router: Router,
    nonces: AtomicU64,
}

/// What is left of the settings of the grant and the client of the tests.
#[derive(Default)]
pub struct Held {
    pub apps: Option<Vec<AppId>>,
    pub actions: Option<Vec<String>>,
    pub stores: Option<Vec<String>>,
}

impl Shop {
    /// With a client that signs as usual and a grant for everything.
    pub async fn open() -> Self {
        Self::with(json!({}), Held::default()).await
    }

    /// The same with these settings of the client, and its grant held to this.
    pub async fn with(client: Value, held: Held) -> Self {
        Self::on(true, &plenty(), client, held).await
    }

    /// The same on a server with these settings.
    pub async fn on(is_loopback: bool, settings: &Settings, client: Value, held: Held) -> Self {
        let admin = Admin::new().await;
        let state = &admin.state;
        let changed = Arc::new(Notify::new());
        let db = admin.db().clone();
        let directory =
            GatewayDirectory::open(db.clone(), admin.clock.clone(), vault(), changed).await;
        let desk = Desk::start(
            (db.clone(), vault()),
            admin.clock.clone(),
            state.known_terms.clone(),
            state.redeemer.clone(),
            state.issuer.clone(),
        );
        let (directory, nonces) = (Arc::new(directory.unwrap()), Nonces::start(db));
        let router = zvcms::router(Zvcms::new(desk, directory, nonces, settings, is_loopback));
        let app = json!({ "platform": "own", "app_key": "own", "name": "商城" });
        let app = admin.post("/v1/admin/apps", app).await.created()["id"].clone();
        let client = plant_client(admin.db(), OPEN_ID, client).await;
        plant_grant(admin.db(), client, GRANT, held).await;
        Self { admin, app, client, router, nonces: AtomicU64::new(1) }
    }

    /// Somebody whom the merchant told us of.
    pub async fn member(&self, uid: &str, fields: Value) {
        self.admin.put(&format!("/v1/members/{uid}"), fields).await.ok();
    }

    /// A template with the sample terms and these fields besides, of which so many can be claimed; its number.
    pub async fn template(&self, fields: Value, stock: i64) -> i64 {
        let app = self.app.clone();
        self.template_on(&app, fields, stock).await
    }

    pub async fn template_on(&self, app: &Value, fields: Value, stock: i64) -> i64 {
        let template = json!(self.admin.given_template(fields).await);
        self.admin.given_claimable_on(app, &template, stock).await;
        let path = format!("/v1/admin/templates/{}", template.as_str().unwrap());
        self.admin.get(&path).await.ok()["number"].as_i64().unwrap()
    }

    /// A coupon of a new template in this member's hands, as the gateway shows it.
    pub async fn coupon(&self, uid: &str, fields: Value) -> Value {
        let template = self.template(fields, 10).await;
        // Each is older than the next.
        self.admin.clock.advance(TimeDelta::milliseconds(1));
        self.receive(uid, template, &format!("given-{template}")).await.done()
    }

    pub async fn receive(&self, uid: &str, template: i64, request_no: &str) -> Heard {
        let params = json!({ "user_id": uid, "coupon_id": template, "out_request_no": request_no });
        self.ask("coupon.receive", params).await
    }

    /// The id by which our own API knows the coupon.
    pub async fn our_id(&self, coupon: &Value) -> CouponId {
        let id: uuid::Uuid = sqlx::query_scalar("select coupon_id from coupon where code = $1")
            .bind(coupon["verify_code"].as_str())
            .fetch_one(self.admin.db())
            .await
            .unwrap();
        id.into()
    }

    /// A coupon as it is now.
    pub async fn look(&self, coupon: &Value) -> Value {
        self.ask("coupon.user-coupon-info", json!({ "id": coupon["id"] })).await.done()
    }

    /// The ids of what is listed.
    pub async fn listed(&self, params: Value) -> Vec<i64> {
        let data = self.ask(LIST, params).await.done();
        let items = data["item_list"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_i64().unwrap()).collect()
    }

    /// A signed request as JSON.
    pub async fn ask(&self, action: &str, params: Value) -> Heard {
        self.send(&self.letter(action, params).signed(SECRET)).await
    }

    pub async fn send(&self, letter: &Letter) -> Heard {
        self.post(JSON, Value::Object(letter.0.clone()).to_string()).await
    }

    pub async fn post(&self, content_type: &str, body: impl Into<Body>) -> Heard {
        let mut request = Request::post(PATH);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        self.call(request.body(body.into()).unwrap()).await
    }

    /// A request to the letter.
    pub async fn call(&self, request: Request<Body>) -> Heard {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.into()).unwrap();
        assert_eq!(status, StatusCode::OK, "{text}");
        Heard(text)
    }

    /// What is to be signed, made now and with a nonce that nobody has used.
    pub fn letter(&self, action: &str, params: Value) -> Letter {
        let nonce = 1000 + self.nonces.fetch_add(1, Ordering::Relaxed);
        let fields = json!({
            "OpenId": OPEN_ID, "GrantCode": GRANT, "Nonce": nonce.to_string(), "Action": action,
            "Timestamp": self.admin.clock.now().timestamp().to_string(),
        });
        Letter(fields.as_object().unwrap().clone()).with("Params", params)
    }

    pub async fn is_sound(&self) {
        recount(self.admin.db(), self.admin.clock.now(), AuditScope::DataOnly).await;
    }
}

/// A request, with a token or without.
#[derive(Debug, Clone)]
pub struct Letter(pub Map<String, Value>);

impl Letter {
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With the token that belongs to it as it is.
    #[must_use]
    pub fn signed(self, secret: &str) -> Self {
        let token = self.token(secret);
        self.with("Token", token)
    }

    /// Base64, not encoded for anything.
    pub fn token(&self, secret: &str) -> String {
        let mut pairs = BTreeMap::new();
        let plain = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        for (name, value) in &self.0 {
            match (name.as_str(), value) {
                ("Params", Value::Object(params)) => {
                    pairs.extend(params.iter().map(|(n, v)| (format!("Params.{n}"), plain(v))));
                }
                ("Token" | "Params", _) => {}
                _ => drop(pairs.insert(name.clone(), plain(value))),
            }
        }
        let pairs: Vec<_> = pairs.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
        let message = format!("POST{PATH}?{}", pairs.join("&"));
        let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
        STANDARD.encode(mac.chain_update(message).finalize().into_bytes())
    }
}

/// An answer, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard(pub String);

impl Heard {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.0).unwrap()
    }

    pub fn code(&self) -> i64 {
        self.body()["code"].as_i64().unwrap()
    }

    /// The data of a success.
    #[track_caller]
    pub fn done(&self) -> Value {
        assert_eq!(self.code(), 0, "{}", self.0);
        self.body()["data"].clone()
    }

    /// Asserts that it is this failure, of the business from 20000 on.
    #[track_caller]
    pub fn failed(&self, code: i64, message: &str) {
        let body = json!({ "status": code >= 20_000, "code": code, "message": message });
        assert_eq!(self.body(), body);
    }
}

/// Nobody is held up: a clock that is moved by hand gives no token back.
pub fn plenty() -> Settings {
    Settings { client_burst: 1_000_000, claim_burst: 1_000_000, ..Settings::default() }
}

/// A client with the secret of the tests.
pub async fn plant_client(db: &PgPool, name: &str, settings: Value) -> GatewayClientId {
    let now = super::admin::noon();
    let id = GatewayClientId::new(now);
    let client = Client {
        id,
        protocol: Protocol::Zvcms,
        name: name.to_owned(),
        settings,
        apps: None,
        old_secret_until: None,
        version: 1,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    let secrets = SealedSecrets {
        client: id,
        secret: sealed(Place::gateway_secret(id.uuid()), SECRET),
        old_secret: None,
        salt: None,
    };
    let mut conn = db.acquire().await.unwrap();
    store::gateway_client::insert(&mut conn, &client, &secrets).await.unwrap();
    store::gateway_client::mark_changed(&mut conn).await.unwrap();
    id
}

pub fn sealed(place: Place, secret: &str) -> Vec<u8> {
    vault().seal(place, secret).unwrap()
}

pub async fn plant_grant(db: &PgPool, client: GatewayClientId, code: &str, held: Held) {
    let now = super::admin::noon();
    let Held { apps, actions, stores } = held;
    let grant = Grant {
        id: GatewayGrantId::new(now),
        client,
        code: code.to_owned(),
        apps,
        actions,
        stores,
        created_at: now,
        revoked_at: None,
    };
    let mut conn = db.acquire().await.unwrap();
    store::gateway_grant::insert(&mut conn, &grant).await.unwrap();
    store::gateway_client::mark_changed(&mut conn).await.unwrap();
}
