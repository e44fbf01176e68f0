//! Endpoints over the admin API: the secret is shown once, private addresses are refused, and they are no apps.

use chrono::TimeDelta;
use http::StatusCode;
use kaquan::domain::access::Role;
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    command::{database_url, kaquan},
    database::TestDatabase,
    vault::KEYS,
};

const ENDPOINTS: &str = "/v1/admin/webhook-endpoints";

fn body() -> Value {
    json!({ "name": "商城", "url": "https://shop.example.com/hook", "kinds": ["coupon.claimed", "stock.low"] })
}

fn path(endpoint: &Value) -> String {
    format!("{ENDPOINTS}/{}", endpoint["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_endpoint_is_added_read_changed_and_disabled_and_shows_its_secret_once() {
    let admin = Admin::new().await;

    let made = admin.post(ENDPOINTS, body()).await.created();
    let path = path(&made);
    let shown = admin.get(&path).await.ok();
    let listed = admin.get(ENDPOINTS).await.ok();
    let edit = json!({ "version": 1, "kinds": ["coupon.redeemed"], "name": "收银" });
    let edited = admin.patch(&path, edit.clone()).await.ok();
    admin.patch(&path, edit).await.problem(409, "version_conflict");
    let gone = admin.send(admin.request("DELETE", &path, "")).await.ok();
    let test = admin.post(&format!("{path}/test"), json!({})).await;
    let back = admin.patch(&path, json!({ "version": 3, "enabled": true })).await.ok();

    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    insta::assert_json_snapshot!(shown, { ".id" => "app_…" }, @r#"
    {
      "created_at": "2026-11-11T04:00:00Z",
      "disabled_at": null,
      "enabled": true,
      "id": "app_…",
      "kinds": [
        "coupon.claimed",
        "stock.low"
      ],
      "name": "商城",
      "old_secret_until": null,
      "updated_at": "2026-11-11T04:00:00Z",
      "url": "https://shop.example.com/hook",
      "version": 1
    }
    "#);
    assert_eq!(listed["data"], json!([shown]));
    assert_eq!((&edited["kinds"], &edited["name"]), (&json!(["coupon.redeemed"]), &json!("收银")));
    assert_eq!((&gone["enabled"], &back["enabled"]), (&json!(false), &json!(true)));
    test.problem(409, "wrong_state");
}

#[tokio::test]
async fn what_will_not_do_is_refused_with_its_reason() {
    let admin = Admin::new().await;

    for (field, value) in [
        ("url", json!("http://shop.example.com/hook")),
        ("url", json!("https://127.0.0.1/hook")),
        ("url", json!("https://0x7f.1/hook")),
        ("url", json!("https://[::ffff:7f00:1]/hook")),
        ("url", json!("https://localhost./hook")),
        ("url", json!("https://shop.example.com:8443/hook")),
        ("kinds", json!([])),
        ("kinds", json!(["stock.low", "stock.low"])),
        ("kinds", json!(["operator.asked"])),
        ("name", json!(" ")),
    ] {
        let mut wrong = body();
        wrong[field] = value.clone();

        let problem = admin.post(ENDPOINTS, wrong).await.problem(422, "invalid_values");

        assert_eq!(problem["problems"][0]["param"], field, "{value}");
    }
    let mut unknown = body();
    unknown["kinds"] = json!(["coupon.eaten"]);
    admin.post(ENDPOINTS, unknown).await.problem(400, "invalid_body");
    let path = path(&admin.post(ENDPOINTS, body()).await.created());
    let edit = json!({ "version": 1, "url": "https://10.0.0.1/" });
    admin.patch(&path, edit).await.problem(422, "invalid_values");
}

#[tokio::test]
async fn only_who_may_change_access_sees_endpoints() {
    let admin = Admin::new().await;

    for role in [Role::Auditor, Role::Operator, Role::Clerk] {
        let key = admin.key(role).await;
        let mut request = admin.request("GET", ENDPOINTS, "");
        let bearer = format!("Bearer {key}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);

        admin.send(request).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn an_endpoint_is_no_app_but_has_a_channel() {
    let admin = Admin::new().await;
    let made = admin.post(ENDPOINTS, body()).await.created();
    let id = made["id"].as_str().unwrap();
    let app = format!("/v1/admin/apps/{id}");
    let template = admin.given_template(json!({})).await;

    let listed = admin.get("/v1/admin/apps").await.ok();
    let paused =
        admin.post(&format!("{app}/channel/pause"), json!({ "reason": "维护" })).await.ok();
    let slower =
        admin.patch(&format!("{app}/channel"), json!({ "calls_per_second": 2.0 })).await.ok();
    let placed = json!({ "template_id": template, "app_id": id });
    let placed = admin.post("/v1/admin/placements", placed).await;

    assert_eq!(listed["data"], json!([]));
    assert_eq!(paused["paused"]["reason"], "维护");
    assert_eq!(slower["calls_per_second"], 2.0);
    assert_eq!(placed.status, StatusCode::UNPROCESSABLE_ENTITY);
    admin.get(&app).await.problem(404, "not_found");
    admin.patch(&app, json!({ "version": 1, "secret": "another" })).await.problem(404, "not_found");
    let import =
        json!({ "platform_ref": "1001", "benefit": { "type": "amount", "off_fen": 2000 } });
    assert_eq!(admin.post(&format!("{app}/imports"), import).await.status, StatusCode::NOT_FOUND);
    let own = json!({ "platform": "webhook", "app_key": "key", "name": "x" });
    admin.post("/v1/admin/apps", own).await.problem(400, "invalid_body");
}

#[tokio::test]
async fn a_rotation_says_until_when_the_old_secret_signs() {
    let admin = Admin::new().await;
    let made = admin.post(ENDPOINTS, body()).await.created();
    let rotate = format!("{}/rotate-secret", path(&made));

    let rotated = admin.post(&rotate, json!({})).await.ok();
    admin.clock.advance(TimeDelta::hours(1));
    let at_once = admin.post(&rotate, json!({ "old_signs_for_seconds": 0 })).await.ok();

    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["old_secret_until"], "2026-11-12T04:00:00Z");
    assert_eq!(at_once["old_secret_until"], Value::Null);
    let wrong = json!({ "old_signs_for_seconds": 2_592_001 });
    admin.post(&rotate, wrong).await.problem(422, "invalid_values");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_does_the_same() {
    let database = TestDatabase::new().await;
    let url = database_url(&database.options);
    let run = async |arguments: &[&str]| {
        let environment = [("DATABASE_URL", &*url), ("KAQUAN__SECRETS__MASTER_KEYS", KEYS)];
        kaquan(&[&["webhooks"], arguments].concat(), &environment).await
    };

    let hook = "https://shop.example.com/hook";
    let added = run(&["add", "--name", "商城", "--url", hook, "--json"]).await;
    let added = added.json();
    let id = added["id"].as_str().unwrap();
    let tested = run(&["test", id]).await;
    let rotated = run(&["rotate", id]).await;
    let removed = run(&["remove", id]).await;
    let listed = run(&["list", "--json"]).await;
    let refused = run(&["add", "--name", "x", "--url", "https://10.0.0.1/"]).await;

    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(added["kinds"].as_array().unwrap().len(), 14);
    assert!(tested.out.starts_with("dlv_"), "{}", tested.out);
    assert!(rotated.out.starts_with("whsec_"), "{}", rotated.out);
    assert_eq!(removed.code, 0);
    let listed = listed.json();
    assert_eq!((&listed[0]["id"], &listed[0]["enabled"]), (&added["id"], &json!(false)));
    assert_ne!(refused.code, 0);
}
