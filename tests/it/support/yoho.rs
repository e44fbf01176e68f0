//! A merchant whose app speaks the Yoho protocol, and a caller that signs and checks as the documents say, with code of its
//! own.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, body::Body, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use http::Request;
use http_body_util::BodyExt;
use kaquan::{
    clock::{Clock, ManualClock},
    config::yoho::Yoho as Settings,
    domain::{gateway::Protocol, id::GatewayClientId},
    gateway::yoho::{self, Yoho},
    ops::audit::AuditScope,
    service::{desk::Desk, gateway_directory::GatewayDirectory},
    store::{
        self,
        gateway_client::{Client, SealedSecrets},
    },
    vault::Place,
};
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::sync::Notify;
use tower::ServiceExt;

use super::{admin::Admin, recount::recount, vault::vault};

pub const KEY: &str = "test-private-key-iphone";
pub const SALT: &str = "test-response-salt";

pub struct Shop {
    pub admin: Admin,
    pub router: Router,
}

/// What was heard, to the byte.
#[derive(Debug, PartialEq, Eq)]
pub struct Heard {
    pub status: u16,
    pub text: String,
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

impl Shop {
    /// With a client `iphone` that is trusted and sees everything.
    pub async fn open() -> Self {
        // As many claims at once as a test likes: a clock that is moved by hand gives no token back.
        let settings = Settings { claim_burst: 1_000_000, ..Settings::default() };
        Self::with(Admin::new().await, &settings).await
    }

    pub async fn with(admin: Admin, settings: &Settings) -> Self {
        let router = router(&admin, settings, admin.clock.clone()).await;
        let shop = Self { admin, router };
        shop.client("iphone", json!({}), None).await;
        shop
    }

    /// From now on the server's own clock is ahead of the database's.
    pub async fn is_ahead(&mut self, by: TimeDelta) {
        let clock = Arc::new(Wrong { by, database: self.admin.clock.clone() });
        self.router = router(&self.admin, &Settings::default(), clock).await;
    }
    /// A client with the key of the tests, which sees these apps; `None` for all.
    pub async fn client(
        &self,
        name: &str,
        settings: Value,
        apps: Option<&[&Value]>,
    ) -> GatewayClientId {
        let now = self.admin.clock.now();
        let (id, vault) = (GatewayClientId::new(now), vault());
        let seal = |place, text: &str| vault.seal(place, text).unwrap();
        let apps = apps
            .map(|apps| apps.iter().map(|app| app.as_str().unwrap().parse().unwrap()).collect());
        let client = Client {
            id,
            protocol: Protocol::Yoho,
            name: name.to_owned(),
            settings,
            apps,
            old_secret_until: None,
            version: 1,
            created_at: now,
            updated_at: now,
            disabled_at: None,
        };
        let sealed = SealedSecrets {
            client: id,
            secret: seal(Place::gateway_secret(id.uuid()), KEY),
            old_secret: None,
            salt: Some(seal(Place::gateway_salt(id.uuid()), SALT)),
        };
        let mut conn = self.admin.db().acquire().await.unwrap();
        store::gateway_client::insert(&mut conn, &client, &sealed).await.unwrap();
        store::gateway_client::mark_changed(&mut conn).await.unwrap();
        id
    }

    /// A template of the sample terms with these fields besides, placed on a new app of the merchant's own; its placement,
    /// with its `number`.
    pub async fn template(&self, fields: Value, stock: i64) -> Value {
        let key = uuid::Uuid::new_v4().simple().to_string();
        let app = json!({ "platform": "own", "app_key": key, "name": "商城" });
        let app = self.admin.post("/v1/admin/apps", app).await.created();
        let template = json!(self.admin.given_template(fields).await);
        let placement = self.admin.given_claimable_on(&app["id"], &template, stock);
        let mut placement = placement.await;
        placement["number"] = self.number(&placement["template_id"]).await;
        placement
    }

    pub async fn number(&self, template: &Value) -> Value {
        let path = format!("/v1/admin/templates/{}", template.as_str().unwrap());
        self.admin.get(&path).await.ok()["number"].to_string().into()
    }

    /// Somebody whom the merchant knows.
    pub async fn member(&self, uid: &str) {
        self.member_with(uid, json!({})).await;
    }

    pub async fn member_with(&self, uid: &str, what: Value) {
        self.admin.put(&format!("/v1/members/{uid}"), what).await.ok();
    }

    /// What a signed GET of `iphone` is answered.
    pub async fn ask(&self, method: &str, params: Pairs<'_>) -> Heard {
        self.get(&signed("iphone", method, params)).await
    }

