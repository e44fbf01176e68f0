//! Addresses for WeChat's console: made, changed, shown in part, taken away; and what is sealed of them.

use kaquan::{
    domain::id::AppId,
    service::{
        reseal_secrets::{reseal_secrets, survey},
        save_push_address::show_push_address,
    },
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, noon},
    vault::KeysFile,
};

async fn given_app(admin: &Admin, platform: &str) -> String {
    let body = json!({ "platform": platform, "app_key": format!("wx-{platform}"), "name": "门店" });
    let app = admin.post("/v1/admin/apps", body).await.created();
    format!("/v1/admin/apps/{}/push-address", app["id"].as_str().unwrap())
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap()
}

#[tokio::test]
async fn an_address_is_shown_once_and_keeps_its_url_when_its_secrets_change() {
    let admin = Admin::new().await;
    let path = given_app(&admin, "wechat").await;
    admin.get(&path).await.problem(404, "not_found");

    let made = admin.put(&path, json!({})).await.ok();
    let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    let body = json!({ "token": "simtoken", "encoding_aes_key": key });
    let changed = admin.put(&path, body).await.ok();
    let shown = admin.get(&path).await.ok();

    let url = text(&made, "url");
    assert!(url.starts_with("https://coupons.example.com/callbacks/wechat/"), "{url}");
    assert_eq!((text(&made, "token").len(), text(&made, "encoding_aes_key").len()), (32, 43));
    assert_eq!(made["previous_until"], json!(null));
    assert_eq!((text(&changed, "url"), text(&changed, "token")), (url, "simtoken"));
    assert_eq!(text(&changed, "encoding_aes_key"), key);
    assert_eq!(text(&changed, "previous_until"), "2026-11-12T04:00:00Z");
    let end = &url[url.len() - 4..];
    assert_eq!(text(&shown, "url"), format!("https://coupons.example.com/callbacks/wechat/…{end}"));
    assert_eq!(text(&shown, "encoding_aes_key"), "…DEFG");
    assert!(!shown.to_string().contains("simtoken"));

    let removed = admin.send(admin.request("DELETE", &path, "")).await;
    assert_eq!(removed.status, 204);
    admin.send(admin.request("DELETE", &path, "")).await.problem(404, "not_found");
    admin.get(&path).await.problem(404, "not_found");
    let anew = admin.put(&path, json!({})).await.ok();
    assert_ne!(text(&anew, "url"), url);
}

#[tokio::test]
async fn what_cannot_stand_in_the_console_is_refused() {
    let admin = Admin::new().await;
    let path = given_app(&admin, "wechat").await;

    let both = admin.put(&path, json!({ "token": "a", "encoding_aes_key": "short" })).await;
    both.problem(422, "invalid_values");
    admin.put(&path, json!({ "key": "x" })).await.problem(400, "invalid_body");
    let baidu = given_app(&admin, "baidu").await;
    admin.put(&baidu, json!({})).await.problem(409, "no_callbacks");
    let nobody = path.replace("app_", "app_0");
    admin.put(&nobody, json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn everything_of_an_address_is_sealed_and_sealed_anew() {
    let keys = KeysFile::new();
    let vault = keys.vault();
    let admin = Admin::with(vault.clone()).await;
    let path = given_app(&admin, "wechat").await;
    admin.put(&path, json!({})).await.ok();
    let last = admin.put(&path, json!({})).await.ok();
    let app: AppId = path.split('/').nth(4).unwrap().parse().unwrap();
    let before = survey(&mut admin.db().acquire().await.unwrap(), &vault).await.unwrap();

    let first = vault.add_first_key(before.highest_key()).unwrap();
    let resealed = reseal_secrets(admin.db(), &vault).await.unwrap();

    assert_eq!(before.count(), 5);
    assert_eq!((resealed.values, resealed.closed.len()), (5, 0));
    let after = survey(&mut admin.db().acquire().await.unwrap(), &vault).await.unwrap();
    assert_eq!(after.keys[&first].opened, 5);
    let shown = show_push_address(admin.db(), &vault, app).await.unwrap();
    assert_eq!(shown.secrets.token.expose_secret(), text(&last, "token"));
    assert_eq!(shown.changed_at, noon());
}
