//! Apps over the admin API.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::admin::Admin;

#[tokio::test]
async fn an_app_is_made_read_and_changed() {
    let admin = Admin::new().await;

    let body = json!({ "platform": "baidu", "app_key": "4fecoAqgCIUtzIyA4FAPgoyrc4oUc25c", "name": "商城" });
    let made = admin.post("/v1/admin/apps", body).await.created();

    insta::assert_json_snapshot!(made, { ".id" => "app_…" }, @r#"
    {
      "app_key": "4fecoAqgCIUtzIyA4FAPgoyrc4oUc25c",
      "cards_app_id": null,
      "created_at": "2026-11-11T04:00:00Z",
      "give_back": "allowed",
      "has_secret": false,
      "id": "app_…",
      "name": "商城",
      "platform": "baidu",
      "settings": {},
      "updated_at": "2026-11-11T04:00:00Z",
      "version": 1
    }
    "#);
    let path = format!("/v1/admin/apps/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.ok(), made);

    admin.clock.advance(TimeDelta::minutes(1));
    let change = json!({ "version": 1, "settings": { "sign_reading": "mirrored" } });
    let changed = admin.patch(&path, change).await.ok();

    assert_eq!(changed["settings"]["sign_reading"], "mirrored");
    assert_eq!((&changed["name"], &changed["version"]), (&json!("商城"), &json!(2)));
    assert_eq!(changed["updated_at"], "2026-11-11T04:01:00Z");
    assert_eq!(admin.get(&path).await.ok(), changed);
}

#[tokio::test]
async fn two_edits_of_one_version_are_one_edit_and_one_conflict() {
    let admin = Admin::new().await;
    let path = format!("/v1/admin/apps/{}", admin.given_app("key").await);

    let (one, other) = tokio::join!(
        admin.patch(&path, json!({ "version": 1, "name": "甲" })),
        admin.patch(&path, json!({ "version": 1, "name": "乙" })),
    );

    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    let won = won.ok();
    lost.problem(409, "version_conflict");
    assert_eq!(admin.get(&path).await.ok(), won);
}

#[tokio::test]
async fn an_edit_is_noticed_by_whoever_keeps_routes() {
    let admin = Admin::new().await;
    let path = format!("/v1/admin/apps/{}", admin.given_app("key").await);
    let before = admin.route_version().await;
    let changed = admin.changed.clone();
    let noticed = changed.notified();
    tokio::pin!(noticed);
    noticed.as_mut().enable();

    admin.patch(&path, json!({ "version": 1, "name": "新" })).await.ok();

    noticed.await;
    assert_eq!(admin.route_version().await, before + 1);
}

#[tokio::test]
async fn what_is_wrong_with_an_app_is_told() {
    let admin = Admin::new().await;
    admin.given_app("key").await;
    let post = async |body| admin.post("/v1/admin/apps", body).await;

    let twice = post(json!({ "platform": "baidu", "app_key": "key", "name": "x" })).await;
    let both = post(json!({ "platform": "baidu", "app_key": "鍵", "name": " x" })).await;
    let settings =
        json!({ "platform": "baidu", "app_key": "k2", "name": "x", "settings": { "secret": 1 } });
    let settings = post(settings).await;
    let platform = post(json!({ "platform": "alipay", "app_key": "k2", "name": "x" })).await;
    let elsewhere = post(json!({ "platform": "own", "app_key": "key", "name": "x" })).await;

    twice.problem(409, "app_exists");
    let both = both.problem(422, "invalid_values");
    let params: Vec<_> = both["problems"].as_array().unwrap().iter().map(|p| &p["param"]).collect();
    assert_eq!(params, ["name", "app_key"]);
    assert_eq!(settings.problem(422, "invalid_values")["problems"][0]["param"], "settings");
    assert_eq!(platform.problem(400, "invalid_body")["param"], "platform");
    elsewhere.created();
}

#[tokio::test]
async fn a_list_goes_through_all_its_pages_newest_first() {
    let admin = Admin::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.insert(0, admin.given_app(&format!("key-{number}")).await);
        admin.clock.advance(TimeDelta::seconds(1));
    }

    let mut seen: Vec<String> = Vec::new();
    let mut path = "/v1/admin/apps?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = admin.get(&path).await.ok();
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|app| app["id"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        // Somebody new does not shift the pages that follow.
        admin.given_app(&format!("late-{pages}")).await;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/admin/apps?limit=2&cursor={cursor}");
    }

    assert_eq!((pages, seen), (3, ids));
}