    pub async fn get(&self, query: &str) -> Heard {
        self.send(Request::get(format!("/gateway?{query}")).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, query: &str, form: impl Into<Body>) -> Heard {
        let request = Request::post(format!("/gateway?{query}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into());
        self.send(request.unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Heard {
        let response: Response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(parts.headers["cache-control"], "no-store");
        if !body.is_empty() {
            assert_eq!(parts.headers["content-type"], "application/json;charset=UTF-8");
        }
        Heard { status: parts.status.as_u16(), text: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Claims a coupon, a millisecond after the one before; its code.
    pub async fn claim(&self, uid: &str, template: &Value) -> String {
        self.admin.clock.advance(TimeDelta::milliseconds(1));
        let number = template["number"].as_str().unwrap();
        let params = [("uid", uid), ("couponId", number)];
        self.ask("app.promotion.getCoupon", &params).await.ok().as_str().unwrap().to_owned()
    }

    /// The numbers of somebody's coupons in a tab.
    pub async fn tab(&self, uid: &str, tab: &str) -> Vec<i64> {
        let params = [("uid", uid), ("type", tab), ("page", "1"), ("limit", "100")];
        let page = self.ask("app.coupons.lists", &params).await.ok();
        let rows = page["couponList"].as_array().unwrap();
        assert_eq!(page["total"], rows.len());
        rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    pub async fn is_sound(&self) {
        recount(self.admin.db(), self.admin.clock.now(), AuditScope::DataOnly).await;
    }
}

async fn router(admin: &Admin, settings: &Settings, clock: Arc<dyn Clock>) -> Router {
    let state = &admin.state;
    let directory = GatewayDirectory::open(
        admin.db().clone(),
        admin.clock.clone(),
        vault(),
        Arc::new(Notify::new()),
    );
    let desk = Desk::start(
        (admin.db().clone(), vault()),
        clock,
        state.known_terms.clone(),
        state.redeemer.clone(),
        state.issuer.clone(),
    );
    let directory = Arc::new(directory.await.unwrap());
    yoho::router(Yoho::new(desk, directory, settings, Arc::new([])))
}

/// Of a server that nobody has set right.
struct Wrong {
    by: TimeDelta,
    database: Arc<ManualClock>,
}

impl Clock for Wrong {
    fn now(&self) -> DateTime<Utc> {
        self.database.now() + self.by
    }

    fn at_database(&self, _database_now: DateTime<Utc>) -> DateTime<Utc> {
        self.database.now()
    }

    fn instead_of_database(&self) -> Option<DateTime<Utc>> {
        Some(self.database.now())
    }
}

/// As a caller computes it: all that is sent, sorted, with the key among it.
pub fn sign(params: Pairs<'_>, key: &str) -> String {
    let mut all: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in params {
        all.entry(name).or_insert(value);
    }
    for unsigned in ["/api", "client_secret", "q", "debug_data"] {
        all.remove(unsigned);
    }
    all.insert("private_key", key);
    let pair = |(name, value)| format!("{name}={value}");
    // What Java calls blank.
    let trim = |pair: String| pair.trim_matches(|letter| letter <= ' ').to_owned();
    let pairs: Vec<_> = all.into_iter().map(pair).map(trim).collect();
    hex::encode(Md5::digest(pairs.join("&")))
}

/// A query with its signature at the end.
pub fn signed(client: &str, method: &str, params: Pairs<'_>) -> String {
    signed_with(KEY, client, method, params)
}

pub fn signed_with(key: &str, client: &str, method: &str, params: Pairs<'_>) -> String {
    let mut all = vec![("client_type", client), ("method", method)];
    all.extend(params);
    let secret = sign(&all, key);
    all.push(("client_secret", &secret));
    query(&all)
}

pub fn query(params: Pairs<'_>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full<'a> {
    alg: String,
    code: u16,
    #[serde(borrow)]
    data: &'a RawValue,
    md5: String,
    message: String,
}

impl Heard {
    /// Asserts the members, their order and the digest; the code, the text of `data` and the message.
    #[track_caller]
    pub fn full(&self) -> (u16, &str, String) {
        assert_eq!(self.status, 200, "{self:?}");
        let Full { alg, code, data, md5, message } =
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let data = data.get();
        assert_eq!(alg, "SALT_MD5");
        assert_eq!(md5, hex::encode(Md5::digest(format!("{SALT}:{data}"))));
        let again = format!(
            r#"{{"alg":"SALT_MD5","code":{code},"data":{data},"md5":"{md5}","message":"{message}"}}"#
        );
        assert_eq!(self.text, again);
        (code, data, message)
    }

    /// What is said, when it is a "yes".
    #[track_caller]
    pub fn ok(&self) -> Value {
        let (code, data, _) = self.full();
        assert_eq!(code, 200, "{self:?}");
        serde_json::from_str(data).unwrap()
    }

    /// Asserts an answer of exactly two members.
    #[track_caller]
    pub fn bare(&self, code: u16, message: &str) {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.text, format!(r#"{{"code":{code},"message":"{message}"}}"#));
    }

    #[track_caller]
    pub fn empty(&self, status: u16) {
        assert_eq!((self.status, &*self.text), (status, ""));
    }
}
