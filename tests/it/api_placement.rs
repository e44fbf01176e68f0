//! Placements and their callback addresses over the admin API.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::admin::Admin;

fn path(placement: &Value) -> String {
    format!("/v1/admin/placements/{}", placement["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_placement_shows_its_callback_address_once() {
    let admin = Admin::new().await;

    let made = admin.given_placement().await;

    insta::assert_json_snapshot!(made, {
        ".id" => "plc_…",
        ".template_id" => "tpl_…",
        ".app_id" => "app_…",
        ".callback_tokens[].id" => "tok_…",
        ".callback_url" => insta::dynamic_redaction(|url, _| {
            let (address, token) = url.as_str().unwrap().rsplit_once('/').unwrap();
            assert_eq!(token.len(), 43);
            format!("{address}/…")
        }),
    }, @r#"
    {
      "app_id": "app_…",
      "callback_tokens": [
        {
          "created_at": "2026-11-11T04:00:00Z",
          "id": "tok_…",
          "retires_at": null
        }
      ],
      "callback_url": "https://coupons.example.com/callbacks/baidu/…",
      "created_at": "2026-11-11T04:00:00Z",
      "id": "plc_…",
      "platform": "baidu",
      "platform_ref": "1001",
      "platform_state": "published",
      "state": "active",
      "stock": [
        {
          "issued": 0,
          "left": 0,
          "total": 0,
          "way": "claim"
        },
        {
          "issued": 0,
          "left": 0,
          "total": 0,
          "way": "take"
        }
      ],
      "template_id": "tpl_…",
      "updated_at": "2026-11-11T04:00:00Z",
      "version": 1
    }
    "#);
    let mut again = made.clone();
    again.as_object_mut().unwrap().remove("callback_url");
    assert_eq!(admin.get(&path(&made)).await.ok(), again);
}

#[tokio::test]
async fn what_cannot_be_placed_is_told() {
    let admin = Admin::new().await;
    let placement = admin.given_placement().await;
    let (app, template) = (&placement["app_id"], &placement["template_id"]);
    let other = admin.given_template(json!({})).await;
    let nobody = "00000000000070008000000000000001";
    for (template, app, platform_ref, status, code) in [
        (template.clone(), app.clone(), "1002", 409, "already_placed"),
        (json!(other), app.clone(), "1001", 409, "platform_ref_taken"),
        (json!(other), app.clone(), "coupon-1", 422, "invalid_values"),
        (json!(other), app.clone(), "01002", 422, "invalid_values"),
        (json!(other), app.clone(), "+1002", 422, "invalid_values"),
        (json!(other), app.clone(), "9223372036854775808", 422, "invalid_values"),
        (json!(format!("tpl_{nobody}")), app.clone(), "1002", 422, "no_such_reference"),
        (json!(other), json!(format!("app_{nobody}")), "1002", 422, "no_such_reference"),
        (json!("tpl_x"), app.clone(), "1002", 400, "invalid_body"),
    ] {
        let body = json!({ "template_id": template, "app_id": app, "platform_ref": platform_ref });
        let reply = admin.post("/v1/admin/placements", body.clone()).await;
        assert_eq!((reply.status.as_u16(), &reply.body["code"]), (status, &json!(code)), "{body}");
    }
}

#[tokio::test]
async fn an_app_of_our_own_needs_no_callback_address() {
    let admin = Admin::new().await;
    let body = json!({ "platform": "own", "app_key": "shop", "name": "门店" });
    let app = admin.post("/v1/admin/apps", body).await.created();
    let template = admin.given_template(json!({})).await;

    let body = json!({ "template_id": template, "app_id": app["id"] });
    let made = admin.post("/v1/admin/placements", body).await.created();

    assert!(made.get("callback_url").is_none());
    assert_eq!(made["callback_tokens"], json!([]));
    let rotation = format!("{}/callback-token-rotations", path(&made));
    admin.post(&rotation, json!({})).await.problem(409, "no_callbacks");
}

#[tokio::test]
async fn a_placement_is_given_its_id_later_and_by_one_editor_at_a_time() {
    let admin = Admin::new().await;
    let path = path(&admin.given_placement().await);
    let before = admin.route_version().await;

    let changed = admin.patch(&path, json!({ "version": 1, "platform_ref": "2002" })).await.ok();
    let late = admin.patch(&path, json!({ "version": 1, "platform_ref": "3003" })).await;
    let forgotten = admin.patch(&path, json!({ "version": 2 })).await;
    let taken_away = admin.patch(&path, json!({ "version": 2, "platform_ref": null })).await.ok();

    assert_eq!((&changed["platform_ref"], &changed["version"]), (&json!("2002"), &json!(2)));
    late.problem(409, "version_conflict");
    forgotten.problem(422, "invalid_values");
    assert_eq!(taken_away["platform_ref"], json!(null));
    assert_eq!(admin.route_version().await, before + 2);
}

#[tokio::test]
async fn a_placement_is_paused_resumed_and_withdrawn_for_good() {
    let admin = Admin::new().await;
    let path = path(&admin.given_placement().await);
    let before = admin.route_version().await;
    let act = async |verb: &str| admin.post(&format!("{path}/{verb}"), json!({})).await;

    for (verb, status, state) in [
        ("pause", 200, "paused"),
        ("pause", 200, "paused"),
        ("resume", 200, "active"),
        ("withdraw", 202, "withdrawn"),
        ("withdraw", 202, "withdrawn"),
    ] {
        let reply = act(verb).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["state"]),
            (status, &json!(state)),
            "{verb}"
        );
    }

    act("resume").await.problem(409, "wrong_state");
    assert_eq!(admin.route_version().await, before + 3);
}

#[tokio::test]
async fn a_rotation_retires_older_tokens_and_never_lengthens_their_lives() {
    let admin = Admin::new().await;
    let placement = admin.given_placement().await;
    let path = path(&placement);
    let rotate = async |body| admin.post(&format!("{path}/callback-token-rotations"), body).await;
    let before = admin.route_version().await;

    admin.clock.advance(TimeDelta::seconds(1));
    let first = rotate(json!({ "old_lives_for_seconds": 60 })).await.created();
    admin.clock.advance(TimeDelta::seconds(1));
    let second = rotate(json!({})).await.created();

    assert_ne!(first["callback_url"], placement["callback_url"]);
    assert_ne!(first["callback_url"], second["callback_url"]);
    let shown = admin.get(&path).await.ok();
    let retires: Vec<_> = shown["callback_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| &token["retires_at"])
        .collect();
    let expected = [json!(null), json!("2026-11-12T04:00:02Z"), json!("2026-11-11T04:01:01Z")];
    assert_eq!(retires, expected.iter().collect::<Vec<_>>());
    assert_eq!(admin.route_version().await, before + 2);
    rotate(json!({ "old_lives_for_seconds": 2_592_001 })).await.problem(422, "invalid_values");
    rotate(json!({ "old_lives_for_seconds": -1 })).await.problem(400, "invalid_body");
}

#[tokio::test]
async fn placements_are_listed_by_template_and_by_app() {
    let admin = Admin::new().await;
    let first = admin.given_placement().await;
    let app = admin.given_app("second").await;
    let body = json!({ "template_id": first["template_id"], "app_id": app });
    let second = admin.post("/v1/admin/placements", body).await.created();
    let count = async |query: String| {
        let page = admin.get(&format!("/v1/admin/placements?{query}")).await.ok();
        page["data"].as_array().unwrap().len()
    };

    assert_eq!(count(format!("template_id={}", first["template_id"].as_str().unwrap())).await, 2);
    assert_eq!(count(format!("app_id={app}")).await, 1);
    assert_eq!(count("limit=1".to_owned()).await, 1);
    let page = admin.get(&format!("/v1/admin/placements?app_id={app}")).await.ok();
    assert_eq!(page["data"][0]["id"], second["id"]);
    assert_eq!(page["data"][0]["stock"].as_array().unwrap().len(), 2);
}
