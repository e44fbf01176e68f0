//! Coupons that are taken out of use: a platform that is to hear of it is owed the news, with the reason.

use serde_json::{Value, json};

use crate::support::{admin::Admin, card_shop::suspend};

async fn given(admin: &Admin, number: usize) -> (Value, Vec<Value>) {
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let mut coupons = Vec::new();
    for person in 0..number {
        let name = format!("open-{person}");
        coupons.push(admin.claim(&placement, &name, &name).await.created());
    }
    (placement, coupons)
}

async fn tells(admin: &Admin, platform_ref: Option<&str>) {
    sqlx::query("update placement set tells_voids = true, platform_ref = $1")
        .bind(platform_ref)
        .execute(admin.db())
        .await
        .unwrap();
}

async fn owed(admin: &Admin) -> Vec<(String, String, Value)> {
    sqlx::query_as(
        "select kind, state, payload from delivery where kind = 'void' order by position",
    )
    .fetch_all(admin.db())
    .await
    .unwrap()
}

#[tokio::test]
async fn one_is_owed_in_the_same_statement_and_once() {
    let admin = Admin::new().await;
    let (_, coupons) = given(&admin, 2).await;
    tells(&admin, Some("p1")).await;
    let path =
        |coupon: &Value| format!("/v1/admin/coupons/{}/void", coupon["id"].as_str().unwrap());

    admin.act(&path(&coupons[0]), json!({ "reason": "退款" })).await.ok();
    admin.act(&path(&coupons[0]), json!({ "reason": "再退" })).await.ok();

    let void = ("void".to_owned(), "pending".to_owned(), json!({ "reason": "退款" }));
    assert_eq!(owed(&admin).await, [void]);
}

#[tokio::test]
async fn what_the_platform_does_not_know_yet_waits_and_where_nobody_is_to_hear_nothing_is_owed() {
    let admin = Admin::new().await;
    let (placement, _) = given(&admin, 1).await;
    let template = placement["template_id"].as_str().unwrap();
    let path = format!("/v1/admin/templates/{template}/void-unused");

    admin.act(&path, json!({ "reason": "活动取消" })).await.ok();
    assert_eq!(owed(&admin).await, []);

    let coupon = admin.claim(&placement, "late", "open-9").await.created();
    tells(&admin, None).await;
    let one = format!("/v1/admin/coupons/{}/void", coupon["id"].as_str().unwrap());
    admin.act(&one, json!({ "reason": "退款" })).await.ok();
    assert_eq!(owed(&admin).await[0].1, "waiting");
}

#[tokio::test]
async fn all_of_a_template_are_owed_but_for_what_somebody_else_has_by_now() {
    let admin = Admin::new().await;
    let (placement, coupons) = given(&admin, 3).await;
    tells(&admin, Some("p1")).await;
    suspend(&admin, &coupons[0]["id"], "given_away").await;
    suspend(&admin, &coupons[1]["id"], "gifting").await;
    let template = placement["template_id"].as_str().unwrap();
    let path = format!("/v1/admin/templates/{template}/void-unused");

    let done = admin.act(&path, json!({ "reason": "活动取消" })).await.ok();

    assert_eq!(done["voided"], 3);
    let owed = owed(&admin).await;
    assert_eq!(owed.len(), 2);
    assert!(owed.iter().all(|(_, _, payload)| *payload == json!({ "reason": "活动取消" })));
}
