//! Keys: which count, where they may stand, and that no secret is ever seen again. Who may ask what is in `api_matrix`.

use axum::body::Body;
use chrono::TimeDelta;
use http::{Request, StatusCode};
use kaquan::{
    api::route::admin::ADMIN, clock::Clock, domain::access::Role, service::revoke_key::revoke_key,
    store,
};
use serde_json::json;

use crate::support::{admin::Admin, log};

fn request(method: &str, path: &str, authorization: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    request.body(Body::empty()).unwrap()
}

#[test]
fn every_route_is_described_in_the_docs() {
    let docs = include_str!("../../docs/admin-api.md");
    for route in ADMIN {
        let line = format!("- `{} {}`", route.method.to_uppercase(), route.path);
        assert!(docs.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn a_wrong_key_of_any_sort_is_no_key() {
    let admin = Admin::new().await;
    let owner = admin.owner.clone();
    let stranger = kaquan::service::secret::Fresh::random_checked("kq_").unwrap();
    for authorization in [
        String::new(),
        owner.clone(),
        format!("Basic {owner}"),
        format!("Bearer  {owner}"),
        format!("Bearer {owner}x"),
        format!("Bearer {}", &owner[..owner.len() - 1]),
        format!("Bearer {}", stranger.reveal()),
    ] {
        let reply = admin.send(request("get", "/v1/admin/apps", Some(&authorization))).await;

        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{authorization}");
    }
}

#[tokio::test]
async fn a_key_in_the_address_is_refused_even_beside_a_good_header() {
    let admin = Admin::new().await;

    let path = format!("/v1/admin/apps?cursor={}", admin.owner);
    let reply = admin.get(&path).await;
    let alone = admin.send(request("get", &path, None)).await;

    reply.problem(401, "unauthenticated");
    alone.problem(401, "unauthenticated");
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let admin = Admin::new().await;
    let mut request = admin.request("GET", "/v1/admin/apps", Body::empty());
    request.headers_mut().append("authorization", "Bearer kq_x".parse().unwrap());

    admin.send(request).await.problem(400, "invalid_header");
}

#[tokio::test]
async fn a_revoked_key_stops_at_once_and_revoking_again_changes_nothing() {
    let admin = Admin::new().await;
    let key = format!("Bearer {}", admin.key(Role::Auditor).await);
    let mut conn = admin.db().acquire().await.unwrap();
    let keys = store::api_key::list(&mut conn).await.unwrap();
    let id = keys.iter().find(|key| key.grant == Role::Auditor.into()).unwrap().id;
    let before = admin.send(request("get", "/v1/admin/apps", Some(&key))).await;

    let first = revoke_key(admin.db(), admin.clock.now(), id).await.unwrap().unwrap();
    admin.clock.advance(TimeDelta::hours(1));
    let second = revoke_key(admin.db(), admin.clock.now(), id).await.unwrap().unwrap();

    before.ok();
    admin.send(request("get", "/v1/admin/apps", Some(&key))).await.problem(401, "unauthenticated");
    assert_eq!(first.revoked_at, second.revoked_at);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_minute() {
    let admin = Admin::new().await;
    let last_use = async || {
        let mut conn = admin.db().acquire().await.unwrap();
        store::api_key::list(&mut conn).await.unwrap()[0].last_used_at
    };
    let began = admin.clock.now();

    admin.get("/v1/admin/apps").await.ok();
    assert_eq!(last_use().await, Some(began));
    admin.clock.advance(TimeDelta::seconds(59));
    admin.get("/v1/admin/apps").await.ok();
    assert_eq!(last_use().await, Some(began));
    admin.clock.advance(TimeDelta::seconds(1));
    admin.get("/v1/admin/apps").await.ok();

    assert_eq!(last_use().await, Some(began + TimeDelta::minutes(1)));
}

#[tokio::test]
async fn no_secret_can_be_read_from_the_database() {
    let admin = Admin::new().await;
    let placement = admin.given_placement().await;
    let url = placement["callback_url"].as_str().unwrap();
    let token = url.rsplit('/').next().unwrap();

    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public'",
    )
    .fetch_all(admin.db())
    .await
    .unwrap();
    for (table, column) in columns {
        // Text as text, bytes as the text that they might spell.
        let query = format!(
            "select count(*) from \"{table}\" where strpos(\"{column}\"::text, $1) > 0
                or strpos(\"{column}\"::text, $2) > 0
                or strpos(\"{column}\"::text, encode($1::bytea, 'hex')) > 0
                or strpos(\"{column}\"::text, encode($2::bytea, 'hex')) > 0"
        );
        let query = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(query));
        let found = query.bind(token).bind(&admin.owner).fetch_one(admin.db()).await.unwrap();
        assert_eq!(found, 0, "{table}.{column}");
    }
}

#[tokio::test]
async fn an_unknown_address_and_an_unknown_method_are_problems_too() {
    let admin = Admin::new().await;

    admin.get("/v1/admin/nothing").await.problem(404, "not_found");
    admin.get("/v1/admin/templates/tpl_x").await.problem(404, "not_found");
    let delete = admin.request("DELETE", "/v1/admin/apps", Body::empty());
    admin.send(delete).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn no_secret_no_code_and_no_open_id_reaches_a_log() {
    log::listen();
    let admin = Admin::new().await;

    let placement = admin.given_placement().await;
    let token = placement["callback_url"].as_str().unwrap().rsplit('/').next().unwrap();
    let template = admin.given_template(json!({ "codes": { "type": "uploaded" } })).await;
    admin.upload(&template, "SECRET-CODE-1\nSECRET-CODE-1\nSECRET CODE\n").await.created();
    let holder = json!({ "app_id": placement["app_id"], "open_id": "secret-open-id" });
    admin.put("/v1/members/u", json!({ "holders": [holder] })).await.ok();
    admin
        .put("/v1/members/v", json!({ "holders": [holder] }))
        .await
        .problem(409, "holder_linked_elsewhere");
    admin
        .get(&format!("/v1/admin/apps?cursor={}", admin.owner))
        .await
        .problem(401, "unauthenticated");

    let log = log::heard();
    assert!(log.contains("/v1/members/{uid}") && log.contains("codes uploaded"), "{log}");
    for secret in [token, &admin.owner, "SECRET", "secret-open-id", "/members/u"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
