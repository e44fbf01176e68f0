//! The admin API over a fresh database and a clock moved by hand, spoken to as a merchant's system would.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kaquan::{
    api::{self, ApiState, export::Exports, limits::Limits},
    clock::{Clock, ManualClock},
    config::{self, issuing::Issuing},
    domain::access::Role,
    issuing::{self, Engine},
    platform::{webhooks::target::Reach, wechat::desk::Desk},
    service::{
        authenticate::Keys, create_key::create_key, known_terms::KnownTerms,
        mini_session::Lifetime, password::Passwords, redeem::Redeemer,
    },
    vault::Vault,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::{database::TestDatabase, login::nobody_logs_in, vault::vault};

pub struct Admin {
    pub database: TestDatabase,
    pub vault: Vault,
    pub clock: Arc<ManualClock>,
    pub changed: Arc<Notify>,
    pub state: ApiState,
    pub router: Router,
    pub owner: String,
    _engine: Engine,
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// In the claim window of the sample terms.
pub fn noon() -> DateTime<Utc> {
    "2026-11-11T12:00:00+08:00".parse().unwrap()
}

/// The same API over another database.
pub fn on_database(state: ApiState, db: &PgPool, clock: Arc<ManualClock>) -> ApiState {
    ApiState {
        db: db.clone(),
        keys: Keys::start(db.clone()),
        redeemer: Redeemer::start(db.clone(), clock.clone(), state.known_terms.clone()),
        clock,
        ..state
    }
}

impl Admin {
    pub async fn new() -> Self {
        Self::with(vault()).await
    }

    /// The same with other master keys.
    pub async fn with(vault: Vault) -> Self {
        Self::with_limits(vault, &plenty()).await
    }

    /// The same with limits on how often callers may ask.
    pub async fn with_limits(vault: Vault, settings: &config::limits::Limits) -> Self {
        Self::at_desk(vault, settings, None).await
    }

    /// The same with somebody who asks WeChat.
    pub async fn at_desk(
        vault: Vault,
        settings: &config::limits::Limits,
        wechat: Option<Desk>,
    ) -> Self {
        let database = TestDatabase::new().await;
        let clock = Arc::new(ManualClock::at(noon()));
        let changed = Arc::new(Notify::new());
        let (issuer, engine) =
            issuing::start(&Issuing::default(), &database.options, clock.clone()).unwrap();
        let known_terms = KnownTerms::default();
        let state = ApiState {
            db: database.pool.clone(),
            keys: Keys::start(database.pool.clone()),
            redeemer: Redeemer::start(database.pool.clone(), clock.clone(), known_terms.clone()),
            vault: vault.clone(),
            issuer,
            clock: clock.clone(),
            public_url: "https://coupons.example.com/".parse().unwrap(),
            lifetime: lifetime(),
            login: nobody_logs_in(),
            wechat: wechat.unwrap_or_else(Desk::closed),
            passwords: Passwords::new(Duration::from_mins(1)),
            trusted_proxies: Arc::new([]),
            webhook_reach: Reach::Public,
            known_terms,
            limits: Arc::new(limits(settings)),
            exports: Exports::default(),
            changed: changed.clone(),
            gateway_changed: Arc::new(Notify::new()),
        };
        let router = api::router(state.clone());
        let (_, owner) = create_key(&database.pool, noon(), "owner", Role::Owner).await.unwrap();
        let owner = owner.reveal().to_owned();
        Self { database, vault, clock, changed, state, router, owner, _engine: engine }
    }

    pub fn db(&self) -> &PgPool {
        &self.database.pool
    }

    pub async fn key(&self, role: Role) -> String {
        let (_, key) = create_key(
            self.db(),
            self.clock.now(),
            &format!("{role:?} {}", uuid::Uuid::new_v4()),
            role,
        )
        .await
        .unwrap();
        key.reveal().to_owned()
    }

    /// Any request at all.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let kind = parts.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
        let body = if body.is_empty() {
            Value::Null
        } else if !kind.contains("json") || kind.contains("ndjson") {
            String::from_utf8_lossy(&body).into()
        } else {
            serde_json::from_slice(&body).expect("every body is JSON")
        };
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub fn request(&self, method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
        Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header("authorization", format!("Bearer {}", self.owner))
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path, Body::empty())).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request("POST", path, body.to_string())).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(self.request("PATCH", path, body.to_string())).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(self.request("PUT", path, body.to_string())).await
    }

    pub async fn upload(&self, template: &str, file: impl Into<Body>) -> Reply {
        let path = format!("/v1/admin/templates/{template}/code-imports");
        let mut request = self.request("POST", &path, file);
        request.headers_mut().insert("content-type", "text/csv; charset=utf-8".parse().unwrap());
        self.send(request).await
    }

    /// A Baidu app; its id.
    pub async fn given_app(&self, app_key: &str) -> String {
        let body = json!({ "platform": "baidu", "app_key": app_key, "name": "商城" });
        self.post("/v1/admin/apps", body).await.created()["id"].as_str().unwrap().to_owned()
    }

    /// A template with the sample terms and these fields besides; its id.
    pub async fn given_template(&self, fields: Value) -> String {
        let reply = self.post("/v1/admin/templates", terms(&fields)).await;
        reply.created()["id"].as_str().unwrap().to_owned()
    }

    /// A placement of a new template on a new app, as it was shown when it was made.
    pub async fn given_placement(&self) -> Value {
        let (app, template) = (self.given_app("key").await, self.given_template(json!({})).await);
        let body = json!({ "template_id": template, "app_id": app, "platform_ref": "1001" });
        self.post("/v1/admin/placements", body).await.created()
    }

    pub async fn route_version(&self) -> i64 {
        sqlx::query_scalar("select version from route_version").fetch_one(self.db()).await.unwrap()
    }
}

/// The sample terms with some fields replaced.
pub fn terms(fields: &Value) -> Value {
    let mut terms: Value = serde_json::from_str(include_str!("../../fixtures/terms.json")).unwrap();
    for (name, value) in fields.as_object().unwrap() {
        terms[name] = value.clone();
    }
    terms
}

impl Reply {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        self.body
    }

    #[track_caller]
    pub fn created(self) -> Value {
        assert_eq!(self.status, StatusCode::CREATED, "{:?}", self.body);
        self.body
    }

    /// Asserts that this is a problem document with this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{:?}",
            self.body
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        self.body
    }
}

/// Nobody is held up: a clock that is moved by hand gives no token back.
pub fn plenty() -> config::limits::Limits {
    let most = 1_000_000;
    config::limits::Limits {
        server_burst: most,
        person_burst: most,
        stranger_burst: most,
        unauthenticated_burst: most,
        unknown_codes: most,
        ..config::limits::Limits::default()
    }
}

/// Counters that nobody has used.
pub fn limits(settings: &config::limits::Limits) -> Limits {
    Limits::new(settings, Arc::new([]))
}

/// How long sessions last in tests.
pub fn lifetime() -> Lifetime {
    Lifetime { idle: TimeDelta::days(7), most: TimeDelta::days(30) }
}
