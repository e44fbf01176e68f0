//! Uses that a platform shows for ever: whether they are undone all the same is the merchant's word.

use serde_json::{Value, json};

use crate::support::admin::Admin;

/// A coupon of a WeChat account, used for an order of two lines: it was given before the account was one.
async fn used(admin: &Admin, give_back: &str) -> Value {
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "key", "open-1").await.created();
    sqlx::query("update app set platform = 'wechat', give_back = $1")
        .bind(give_back)
        .execute(admin.db())
        .await
        .unwrap();
    let line = json!({ "goods_id": "tea", "unit_price_fen": 80000, "quantity": 1 });
    let body = json!({ "code": coupon["code"], "order_no": "o-1", "lines": [line, line] });
    admin.act("/v1/redemptions", body).await.created();
    // The platform may have heard of it.
    sqlx::query("update delivery set doubt = true where kind = 'write_off'")
        .execute(admin.db())
        .await
        .unwrap();
    coupon
}

#[tokio::test]
async fn a_use_is_final_where_the_merchant_says_so_but_single_lines_go_back() {
    let admin = Admin::new().await;
    let coupon = used(&admin, "refused").await;
    let body = json!({ "code": coupon["code"], "order_no": "o-1" });

    admin.act("/v1/give-backs", body.clone()).await.problem(409, "use_is_final");
    let one = json!({ "code": coupon["code"], "order_no": "o-1", "lines": [1] });
    assert_eq!(admin.act("/v1/give-backs", one).await.ok()["changed"], true);
    let other = json!({ "code": coupon["code"], "order_no": "o-1", "lines": [2] });
    admin.act("/v1/give-backs", other).await.problem(409, "use_is_final");

    let app: String =
        sqlx::query_scalar("select typed_id('app', app_id) from app where platform = 'wechat'")
            .fetch_one(admin.db())
            .await
            .unwrap();
    let path = format!("/v1/admin/apps/{app}");
    let shown = admin.get(&path).await.ok();
    assert_eq!(shown["give_back"], "refused");
    let edit = json!({ "version": shown["version"], "give_back": "allowed" });
    assert_eq!(admin.patch(&path, edit).await.ok()["give_back"], "allowed");
    let back = admin.act("/v1/give-backs", body).await.ok();
    assert_eq!((&back["changed"], &back["told"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn where_it_is_allowed_the_answer_and_the_history_say_that_nobody_was_told() {
    let admin = Admin::new().await;
    let coupon = used(&admin, "allowed").await;
    let body = json!({ "code": coupon["code"], "order_no": "o-1" });

    let back = admin.act("/v1/give-backs", body.clone()).await.ok();
    assert_eq!(back["told"], false);
    let again = admin.act("/v1/give-backs", body).await.ok();

    assert_eq!((&again["changed"], &again["told"]), (&json!(false), &json!(false)));
    let data: Value = sqlx::query_scalar("select data from event where kind = 'coupon.given_back'")
        .fetch_one(admin.db())
        .await
        .unwrap();
    assert_eq!(data["told"], false);
}

#[tokio::test]
async fn a_use_of_which_nobody_was_told_is_undone_there_too() {
    let admin = Admin::new().await;
    let coupon = used(&admin, "allowed").await;
    sqlx::query("update delivery set doubt = false").execute(admin.db()).await.unwrap();
    let body = json!({ "code": coupon["code"], "order_no": "o-1" });

    for changed in [true, false] {
        let back = admin.act("/v1/give-backs", body.clone()).await.ok();
        assert_eq!((&back["changed"], back.get("told")), (&json!(changed), None));
    }
}

#[tokio::test]
async fn elsewhere_nothing_is_said_of_it_and_the_usual_rule_is_the_platforms() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "key", "open-1").await.created();
    admin.redeem(&coupon["code"], "o-1").await.created();

    let back = json!({ "code": coupon["code"], "order_no": "o-1" });
    assert_eq!(admin.act("/v1/give-backs", back).await.ok().get("told"), None);

    for (platform, usual) in [("wechat", "refused"), ("own", "allowed"), ("wechat_mini", "allowed")]
    {
        let body = json!({ "platform": platform, "app_key": platform, "name": "店" });
        assert_eq!(admin.post("/v1/admin/apps", body).await.created()["give_back"], usual);
    }
}
