//! A coupon that its platform keeps from being used: neither kept for an order nor used, and shown as what it is.

use serde_json::{Value, json};

use crate::support::{admin::Admin, card_shop::suspend};

async fn held(admin: &Admin) -> (Value, Value) {
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "key", "open-1").await.created();
    (placement, coupon)
}

#[tokio::test]
async fn it_is_neither_kept_nor_used_until_its_platform_lets_it_go() {
    let admin = Admin::new().await;
    let (_, coupon) = held(&admin).await;
    let code = &coupon["code"];

    for why in ["gifting", "given_away", "deleted"] {
        suspend(&admin, &coupon["id"], why).await;
        let body = json!({ "code": code, "order_no": "o-1" });
        let refused = admin.act("/v1/locks", body.clone()).await.problem(409, "suspended");
        assert_eq!(refused["reason"], why);
        admin.redeem(code, "o-1").await.problem(409, "suspended");
        admin.act("/v1/unlocks", body).await.ok();
    }
    sqlx::query("delete from coupon_suspension").execute(admin.db()).await.unwrap();

    admin.redeem(code, "o-1").await.created();
}

#[tokio::test]
async fn what_was_kept_for_an_order_before_is_not_used_either() {
    let admin = Admin::new().await;
    let (_, coupon) = held(&admin).await;
    let body = json!({ "code": coupon["code"], "order_no": "o-1" });
    admin.act("/v1/locks", body.clone()).await.created();
    suspend(&admin, &coupon["id"], "gifting").await;

    admin.redeem(&coupon["code"], "o-1").await.problem(409, "suspended");
    admin.act("/v1/locks", body.clone()).await.problem(409, "suspended");
    assert_eq!(admin.act("/v1/unlocks", body).await.ok()["changed"], true);
}

#[tokio::test]
async fn its_holder_sees_it_in_a_tab_of_its_own_and_what_was_given_away_in_none() {
    let admin = Admin::new().await;
    let (placement, coupon) = held(&admin).await;
    let person = admin.person(&placement["app_id"], "open-1").await;
    assert_eq!(person.tab("usable").await, [coupon["id"].clone()]);

    suspend(&admin, &coupon["id"], "gifting").await;
    assert_eq!(person.tab("usable").await, Vec::<Value>::new());
    assert_eq!(person.tab("suspended").await, [coupon["id"].clone()]);
    let page = format!("/v1/mini/coupons/{}", coupon["id"].as_str().unwrap());
    let shown = person.get(&page).await.ok();
    assert_eq!((&shown["status"], &shown["suspended"]), (&json!("suspended"), &json!("gifting")));
    person.get(&format!("{page}/qr-code")).await.problem(409, "suspended");

    let cart = json!({ "lines": [{ "goods_id": "tea", "unit_price_fen": 80000, "quantity": 1 }] });
    let fits = person.post("/v1/mini/cart-matches", None, cart.clone()).await.ok();
    assert_eq!(fits["usable"], json!([]));
    assert_eq!(fits["unusable"][0]["reason"], "suspended");

    suspend(&admin, &coupon["id"], "given_away").await;
    for tab in ["usable", "locked", "used", "expired", "suspended"] {
        assert_eq!(person.tab(tab).await, Vec::<Value>::new(), "{tab}");
    }
    let fits = person.post("/v1/mini/cart-matches", None, cart).await.ok();
    assert_eq!(fits["unusable"], json!([]));
    assert_eq!(person.get(&page).await.ok()["suspended"], "given_away");
}

#[tokio::test]
async fn it_can_still_be_taken_out_of_use() {
    let admin = Admin::new().await;
    let (_, coupon) = held(&admin).await;
    suspend(&admin, &coupon["id"], "deleted").await;

    let path = format!("/v1/admin/coupons/{}/void", coupon["id"].as_str().unwrap());
    admin.act(&path, json!({ "reason": "退款" })).await.ok();

    admin.redeem(&coupon["code"], "o-1").await.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn of_a_suspension_and_a_use_at_the_same_time_only_one_comes_through() {
    for _ in 0..10 {
        let admin = Admin::new().await;
        let (_, coupon) = held(&admin).await;

        let (used, ()) = tokio::join!(
            admin.redeem(&coupon["code"], "o-1"),
            suspend(&admin, &coupon["id"], "gifting")
        );

        if used.status != 201 {
            used.problem(409, "suspended");
        }
    }
}
