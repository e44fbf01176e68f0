//! Keys of the merchant's servers: made, exchanged, kept to their networks, stopped.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use chrono::TimeDelta;
use http::{Request, StatusCode};
use kaquan::{
    api::{self, ApiState},
    domain::access::Role,
};
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, Reply},
    command::{database_url, kaquan},
};

async fn look(admin: &Admin, key: &str) -> Reply {
    from(admin, key, None, None).await
}

async fn from(admin: &Admin, key: &str, peer: Option<&str>, forwarded: Option<&str>) -> Reply {
    let mut request =
        Request::get("/v1/admin/apps").header("authorization", format!("Bearer {key}"));
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(peer) = peer {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    admin.send(request).await
}

async fn make(admin: &Admin, body: Value) -> Value {
    admin.post("/v1/admin/keys", body).await.created()
}

async fn rotate(admin: &Admin, id: &Value, body: Value) -> Reply {
    admin.post(&format!("/v1/admin/keys/{}/rotate", id.as_str().unwrap()), body).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_listed_without_its_secret() {
    let admin = Admin::new().await;

    let body = json!({ "name": "till", "scopes": ["redeem", "read"], "sources": ["10.0.0.0/8"] });
    let made = make(&admin, body).await;
    let listed = admin.get("/v1/admin/keys").await.ok();

    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("kq_") && key.len() == 52);
    assert!(!listed.to_string().contains(&key[10..]));
    let shown = listed["data"].as_array().unwrap().iter().find(|one| one["id"] == made["id"]);
    let shown = shown.unwrap();
    assert_eq!(shown["scopes"], json!(["read", "redeem"]));
    assert_eq!((&shown["role"], &shown["sources"]), (&json!(null), &json!(["10.0.0.0/8"])));
}

#[tokio::test]
async fn what_is_no_key_is_told() {
    let admin = Admin::new().await;
    make(&admin, json!({ "name": "till", "role": "clerk" })).await;
    let post = async |body| admin.post("/v1/admin/keys", body).await;

    post(json!({ "name": "till", "role": "clerk" })).await.problem(409, "name_taken");
    for bad in [
        json!({ "name": "a" }),
        json!({ "name": "a", "role": "owner", "scopes": ["read"] }),
        json!({ "name": "", "role": "owner" }),
        json!({ "name": "a", "role": "owner", "sources": ["10.0.0.0/33"] }),
        json!({ "name": "a", "role": "owner", "sources": ["shop.example"] }),
    ] {
        post(bad).await.problem(422, "invalid_values");
    }
    post(json!({ "name": "a", "role": "king" })).await.problem(400, "invalid_body");
}

#[tokio::test]
async fn both_keys_count_while_they_overlap_and_there_is_never_a_third() {
    let admin = Admin::new().await;
    let old = make(&admin, json!({ "name": "shop", "role": "operator" })).await;

    let new = rotate(&admin, &old["id"], json!({ "overlap_seconds": 3600 })).await.created();
    let third = rotate(&admin, &new["id"], json!({})).await;

    third.problem(409, "two_keys_already");
    let (old_key, new_key) = (old["key"].as_str().unwrap(), new["key"].as_str().unwrap());
    assert_eq!((&new["name"], &new["role"]), (&old["name"], &old["role"]));
    look(&admin, old_key).await.ok();
    look(&admin, new_key).await.ok();
    admin.clock.advance(TimeDelta::seconds(3599));
    look(&admin, old_key).await.ok();
    admin.clock.advance(TimeDelta::seconds(1));
    look(&admin, old_key).await.problem(401, "unauthenticated");
    look(&admin, new_key).await.ok();
    rotate(&admin, &old["id"], json!({})).await.problem(409, "wrong_state");
    let next = rotate(&admin, &new["id"], json!({ "overlap_seconds": 0 })).await.created();
    look(&admin, new_key).await.problem(401, "unauthenticated");
    look(&admin, next["key"].as_str().unwrap()).await.ok();
    let ages = json!({ "overlap_seconds": 31 * 86_400 });
    rotate(&admin, &next["id"], ages).await.problem(422, "invalid_values");
    let nobodys = json!("key_00000000000070008000000000000001");
    rotate(&admin, &nobodys, json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn of_two_who_exchange_a_key_at_once_one_is_told_no() {
    let admin = Admin::new().await;
    let old = make(&admin, json!({ "name": "shop", "role": "operator" })).await;

    let (one, two) =
        tokio::join!(rotate(&admin, &old["id"], json!({})), rotate(&admin, &old["id"], json!({})));

    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::CONFLICT]);
}

#[tokio::test]
async fn a_stopped_key_is_refused_at_once_on_every_server() {
    let admin = Admin::new().await;
    let made = make(&admin, json!({ "name": "shop", "role": "auditor" })).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let other = api::router(admin.state.clone());
    look(&admin, key).await.ok();

    admin.post(&format!("/v1/admin/keys/{id}/revoke"), json!({})).await.ok();

    look(&admin, key).await.problem(401, "unauthenticated");
    let request = Request::get("/v1/admin/apps").header("authorization", format!("Bearer {key}"));
    let reply = tower::ServiceExt::oneshot(other, request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_is_good_in_its_own_networks_only() {
    let mut admin = Admin::new().await;
    admin.state = ApiState {
        trusted_proxies: std::sync::Arc::new(["10.9.0.0/16".parse().unwrap()]),
        ..admin.state
    };
    admin.router = api::router(admin.state.clone());
    let body = json!({ "name": "shop", "role": "auditor", "sources": ["203.0.113.0/24"] });
    let made = make(&admin, body).await;
    let key = made["key"].as_str().unwrap();

    for (peer, forwarded, good) in [
        (Some("203.0.113.7:1000"), None, true),
        (Some("198.51.100.1:1000"), None, false),
        // Nobody chooses an address by saying so, except through a proxy of ours.
        (Some("198.51.100.1:1000"), Some("203.0.113.7"), false),
        (Some("10.9.0.1:1000"), Some("203.0.113.7"), true),
        (Some("10.9.0.1:1000"), Some("198.51.100.1"), false),
        (None, None, false),
    ] {
        let reply = from(&admin, key, peer, forwarded).await;
        if good {
            reply.ok();
        } else {
            reply.problem(403, "source_not_allowed");
        }
    }
    let used: Option<String> =
        sqlx::query_scalar("select last_used_at::text from api_key where name = 'shop'")
            .fetch_one(admin.db())
            .await
            .unwrap();
    assert!(used.is_some());
}

#[tokio::test]
async fn nobody_but_owners_touches_keys() {
    let admin = Admin::new().await;
    let key = admin.key(Role::Operator).await;
    let mut request = admin.request("POST", "/v1/admin/keys", r#"{"name":"a","role":"auditor"}"#);
    request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());

    admin.send(request).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_command_makes_exchanges_and_stops_keys() {
    let admin = Admin::new().await;
    let url = database_url(&admin.database.options);
    let environment = [("DATABASE_URL", url.as_str())];
    let run = async |words: &[&str]| kaquan(words, &environment).await;

    let made =
        run(&["key", "create", "--name", "erp", "--scope", "read", "--scope", "claim", "--json"]);
    let made = made.await.json();
    let id = made["id"].as_str().unwrap();
    let next = run(&["key", "rotate", id, "--overlap", "1h", "--json"]).await.json();
    let third = run(&["key", "rotate", next["id"].as_str().unwrap()]).await;
    let listed = run(&["key", "list"]).await.out;
    run(&["key", "revoke", id, "--json"]).await.json();

    assert_eq!(made["scopes"], json!(["read", "claim"]));
    assert_eq!((&next["name"], &next["scopes"]), (&made["name"], &made["scopes"]));
    assert!(third.code == 1 && third.err.contains("two keys of this name"), "{third:?}");
    assert!(listed.contains("retiring") && listed.contains("read,claim"), "{listed}");
    let both = run(&["key", "create", "--name", "x", "--role", "clerk", "--scope", "read"]).await;
    assert_ne!(both.code, 0);
}
