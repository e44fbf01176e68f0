//! People of a WeChat mini-program log in with the code that WeChat gave them.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::support::card_shop::CardShop;

#[tokio::test]
async fn somebody_logs_in_and_is_known_by_both_names() {
    let shop = CardShop::open().await;

    let opened = shop.log_in("oMINI-1/union-1").await.created();

    assert!(opened["token"].as_str().unwrap().starts_with("ks_"));
    assert!(!opened.to_string().contains("union-1"));
    let known: Vec<(String, Option<String>)> =
        sqlx::query_as("select open_id, union_id from holder")
            .fetch_all(shop.admin.db())
            .await
            .unwrap();
    assert_eq!(known, [("oMINI-1".to_owned(), Some("union-1".to_owned()))]);
}

#[tokio::test]
async fn the_first_name_over_all_accounts_stays() {
    let shop = CardShop::open().await;
    for code in ["oMINI-1", "oMINI-1/union-1", "oMINI-1/union-2"] {
        shop.log_in(code).await.created();
    }

    let kept: Option<String> =
        sqlx::query_scalar("select union_id from holder").fetch_one(shop.admin.db()).await.unwrap();
    assert_eq!(kept.as_deref(), Some("union-1"));
}

#[tokio::test]
async fn a_wrong_code_and_a_platform_that_is_away_are_told_apart() {
    let shop = CardShop::open().await;

    shop.log_in("!!!").await.problem(401, "login_refused");
    shop.wechat.away.store(true, Ordering::Relaxed);
    shop.log_in("oMINI-1").await.problem(503, "platform_unavailable");
}

#[tokio::test]
async fn nobody_logs_in_on_an_official_account_or_without_a_secret() {
    let shop = CardShop::open().await;
    let body = json!({ "platform": "wechat_mini", "app_key": "wxother", "name": "另一个" });
    let other = shop.admin.post("/v1/admin/apps", body).await.created();
    for (app, code) in [(&shop.account, "no_logins"), (&other["id"], "app_has_no_secret")] {
        let body = json!({ "app_id": app, "code": "oMINI-1" });
        let mut request = shop.admin.request("POST", "/v1/mini/sessions", body.to_string());
        request.headers_mut().remove("authorization");
        shop.admin.send(request).await.problem(409, code);
    }
}

#[tokio::test]
async fn only_a_mini_program_takes_the_cards_of_another_app_and_only_of_an_account_that_has_cards()
{
    let shop = CardShop::open().await;
    let admin = &shop.admin;
    let new = |platform: &str, cards: &serde_json::Value| json!({ "platform": platform, "app_key": platform, "name": "店", "cards_app_id": cards });
    let baidu = json!(admin.given_app("key").await);
    admin.post("/v1/admin/apps", new("own", &shop.account)).await.problem(422, "invalid_values");
    admin.post("/v1/admin/apps", new("wechat_mini", &baidu)).await.problem(422, "invalid_values");
    let nobody = json!("app_00000000000070008000000000000001");
    admin
        .post("/v1/admin/apps", new("wechat_mini", &nobody))
        .await
        .problem(422, "no_such_reference");

    let template = admin.given_template(json!({})).await;
    let placement = json!({ "template_id": template, "app_id": shop.mini });
    admin.post("/v1/admin/placements", placement).await.problem(409, "no_placements");
    let path = format!("/v1/admin/apps/{}", shop.mini.as_str().unwrap());
    let shown = admin.get(&path).await.ok();
    assert_eq!(shown["cards_app_id"], shop.account);
    let edit = json!({ "version": shown["version"], "cards_app_id": baidu });
    admin.patch(&path, edit).await.problem(422, "invalid_values");
}
