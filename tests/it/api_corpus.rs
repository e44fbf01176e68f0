//! Every bad request to the API that we could think of, one after the other. None may leave anything behind, and after
//! each the books agree and a good request is answered.

use axum::body::Body;
use chrono::TimeDelta;
use http::{HeaderName, Request};
use kaquan::{
    api::route,
    clock::Clock,
    config::limits::Limits,
    domain::{
        access::{Grant, Role, Scope},
        people::OpenId,
    },
    ops::audit::AuditScope,
    service::{create_key::create_key, mini_session, revoke_key::revoke_key},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::{
    admin::{Admin, Reply, lifetime, terms},
    engine::Said,
    people,
    plant::{self, Campaign},
    recount::recount,
    vault::vault,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    row: u32,
    name: String,
    needs: Option<String>,
    caller: Who,
    method: String,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<Value>,
    text: Option<String>,
    terms: Option<Map<String, Value>>,
    #[serde(default = "once")]
    times: u32,
    status: u16,
    code: Option<String>,
    #[serde(default)]
    absent: Vec<String>,
    effect: Option<Effect>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    Nobody,
    Owner,
    Clerk,
    Orders,
    Revoked,
    Holder,
    LoggedOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Some,
}

const fn once() -> u32 {
    1
}

fn cases() -> Vec<Case> {
    let files = [
        include_str!("../fixtures/api/mini.jsonl"),
        include_str!("../fixtures/api/tills.jsonl"),
        include_str!("../fixtures/api/admin.jsonl"),
    ];
    let read =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    files.into_iter().flat_map(str::lines).map(read).collect()
}

/// A merchant with two people who have a coupon each.
struct Scene {
    admin: Admin,
    words: Vec<(&'static str, String)>,
    clerk: String,
    orders: String,
    revoked: String,
    session: String,
    ended: String,
}

impl Scene {
    async fn new() -> Self {
        let admin = Admin::with_limits(vault(), &Limits::default()).await;
        let campaign = Campaign::plant(admin.db(), &plant::terms(), 10).await;
        let mine = admin.state.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
        let others = admin.state.issuer.issue(campaign.request("r-2", "open-2")).await.coupon();
        let session = Self::session(&admin, &campaign).await;
        let ended = Self::session(&admin, &campaign).await;
        let over = mini_session::recognise(admin.db(), admin.clock.now(), lifetime(), &ended);
        let over = over.await.unwrap().unwrap().session;
        mini_session::close(admin.db(), admin.clock.now(), over).await.unwrap();
        let (key_row, key) =
            create_key(admin.db(), admin.clock.now(), "gone", Role::Owner).await.unwrap();
        let revoked = key.reveal().to_owned();
        revoke_key(admin.db(), admin.clock.now(), key_row.id).await.unwrap();
        // Longer words first, so that none is mistaken for the beginning of another.
        let words = vec![
            ("$placement", campaign.placement.to_string()),
            ("$template", campaign.template.to_string()),
            ("$session", session.clone()),
            ("$nobodys", "cpn_00000000000070008000000000000001".to_owned()),
            ("$unknown", "NOBODYSCODE".to_owned()),
            ("$coupon", mine.id.to_string()),
            ("$others", others.id.to_string()),
            ("$owner", admin.owner.clone()),
            ("$code", mine.code.as_str().to_owned()),
            ("$k256", "k".repeat(256)),
            ("$a1m", "a".repeat(1 << 20)),
            ("$app", campaign.app.to_string()),
        ];
        let clerk = admin.key(Role::Clerk).await;
        let orders = people::key(&admin.state, Grant::Scopes(vec![Scope::Redeem])).await;
        Self { admin, words, clerk, orders, revoked, session, ended }
    }

    async fn session(admin: &Admin, campaign: &Campaign) -> String {
        let open_id = OpenId::parse("open-1").unwrap();
        let (db, now) = (admin.db(), admin.clock.now());
        let opened = mini_session::open(db, now, lifetime(), campaign.app, &open_id).await.unwrap();
        opened.token.reveal().to_owned()
    }

    fn fill_in(&self, case: &Case, turn: u32, text: &str) -> String {
        let text = text
            .replace(
                "$name",
                &uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, case.name.as_bytes()).to_string(),
            )
            .replace("$time", &turn.to_string());
        self.words.iter().fold(text, |text, (word, meaning)| text.replace(word, meaning))
    }

    async fn send(&self, case: &Case, turn: u32) -> Reply {
        let path = self.fill_in(case, turn, &case.path);
        let mut request = Request::builder().method(case.method.as_str()).uri(path);
        let shown = match case.caller {
            Who::Nobody => None,
            Who::Owner => Some(&self.admin.owner),
            Who::Clerk => Some(&self.clerk),
            Who::Orders => Some(&self.orders),
            Who::Revoked => Some(&self.revoked),
            Who::Holder => Some(&self.session),
            Who::LoggedOut => Some(&self.ended),
        };
        if let Some(shown) = shown {
            request = request.header("authorization", format!("Bearer {shown}"));
        }
        for (name, value) in &case.headers {
            request = request.header(name, self.fill_in(case, turn, value));
        }
        let terms = case.terms.as_ref().map(|fields| terms(&Value::Object(fields.clone())));
        let json = case.body.as_ref().or(terms.as_ref()).map(ToString::to_string);
        let body = case.text.clone().or(json);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = self.fill_in(case, turn, &body.unwrap_or_default());
        self.admin.send(request.body(Body::from(body)).unwrap()).await
    }

    /// The rows of every table but those that remember requests.
    async fn rows(&self) -> Vec<(String, i64)> {
        let tables: Vec<String> = sqlx::query_scalar(
            "select table_name::text from information_schema.tables
             where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'idempotency'
             order by 1",
        )
        .fetch_all(self.admin.db())
        .await
        .unwrap();
        let counts: Vec<_> = tables
            .iter()
            // That somebody at work asked for something is history, whatever came of it.
            .map(|table| match table.as_str() {
                "event" => "select 'event', count(*) from event where kind not like 'operator.%'"
                    .to_owned(),
                _ => format!("select '{table}', count(*) from \"{table}\""),
            })
            .collect();
        let query = sqlx::AssertSqlSafe(counts.join(" union all "));
        sqlx::query_as(query).fetch_all(self.admin.db()).await.unwrap()
    }
}

fn is_there(route: &str) -> bool {
    route::all().any(|known| format!("{} {}", known.method.to_uppercase(), known.path) == route)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_are_answered_as_documented_and_leave_nothing_behind() {
    let scene = Scene::new().await;
    let mut wrong = Vec::new();
    for case in cases() {
        // Buckets are full again.
        scene.admin.clock.advance(TimeDelta::minutes(10));
        let before = scene.rows().await;

        let mut reply = scene.send(&case, 0).await;
        for turn in 1..case.times {
            reply = scene.send(&case, turn).await;
        }

        let what = format!("{} {}", case.row, case.name);
        let seen = (reply.status.as_u16(), reply.body["code"].as_str());
        if seen != (case.status, case.code.as_deref()) {
            wrong.push(format!("{what}: {seen:?} {}", reply.body));
        }
        let absent = case.absent.iter().map(|name| HeaderName::try_from(name).unwrap());
        for name in absent.filter(|name| reply.headers.contains_key(name)) {
            wrong.push(format!("{what}: the header {name}"));
        }
        if reply.headers["cache-control"] != "no-store" {
            wrong.push(format!("{what}: may be stored"));
        }
        if case.effect.is_none() && scene.rows().await != before {
            wrong.push(format!("{what}: something is left behind"));
        }
        recount(scene.admin.db(), scene.admin.clock.now(), AuditScope::DataOnly).await;
        scene.admin.get("/v1/admin/apps").await.ok();
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_route_that_a_case_needs_is_there() {
    for needed in cases().iter().filter_map(|case| case.needs.as_deref()) {
        assert!(is_there(needed), "{needed} is nowhere");
    }
}
