//! Wrong passwords: who has to wait after them, and who has not.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use chrono::TimeDelta;
use kaquan::service::forget_old::forget_networks;
use serde_json::{Value, json};

use crate::support::admin::{Admin, Reply};

const PASSWORD: &str = "correct horse battery";
const HOME: &str = "198.51.100.7";
const STRANGER: &str = "192.0.2.1";

async fn given_operator(admin: &Admin) -> Value {
    let body = json!({ "login": "known", "name": "小王", "role": "owner", "password": PASSWORD });
    admin.post("/v1/admin/operators", body).await.created()
}

async fn log_in(admin: &Admin, from: &str, password: &str) -> Reply {
    let body = json!({ "login": "known", "password": password }).to_string();
    let mut request = admin.request("POST", "/v1/admin/sessions", body);
    request.headers_mut().remove("authorization");
    let peer: SocketAddr = format!("{from}:1").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    admin.send(request).await
}

async fn wrong(admin: &Admin, from: &str) -> Value {
    log_in(admin, from, "wrong password").await.problem(401, "wrong_credentials")
}

/// Wrong passwords from thirty networks leave so much behind; it is not worth the work of their hashes.
async fn given_many_wrong(admin: &Admin) {
    sqlx::query("update operator set blocked_until = $1::timestamptz + interval '1 minute'")
        .bind(admin.state.now())
        .execute(admin.db())
        .await
        .unwrap();
}

/// How many wrong passwords were looked at.
async fn looked_at(admin: &Admin) -> i64 {
    sqlx::query_scalar("select coalesce(sum(failures), 0) from operator_network")
        .fetch_one(admin.db())
        .await
        .unwrap()
}

#[tokio::test]
async fn whoever_guesses_makes_nobody_wait_but_themselves() {
    let admin = Admin::new().await;
    given_operator(&admin).await;

    for pause in [1, 2, 4, 8, 16, 32] {
        wrong(&admin, STRANGER).await;
        admin.clock.advance(TimeDelta::seconds(pause));
    }
    wrong(&admin, STRANGER).await;
    let stranger = log_in(&admin, STRANGER, PASSWORD).await;
    let at_home = log_in(&admin, HOME, PASSWORD).await;
    let still_resting = log_in(&admin, STRANGER, PASSWORD).await;

    stranger.problem(401, "wrong_credentials");
    at_home.created();
    still_resting.problem(401, "wrong_credentials");
}

#[tokio::test]
async fn addresses_of_one_network_of_ipv6_guess_together() {
    let admin = Admin::new().await;
    given_operator(&admin).await;

    wrong(&admin, "[2001:db8::1]").await;

    log_in(&admin, "[2001:db8::2]", PASSWORD).await.problem(401, "wrong_credentials");
    log_in(&admin, "[2001:db8:0:1::2]", PASSWORD).await.created();
}

#[tokio::test]
async fn many_networks_slow_the_account_for_those_it_does_not_know_and_for_nobody_else() {
    let admin = Admin::new().await;
    given_operator(&admin).await;
    log_in(&admin, HOME, PASSWORD).await.created();

    for n in 0..32 {
        wrong(&admin, &format!("203.0.113.{n}")).await;
    }
    let looked_at_once = looked_at(&admin).await;
    let mut away = log_in(&admin, "192.0.2.9", PASSWORD).await.problem(401, "wrong_credentials");
    let at_home = log_in(&admin, HOME, PASSWORD).await;
    admin.clock.advance(TimeDelta::minutes(1));
    wrong(&admin, "192.0.2.10").await;
    wrong(&admin, "192.0.2.11").await;
    let looked_at_after_a_minute = looked_at(&admin).await;
    admin.clock.advance(TimeDelta::minutes(1));
    let away_later = log_in(&admin, "192.0.2.9", PASSWORD).await;
    let unknown = admin.post("/v1/admin/sessions", json!({ "login": "nobody", "password": "x" }));
    let mut unknown = unknown.await.problem(401, "wrong_credentials");

    assert_eq!((looked_at_once, looked_at_after_a_minute), (30, 31));
    at_home.created();
    away_later.created();
    for told in [&mut away, &mut unknown] {
        told.as_object_mut().unwrap().remove("request_id");
    }
    assert_eq!(away, unknown);
}

#[tokio::test]
async fn a_known_network_waits_for_its_own_wrong_passwords_only() {
    let admin = Admin::new().await;
    given_operator(&admin).await;
    log_in(&admin, HOME, PASSWORD).await.created();

    wrong(&admin, HOME).await;
    let resting = log_in(&admin, HOME, PASSWORD).await;
    let closed: bool = sqlx::query_scalar("select blocked_until is not null from operator")
        .fetch_one(admin.db())
        .await
        .unwrap();
    let away = log_in(&admin, STRANGER, PASSWORD).await;

    resting.problem(401, "wrong_credentials");
    assert_eq!((looked_at(&admin).await, closed), (1, false));
    away.created();
}

#[tokio::test]
async fn a_network_is_known_for_thirty_days_and_then_forgotten() {
    let admin = Admin::new().await;
    given_operator(&admin).await;
    log_in(&admin, HOME, PASSWORD).await.created();
    let networks = async || {
        let all: Vec<String> =
            sqlx::query_scalar("select network from operator_network where failures = 0")
                .fetch_all(admin.db())
                .await
                .unwrap();
        all
    };

    admin.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    given_many_wrong(&admin).await;
    log_in(&admin, "192.0.2.9", PASSWORD).await.problem(401, "wrong_credentials");
    forget_networks(admin.db(), admin.state.now()).await.unwrap();
    let before = networks().await;
    admin.clock.advance(TimeDelta::seconds(1));
    log_in(&admin, HOME, PASSWORD).await.problem(401, "wrong_credentials");
    let forgotten = forget_networks(admin.db(), admin.state.now()).await.unwrap();

    assert_eq!(before, ["198.51.100.7/32"]);
    assert_eq!((forgotten, networks().await), (1, Vec::new()));
}

#[tokio::test]
async fn with_another_password_all_begins_anew() {
    let admin = Admin::new().await;
    let operator = given_operator(&admin).await;
    wrong(&admin, HOME).await;
    given_many_wrong(&admin).await;
    let path = format!("/v1/admin/operators/{}", operator["id"].as_str().unwrap());

    admin.patch(&path, json!({ "password": "another good one" })).await.ok();

    log_in(&admin, "203.0.113.1", "another good one").await.created();
    log_in(&admin, HOME, "another good one").await.created();
}

#[tokio::test]
async fn whoever_changes_their_password_does_not_wait_for_strangers() {
    let admin = Admin::new().await;
    given_operator(&admin).await;
    let session = log_in(&admin, HOME, PASSWORD).await.created();
    given_many_wrong(&admin).await;
    let change = async |from: &str, present: &str| {
        let body = json!({ "current_password": present, "new_password": "another good one" });
        let path = "/v1/admin/sessions/current/password";
        let mut request = admin.request("POST", path, body.to_string());
        let token = format!("Bearer {}", session["token"].as_str().unwrap());
        request.headers_mut().insert("authorization", token.parse().unwrap());
        let peer: SocketAddr = format!("{from}:1").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        admin.send(request).await
    };

    let stolen = change(STRANGER, PASSWORD).await;
    let changed = change(HOME, PASSWORD).await;

    stolen.problem(403, "wrong_password");
    assert_eq!(changed.status, 204);
}
