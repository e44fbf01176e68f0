//! Comparisons asked for and shown by the admin API, and what stands on the platform.

use chrono::TimeDelta;
use kaquan::{
    api::{self, ApiState},
    clock::Clock,
    domain::access::Role,
    service::create_key::create_key,
};
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, Reply, on_database},
    reconcile_scene::ReconcileScene,
    vault::vault,
};

/// The admin API over the scene's database.
async fn admin(scene: &ReconcileScene) -> Admin {
    let clock = scene.app.clock.clone();
    let mut admin = Admin::new().await;
    let (_, owner) = create_key(scene.db(), clock.now(), "owner", Role::Owner).await.unwrap();
    owner.reveal().clone_into(&mut admin.owner);
    let state = on_database(admin.state.clone(), scene.db(), clock);
    admin.router = api::router(ApiState { vault: vault(), ..state });
    admin
}

fn accepted(reply: Reply) -> Value {
    assert_eq!(reply.status, 202, "{:?}", reply.body);
    reply.body
}

#[tokio::test]
async fn one_that_was_asked_for_shows_what_it_found() {
    let scene = ReconcileScene::new().await;
    let admin = admin(&scene).await;
    scene.worker.reconcile_due().await.unwrap();
    scene.title_by_hand("满100减50").await;
    let path = format!("/v1/admin/apps/{}/reconciliations", scene.id());

    let asked = accepted(admin.post(&path, json!({ "days": 5 })).await);
    assert_eq!((&asked["state"], &asked["days"]), (&json!("requested"), &json!(5)));
    let again = accepted(admin.post(&path, json!({})).await);
    assert_eq!(again["id"], asked["id"]);
    scene.worker.reconcile_due().await.unwrap();

    let path = format!("/v1/admin/reconciliations/{}", asked["id"].as_str().unwrap());
    let found = admin.get(&path).await.ok();
    assert_eq!((&found["state"], &found["difference_count"]), (&json!("done"), &json!(1)));
    let difference = &found["differences"][0];
    assert_eq!(
        (&difference["kind"], &difference["fields"]),
        (&json!("template_changed"), &json!(["title"]))
    );
    assert_eq!(difference["placement_id"], scene.app.offer.campaign.placement.to_string());
    assert!(difference["meaning"].as_str().unwrap().contains("被人改过"), "{difference}");
    scene.finish().await;
}

#[tokio::test]
async fn comparisons_are_listed_newest_first_and_by_app() {
    let scene = ReconcileScene::new().await;
    let admin = admin(&scene).await;
    scene.worker.reconcile_due().await.unwrap();
    scene.tomorrow();
    scene.worker.reconcile_due().await.unwrap();

    let page = admin.get("/v1/admin/reconciliations?limit=1").await.ok();
    assert_eq!(page["data"][0]["job_day"], "2026-11-12");
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = admin.get(&format!("/v1/admin/reconciliations?cursor={cursor}")).await.ok();
    assert_eq!(next["data"][0]["job_day"], "2026-11-11");

    let ours = admin.get(&format!("/v1/admin/reconciliations?app_id={}", scene.id())).await.ok();
    assert_eq!(ours["data"].as_array().unwrap().len(), 2);
    let others = "/v1/admin/reconciliations?app_id=app_00000000000000000000000000000001";
    assert_eq!(admin.get(others).await.ok()["data"], json!([]));
    scene.finish().await;
}

#[tokio::test]
async fn what_stands_at_baidu_is_shown_with_our_placement_or_none() {
    let scene = ReconcileScene::new().await;
    let admin = admin(&scene).await;
    let stranger = scene.template_by_hand("手工券", "http://127.0.0.1:1/callbacks/baidu/x").await;
    scene.reconcile().await;
    scene.by_hand("delete", &[("couponTemplateId", &stranger.to_string())]).await;
    scene.app.clock.advance(TimeDelta::minutes(1));
    scene.reconcile().await;

    let shown = admin.get(&format!("/v1/admin/apps/{}/platform-templates", scene.id())).await.ok();

    let find = |id: i64| {
        let all = shown["data"].as_array().unwrap();
        let id = json!(id.to_string());
        all.iter().find(|one| one["platform_ref"] == id).unwrap()
    };
    let ours = find(scene.template());
    assert_eq!(ours["placement_id"], scene.app.offer.campaign.placement.to_string());
    assert_eq!((&ours["gone_at"], &ours["fields"]["colour"]), (&Value::Null, &json!("B010")));
    let theirs = find(stranger);
    assert_eq!(
        (&theirs["placement_id"], &theirs["fields"]["title"]),
        (&Value::Null, &json!("手工券"))
    );
    assert_eq!(theirs["gone_at"], "2026-11-11T04:01:00Z");
    scene.finish().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;
    let own = json!({ "platform": "own", "app_key": "shop", "name": "门店" });
    let own = admin.post("/v1/admin/apps", own).await.created()["id"].as_str().unwrap().to_owned();
    let none = "app_00000000000000000000000000000001";
    let ask = async |app: &str, body: Value| {
        admin.post(&format!("/v1/admin/apps/{app}/reconciliations"), body).await
    };

    ask(&app, json!({ "days": 0 })).await.problem(422, "invalid_values");
    ask(&app, json!({ "days": 32 })).await.problem(422, "invalid_values");
    ask(&own, json!({})).await.problem(409, "no_platform_figures");
    ask(none, json!({})).await.problem(404, "not_found");
    let path = format!("/v1/admin/apps/{none}/platform-templates");
    admin.get(&path).await.problem(404, "not_found");
    let path = "/v1/admin/reconciliations/rcn_00000000000000000000000000000001";
    admin.get(path).await.problem(404, "not_found");
}
