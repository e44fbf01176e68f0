//! The secrets of apps and of callback addresses: told once, kept sealed, and only that they are here is shown.

use kaquan::{
    domain::id::{AppId, PlacementId},
    store,
    vault::{Place, Vault},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    vault::{app_secret, vault},
};

fn app(secret: &Value) -> Value {
    json!({ "platform": "baidu", "app_key": "key", "name": "商城", "secret": secret })
}

fn id(shown: &Value) -> AppId {
    shown["id"].as_str().unwrap().parse().unwrap()
}

/// The token of an app as a server has fetched it; how often it changed, and whether it is there.
async fn plant_platform_token(admin: &Admin, app: AppId) {
    sqlx::query(
        "insert into platform_token (app_id, token_sealed, expires_at, refresh_at, generation, refresh_fence)
         values ($1, 'sealed', now(), now(), 3, 5)",
    )
    .bind(app.uuid())
    .execute(admin.db())
    .await
    .unwrap();
}

async fn platform_token(admin: &Admin, app: AppId) -> (i64, i64, bool) {
    sqlx::query_as(
        "select generation, refresh_fence, token_sealed is not null or expires_at is not null
         from platform_token where app_id = $1",
    )
    .bind(app.uuid())
    .fetch_one(admin.db())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_secret_is_told_kept_replaced_and_taken_away() {
    let admin = Admin::new().await;
    let longest = "~".repeat(256);

    let made = admin.post("/v1/admin/apps", app(&json!("first"))).await.created();
    let (id, path) = (id(&made), format!("/v1/admin/apps/{}", made["id"].as_str().unwrap()));
    let mut seen =
        vec![(made["has_secret"].clone(), app_secret(admin.db(), &admin.vault, id).await)];
    for (version, change) in [
        (1, json!({ "name": "新" })),
        (2, json!({ "secret": longest })),
        (3, json!({ "secret": null })),
        (4, json!({ "name": "旧" })),
    ] {
        let mut change = change;
        change["version"] = json!(version);
        let shown = admin.patch(&path, change).await.ok();
        assert_eq!(admin.get(&path).await.ok(), shown);
        let list = admin.get("/v1/admin/apps").await.ok();
        assert_eq!(list["data"][0], shown);
        let secret = app_secret(admin.db(), &admin.vault, id).await;
        seen.push((shown["has_secret"].clone(), secret));
    }

    let first = || Some("first".to_owned());
    assert_eq!(
        seen,
        [
            (json!(true), first()),
            (json!(true), first()),
            (json!(true), Some(longest)),
            (json!(false), None),
            (json!(false), None),
        ]
    );
}

#[tokio::test]
async fn another_secret_ends_the_token_that_the_old_one_fetched() {
    let admin = Admin::new().await;
    let made = admin.post("/v1/admin/apps", app(&json!("first"))).await.created();
    let (id, path) = (id(&made), format!("/v1/admin/apps/{}", made["id"].as_str().unwrap()));
    plant_platform_token(&admin, id).await;

    admin.patch(&path, json!({ "version": 1, "name": "新" })).await.ok();
    let after_a_name = platform_token(&admin, id).await;
    admin.patch(&path, json!({ "version": 2, "secret": "second" })).await.ok();
    let after_a_secret = platform_token(&admin, id).await;
    admin
        .patch(&path, json!({ "version": 2, "secret": "late" }))
        .await
        .problem(409, "version_conflict");

    assert_eq!(after_a_name, (3, 5, true));
    assert_eq!(after_a_secret, (4, 6, false));
    assert_eq!(platform_token(&admin, id).await, after_a_secret);
    assert_eq!(app_secret(admin.db(), &admin.vault, id).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_secret_that_will_not_do_is_refused_and_not_repeated() {
    let admin = Admin::new().await;
    let path = format!("/v1/admin/apps/{}", admin.given_app("other").await);
    let too_long = "x".repeat(257);

    for (secret, status, code) in [
        (json!(""), 422, "invalid_values"),
        (json!("canary 1"), 422, "invalid_values"),
        (json!("canary密"), 422, "invalid_values"),
        (json!(too_long), 422, "invalid_values"),
        (json!(6_677_889_900_i64), 400, "invalid_body"),
        (json!(["canary"]), 400, "invalid_body"),
        (json!({ "canary": "canary" }), 400, "invalid_body"),
    ] {
        for reply in [
            admin.post("/v1/admin/apps", app(&secret)).await,
            admin.patch(&path, json!({ "version": 1, "secret": secret })).await,
        ] {
            let problem = reply.problem(status, code);
            let said = problem.to_string();
            assert!(!said.contains("canary") && !said.contains("66778899"), "{said}");
            let param = problem.get("param").or(problem["problems"][0].get("param"));
            assert_eq!(param, Some(&json!("secret")), "{said}");
        }
    }

    let (count,): (i64,) =
        sqlx::query_as("select count(*) from app").fetch_one(admin.db()).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn without_a_master_key_no_secret_is_kept_and_all_else_goes_on() {
    let admin = Admin::with(Vault::without_keys()).await;

    let refused = admin.post("/v1/admin/apps", app(&json!("canary"))).await;
    let placed = admin.given_placement().await;

    let problem = refused.problem(409, "no_master_key");
    assert!(problem["detail"].as_str().unwrap().contains("set secrets.master_keys_file"));
    assert!(placed["callback_url"].is_string());
    let path = format!("/v1/admin/apps/{}", placed["app_id"].as_str().unwrap());
    admin.patch(&path, json!({ "version": 1, "secret": "x" })).await.problem(409, "no_master_key");
    assert_eq!(admin.get(&path).await.ok()["version"], 1);
    admin.patch(&path, json!({ "version": 1, "secret": null })).await.ok();
    let placement: PlacementId = placed["id"].as_str().unwrap().parse().unwrap();
    let mut conn = admin.db().acquire().await.unwrap();
    let sealed = store::callback_token::newest_sealed(&mut conn, placement).await.unwrap();
    assert_eq!(sealed, None);
}

#[tokio::test]
async fn the_newest_callback_address_can_be_told_again() {
    let admin = Admin::new().await;
    let placed = admin.given_placement().await;
    let placement: PlacementId = placed["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/v1/admin/placements/{placement}/callback-token-rotations");
    let newest = async || {
        let mut conn = admin.db().acquire().await.unwrap();
        let newest = store::callback_token::newest_sealed(&mut conn, placement).await.unwrap();
        let (token, sealed, overlap) = newest.unwrap();
        let place = Place::callback_secret(token.uuid());
        let secret = vault().unseal(place, &sealed).unwrap().expose_secret().to_owned();
        (format!("https://coupons.example.com/callbacks/baidu/{secret}"), overlap)
    };

    let first = newest().await;
    let body = json!({ "old_lives_for_seconds": 60 });
    admin.clock.advance(chrono::TimeDelta::seconds(1));
    let rotated = admin.post(&path, body).await.created();

    assert_eq!(placed["callback_url"], first.0);
    assert_eq!(
        (rotated["callback_url"].as_str(), 60),
        (Some(&*newest().await.0), newest().await.1)
    );
}
