//! What the admin API does with bodies, parameters and headers that are not as they should be.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::admin::{Admin, Reply, terms};

async fn post_text(admin: &Admin, path: &str, body: impl Into<axum::body::Body>) -> Reply {
    admin.send(admin.request("POST", path, body)).await
}

#[tokio::test]
async fn a_body_that_could_be_read_in_two_ways_is_not_read() {
    let admin = Admin::new().await;
    for (body, code) in [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("{} x", "invalid_json"),
        ("\u{feff}{}", "invalid_json"),
        ("[]", "invalid_body"),
        ("null", "invalid_body"),
        (r#"["own","a","x",{}]"#, "invalid_body"),
        (r#"{"platform":"own","app_key":"a","app_key":"b","name":"x"}"#, "invalid_body"),
        (r#"{"platform":"own","app_key":"a","name":"x","settings":{"k":1,"k":2}}"#, "invalid_body"),
        (r#"{"platform":"own","app_key":"a","name":"x\u0000"}"#, "invalid_body"),
        (r#"{"platform":"own","app_key":"a","name":"x","id":"app_1"}"#, "invalid_body"),
        (r#"{"platform":"own","app_key":"a","name":"\ud800"}"#, "invalid_json"),
        (r#"{"platform":"own","app_key":1,"name":"x"}"#, "invalid_body"),
    ] {
        let reply = post_text(&admin, "/v1/admin/apps", body).await;
        assert_eq!(reply.body["code"], code, "{body}: {:?}", reply.body);
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_field_nobody_knows_is_refused_by_every_body() {
    let admin = Admin::new().await;
    let placement = admin.given_placement().await;
    let (app, template) = (&placement["app_id"], &placement["template_id"]);
    let of = |kind: &str, id: &Value| format!("/v1/admin/{kind}/{}", id.as_str().unwrap());
    let placement_path = of("placements", &placement["id"]);
    for (method, path, mut body) in [
        (
            "POST",
            "/v1/admin/apps".to_owned(),
            json!({ "platform": "own", "app_key": "k", "name": "n" }),
        ),
        ("PATCH", of("apps", app), json!({ "version": 1 })),
        ("POST", "/v1/admin/templates".to_owned(), terms(&json!({}))),
        ("PATCH", of("templates", template), json!({ "version": 1 })),
        (
            "POST",
            "/v1/admin/placements".to_owned(),
            json!({ "app_id": app, "template_id": template }),
        ),
        ("PATCH", placement_path.clone(), json!({ "version": 1, "platform_ref": null })),
        ("POST", format!("{placement_path}/callback-token-rotations"), json!({})),
        ("POST", format!("{placement_path}/stock-additions"), json!({ "name": "n", "amount": 1 })),
        ("PUT", "/v1/members/m".to_owned(), json!({})),
    ] {
        body["is_admin"] = json!(true);
        let reply = admin.send(admin.request(method, &path, body.to_string())).await;

        let problem = reply.problem(400, "invalid_body");
        assert!(problem["detail"].as_str().unwrap().contains("is_admin"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_over_256_kib_is_too_large_and_one_at_the_limit_is_not() {
    let admin = Admin::new().await;
    let blanks = |length: usize| " ".repeat(length);

    let over = post_text(&admin, "/v1/admin/apps", blanks(256 * 1024 + 1)).await;
    let at = post_text(&admin, "/v1/admin/apps", blanks(256 * 1024)).await;

    over.problem(413, "body_too_large");
    at.problem(400, "invalid_json");
}

#[tokio::test]
async fn another_kind_of_body_is_not_supported() {
    let admin = Admin::new().await;
    for content_type in ["text/plain", "application/jsonp", "application/x-www-form-urlencoded", ""]
    {
        let mut request = admin.request("POST", "/v1/admin/apps", "{}");
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        admin.send(request).await.problem(415, "unsupported_media_type");
    }
    let mut compressed = admin.request("POST", "/v1/admin/apps", "{}");
    compressed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let mut twice = admin.request("POST", "/v1/admin/apps", "{}");
    twice.headers_mut().append("content-type", "application/json".parse().unwrap());

    admin.send(compressed).await.problem(415, "unsupported_media_type");
    admin.send(twice).await.problem(400, "invalid_header");
}

#[tokio::test]
async fn a_query_is_read_as_strictly_as_a_body() {
    let admin = Admin::new().await;
    for (query, code) in [
        ("limit=0", "invalid_query"),
        ("limit=201", "invalid_query"),
        ("limit=-1", "invalid_query"),
        ("limit=ten", "invalid_query"),
        ("limit=1&limit=2", "invalid_query"),
        ("sort=name", "invalid_query"),
        ("app_id=%27%20or%201%3D1", "invalid_query"),
        ("cursor=", "invalid_cursor"),
        ("cursor=garbage", "invalid_cursor"),
        ("cursor=%27%3B%20drop%20table%20app", "invalid_cursor"),
    ] {
        let reply = admin.get(&format!("/v1/admin/placements?{query}")).await;
        assert_eq!((reply.status.as_u16(), &reply.body["code"]), (400, &json!(code)), "{query}");
    }
    admin.get("/v1/admin/placements?limit=200").await.ok();
}

#[tokio::test]
async fn every_reply_has_an_id_of_our_making() {
    let admin = Admin::new().await;
    let mut request = admin.request("GET", "/v1/admin/apps", axum::body::Body::empty());
    request.headers_mut().insert("x-request-id", "theirs".parse().unwrap());

    let reply = admin.send(request).await;

    assert!(reply.headers["x-request-id"].to_str().unwrap().starts_with("req_"));
}
