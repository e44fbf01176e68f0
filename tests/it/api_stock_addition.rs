//! Named additions of stock over the admin API.

use serde_json::{Value, json};

use crate::support::admin::Admin;

async fn placed(admin: &Admin) -> (Value, String) {
    let placement = admin.given_placement().await;
    let path = format!("/v1/admin/placements/{}", placement["id"].as_str().unwrap());
    (placement, path)
}

async fn totals(admin: &Admin, path: &str) -> (i64, i64) {
    let placement = admin.get(path).await.ok();
    let total = |at: usize| placement["stock"][at]["total"].as_i64().unwrap();
    (total(0), total(1))
}

#[tokio::test]
async fn an_addition_is_applied_once_however_often_it_is_sent() {
    let admin = Admin::new().await;
    let (placement, path) = placed(&admin).await;
    let additions = format!("{path}/stock-additions");
    let body = json!({ "name": "launch", "amount": 100 });

    let first = admin.post(&additions, body.clone()).await.created();
    let again = admin.post(&additions, body).await.ok();

    insta::assert_json_snapshot!(first, {
        ".id" => "add_…", ".placement_id" => "plc_…", ".delivery.id" => "dlv_…",
    }, @r#"
    {
      "added_at": "2026-11-11T04:00:00Z",
      "added_by": "owner",
      "amount": 100,
      "delivery": {
        "id": "dlv_…",
        "kind": "add_stock",
        "state": "pending"
      },
      "id": "add_…",
      "name": "launch",
      "placement_id": "plc_…",
      "way": "take"
    }
    "#);
    assert_eq!(again, first);
    assert_eq!(totals(&admin, &path).await, (0, 100));
    assert_eq!(admin.get(&additions).await.ok()["data"], json!([first]));
    let template = format!("/v1/admin/templates/{}", placement["template_id"].as_str().unwrap());
    assert_eq!(admin.get(&template).await.ok()["left"], 100);
}

#[tokio::test]
async fn the_same_addition_sent_eight_times_at_once_is_applied_once() {
    let admin = Admin::new().await;
    let (_, path) = placed(&admin).await;
    let additions = format!("{path}/stock-additions");

    let sent = (0..8).map(|_| admin.post(&additions, json!({ "name": "n", "amount": 5 })));
    let replies = futures_util::future::join_all(sent).await;

    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 7);
    assert_eq!(totals(&admin, &path).await, (0, 5));
}

#[tokio::test]
async fn a_name_stands_for_one_addition_on_its_app() {
    let admin = Admin::new().await;
    let (_, path) = placed(&admin).await;
    let post = async |body| admin.post(&format!("{path}/stock-additions"), body).await;
    post(json!({ "name": "n", "amount": 5 })).await.created();

    post(json!({ "name": "n", "amount": 6 })).await.problem(409, "name_taken");
    post(json!({ "name": "n", "amount": 5, "way": "claim" })).await.problem(409, "name_taken");
    post(json!({ "name": "m", "amount": 6, "way": "claim" })).await.created();

    assert_eq!(totals(&admin, &path).await, (6, 5));
}

#[tokio::test]
async fn only_unissued_stock_can_be_taken_back() {
    let admin = Admin::new().await;
    let (_, path) = placed(&admin).await;
    let post = async |body| admin.post(&format!("{path}/stock-additions"), body).await;
    post(json!({ "name": "in", "amount": 10 })).await.created();
    sqlx::query("update stock set issued = 4 where way = 'take'")
        .execute(admin.db())
        .await
        .unwrap();

    let too_much = json!({ "name": "out", "amount": -7 });
    post(too_much.clone()).await.problem(409, "stock_below_issued");
    post(json!({ "name": "out", "amount": -6 })).await.created();

    // A refused addition leaves its name free, and a name that was used keeps its meaning.
    post(too_much).await.problem(409, "name_taken");
    assert_eq!(totals(&admin, &path).await, (0, 4));
}

#[tokio::test]
async fn what_is_no_addition_is_told() {
    let admin = Admin::new().await;
    let (_, path) = placed(&admin).await;
    let post = async |body| admin.post(&format!("{path}/stock-additions"), body).await;

    post(json!({ "name": "", "amount": 0 })).await.problem(422, "invalid_values");
    post(json!({ "name": "n", "amount": i64::MIN })).await.problem(422, "invalid_values");
    post(json!({ "name": "n", "amount": 1.5 })).await.problem(400, "invalid_body");
    post(json!({ "name": "n", "amount": 1, "way": "gift" })).await.problem(422, "invalid_values");
    let nowhere = "/v1/admin/placements/plc_00000000000070008000000000000001/stock-additions";
    admin.post(nowhere, json!({ "name": "n", "amount": 1 })).await.problem(404, "not_found");
    admin.get(nowhere).await.problem(404, "not_found");
}
