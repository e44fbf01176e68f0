//! Templates, their versions and their states over the admin API.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::admin::{Admin, terms};

#[tokio::test]
async fn a_template_shows_its_terms_and_counts() {
    let admin = Admin::new().await;

    let made = admin.post("/v1/admin/templates", terms(&json!({}))).await.created();

    insta::assert_json_snapshot!(made, { ".id" => "tpl_…" }, @r##"
    {
      "audience": {
        "type": "everyone"
      },
      "benefit": {
        "off_fen": 2000,
        "type": "amount"
      },
      "claim_from": "2026-10-31T16:00:00Z",
      "claim_until": "2026-11-30T16:00:00Z",
      "codes": {
        "prefix": "",
        "type": "generated"
      },
      "colour": "#9857AE",
      "created_at": "2026-11-11T04:00:00Z",
      "id": "tpl_…",
      "issued": 0,
      "kind": "cash",
      "left": 0,
      "number": 1,
      "per_person_limit": 1,
      "scope": {
        "brands": {},
        "categories": {},
        "goods": {},
        "stores": {}
      },
      "state": "active",
      "texts": {
        "description": "全场通用",
        "introduction": "下单时选用，一单一张。",
        "limit": "每人限领 1 张",
        "threshold": "满 100 元可用"
      },
      "threshold": {
        "fen": 10000,
        "type": "amount"
      },
      "title": "满 100 减 20",
      "updated_at": "2026-11-11T04:00:00Z",
      "validity": {
        "days": 7,
        "starts_after_days": 0,
        "type": "after_claim"
      },
      "version": 1
    }
    "##);
    let path = format!("/v1/admin/templates/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.ok(), made);
    assert_eq!(admin.get("/v1/admin/templates").await.ok()["data"], json!([made]));
}

#[tokio::test]
async fn an_edit_adds_a_version_of_the_terms_and_touches_none() {
    let admin = Admin::new().await;
    let path = format!("/v1/admin/templates/{}", admin.given_template(json!({})).await);
    admin.clock.advance(TimeDelta::minutes(1));

    let change = json!({ "version": 1, "title": "满 50 减 5", "colour": null, "threshold": null });
    let changed = admin.patch(&path, change).await.ok();

    assert_eq!((&changed["version"], &changed["title"]), (&json!(2), &json!("满 50 减 5")));
    assert_eq!(changed["threshold"], json!({ "type": "none" }));
    assert!(changed.get("colour").is_none());
    assert_eq!(changed["benefit"], json!({ "type": "amount", "off_fen": 2000 }));
    let titles: Vec<String> =
        sqlx::query_scalar("select document ->> 'title' from template_terms order by version")
            .fetch_all(admin.db())
            .await
            .unwrap();
    assert_eq!(titles, ["满 100 减 20", "满 50 减 5"]);
}

#[tokio::test]
async fn an_edit_of_what_somebody_else_changed_is_a_conflict() {
    let admin = Admin::new().await;
    let path = format!("/v1/admin/templates/{}", admin.given_template(json!({})).await);

    let edits = (0..4).map(|n| {
        let change = json!({ "version": 1, "title": format!("第 {n} 版") });
        let (admin, path) = (&admin, &path);
        async move { admin.patch(path, change).await }
    });
    let replies = futures_util::future::join_all(edits).await;

    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        reply.problem(409, "version_conflict");
    }
    assert_eq!(admin.get(&path).await.ok()["version"], 2);
}

#[tokio::test]
async fn an_edit_may_not_leave_wrong_terms_behind() {
    let admin = Admin::new().await;
    let path = format!("/v1/admin/templates/{}", admin.given_template(json!({})).await);
    let edit = async |change| admin.patch(&path, change).await;

    let wrong = edit(json!({ "version": 1, "per_person_limit": 0, "title": "" })).await;
    let mixed = edit(json!({ "version": 1, "benefit": { "type": "percent", "off_fen": 1 } })).await;
    let missing = edit(json!({ "version": 1, "title": null })).await;
    let state = edit(json!({ "version": 1, "state": "ended" })).await;
    let blind = edit(json!({ "title": "x" })).await;

    let wrong = wrong.problem(422, "invalid_values");
    let params: Vec<_> =
        wrong["problems"].as_array().unwrap().iter().map(|p| &p["param"]).collect();
    assert_eq!(params, ["title", "per_person_limit"]);
    mixed.problem(400, "invalid_body");
    missing.problem(400, "invalid_body");
    state.problem(400, "invalid_body");
    assert_eq!(blind.problem(400, "invalid_body")["param"], "version");
    assert_eq!(admin.get(&path).await.ok()["version"], 1);
}

#[tokio::test]
async fn a_template_is_paused_resumed_and_ended_for_good() {
    let admin = Admin::new().await;
    let id = admin.given_template(json!({ "state": "draft" })).await;
    let act =
        async |verb: &str| admin.post(&format!("/v1/admin/templates/{id}/{verb}"), json!({})).await;

    act("pause").await.problem(409, "wrong_state");
    for (verb, state) in [
        ("resume", "active"),
        ("pause", "paused"),
        ("pause", "paused"),
        ("resume", "active"),
        ("end", "ended"),
        ("end", "ended"),
    ] {
        assert_eq!(act(verb).await.ok()["state"], state, "{verb}");
    }
    act("resume").await.problem(409, "wrong_state");
    let edit = admin.patch(&format!("/v1/admin/templates/{id}"), json!({ "version": 1 })).await;
    edit.problem(409, "wrong_state");
}

#[tokio::test]
async fn the_source_of_codes_is_settled_by_the_first_upload() {
    let admin = Admin::new().await;
    let id = admin.given_template(json!({})).await;
    let path = format!("/v1/admin/templates/{id}");
    let source =
        |version: i32, kind: &str| json!({ "version": version, "codes": { "type": kind } });

    admin.patch(&path, source(1, "uploaded")).await.ok();
    admin.patch(&path, source(2, "generated")).await.ok();
    admin.patch(&path, source(3, "uploaded")).await.ok();
    admin.upload(&id, "A-1\n").await.created();

    admin.patch(&path, source(4, "generated")).await.problem(409, "codes_in_use");
    admin.patch(&path, json!({ "version": 4, "title": "x" })).await.ok();
}
