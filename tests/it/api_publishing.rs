//! What of a placement can be told to its platform, and what cannot, over the admin API.

use http::{Request, StatusCode};
use kaquan::{
    clock::Clock,
    service::add_banner::{AddBannerError, NewBanner, add_banner},
};
use serde_json::{Value, json};
use sqlx::Row;

use crate::support::admin::Admin;

fn path(placement: &Value) -> String {
    format!("/v1/admin/placements/{}", placement["id"].as_str().unwrap())
}

/// A placement on an app whose secret is known, and which its platform does not know yet.
async fn given_unpublished(admin: &Admin, platform: &str, secret: Option<&str>) -> Value {
    let mut app = json!({ "platform": platform, "app_key": "key", "name": "商城" });
    if let Some(secret) = secret {
        app["secret"] = json!(secret);
    }
    let app = admin.post("/v1/admin/apps", app).await.created();
    let template = admin.given_template(json!({})).await;
    let body = json!({ "template_id": template, "app_id": app["id"] });
    admin.post("/v1/admin/placements", body).await.created()
}

const SECRET: Option<&str> = Some("0123456789abcdef0123456789abcdef");

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_the_reason() {
    let own = Admin::new().await;
    let on_own = given_unpublished(&own, "own", None).await;
    let silent = Admin::new().await;
    let without_secret = given_unpublished(&silent, "baidu", None).await;
    let admin = Admin::new().await;
    let unpublished = given_unpublished(&admin, "baidu", SECRET).await;

    for (admin, placement, verb, code) in [
        (&own, &on_own, "publish", "no_wallet"),
        (&own, &on_own, "update", "no_wallet"),
        (&silent, &without_secret, "publish", "app_has_no_secret"),
        (&silent, &without_secret, "update", "not_published"),
        (&admin, &unpublished, "update", "not_published"),
    ] {
        let reply = admin.post(&format!("{}/{verb}", path(placement)), json!({})).await;
        reply.problem(409, code);
    }
    admin.post(&format!("{}/withdraw", path(&unpublished)), json!({})).await.ok();
    for verb in ["publish", "update"] {
        let reply = admin.post(&format!("{}/{verb}", path(&unpublished)), json!({})).await;
        reply.problem(409, "wrong_state");
    }
    let import = json!({ "platform_ref": "1", "benefit": { "type": "exchange" } });
    let imports = |app: &Value| format!("/v1/admin/apps/{}/imports", app.as_str().unwrap());
    let reply = silent.post(&imports(&without_secret["app_id"]), import.clone()).await;
    reply.problem(409, "app_has_no_secret");
    let reply = own.post(&imports(&on_own["app_id"]), import).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_is_owed_stands_in_the_answer_and_holds_no_secret() {
    let admin = Admin::new().await;
    let placement = given_unpublished(&admin, "baidu", SECRET).await;

    let reply = admin.post(&format!("{}/publish", path(&placement)), json!({})).await;

    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(reply.body["platform_state"], "publishing");
    let row = sqlx::query("select kind, state, identity, payload::text, subject_id from delivery")
        .fetch_one(admin.db())
        .await
        .unwrap();
    let subject: uuid::Uuid = row.get("subject_id");
    assert_eq!(placement["id"], format!("plc_{}", subject.simple()));
    assert_eq!((row.get("kind"), row.get("state")), ("publish", "pending"));
    assert_eq!(row.get::<&str, _>("payload"), "{}");
    assert!(row.get::<&str, _>("identity").starts_with(&subject.to_string()));
}

#[tokio::test]
async fn what_waits_for_the_id_goes_when_it_is_written_by_hand() {
    let admin = Admin::new().await;
    let placement = given_unpublished(&admin, "baidu", SECRET).await;
    let addition = json!({ "name": "launch", "way": "take", "amount": 5 });
    let additions = format!("{}/stock-additions", path(&placement));
    admin.post(&additions, addition).await.created();

    let by_hand = json!({ "version": 1, "platform_ref": "1001" });
    admin.patch(&path(&placement), by_hand).await.ok();

    let row =
        sqlx::query("select state, identity from delivery").fetch_one(admin.db()).await.unwrap();
    assert_eq!((row.get("state"), row.get("identity")), ("pending", "launch"));
}

#[tokio::test]
async fn what_a_platform_does_not_have_is_refused_at_once() {
    let admin = Admin::new().await;
    let on_wechat = given_unpublished(&admin, "wechat", SECRET).await;
    let import = json!({ "platform_ref": "p1", "benefit": { "type": "exchange" } });
    let path = format!("/v1/admin/apps/{}/imports", on_wechat["app_id"].as_str().unwrap());
    admin.post(&path, import).await.problem(409, "no_imports");

    let id: kaquan::domain::id::PlacementId = on_wechat["id"].as_str().unwrap().parse().unwrap();
    let new = NewBanner {
        placement: id,
        title: "券".to_owned(),
        dest_url: "pages/index".to_owned(),
        image: Vec::new(),
        image_type: "image/png".to_owned(),
    };
    let refused = add_banner(admin.db(), admin.clock.now(), new).await;
    assert!(matches!(refused, Err(AddBannerError::NoBanners)));
}

#[tokio::test]
async fn a_banner_form_that_cannot_be_read_is_told_as_a_problem() {
    let admin = Admin::new().await;
    let placement = given_unpublished(&admin, "baidu", SECRET).await;
    let send = async |content_type: &str, body: &str| {
        let request = Request::post(format!("{}/banners", path(&placement)))
            .header("authorization", format!("Bearer {}", admin.owner))
            .header("content-type", content_type)
            .body(body.to_owned().into())
            .unwrap();
        admin.send(request).await
    };
    let form = |fields: &[(&str, &str)]| {
        let parts = fields.iter().map(|(name, value)| {
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        parts.collect::<String>() + "--x--\r\n"
    };
    let multipart = "multipart/form-data; boundary=x";

    send("application/json", "{}").await.problem(415, "unsupported_media_type");
    send("multipart/form-data", "").await.problem(400, "invalid_body");
    send(multipart, "--y").await.problem(400, "invalid_body");
    send(multipart, &form(&[("name", "x")])).await.problem(400, "invalid_body");
    let twice = form(&[("title", "一"), ("title", "二")]);
    send(multipart, &twice).await.problem(400, "invalid_body");
    let missing = send(multipart, &form(&[("title", "一")])).await.problem(422, "invalid_values");
    let not_a_picture = form(&[("title", "一"), ("dest_url", "/pages"), ("image", "GIF89a")]);
    let refused = send(multipart, &not_a_picture).await.problem(422, "invalid_values");

    assert_eq!(missing["problems"].as_array().unwrap().len(), 2);
    assert_eq!(refused["problems"][0]["param"], "image");
}

#[tokio::test]
async fn a_banner_is_repeated_under_its_key_whatever_boundary_the_client_chose() {
    let admin = Admin::new().await;
    let placement = given_unpublished(&admin, "baidu", SECRET).await;
    let send = async |boundary: &str, picture: &str| {
        let mut form = Vec::new();
        for (name, value) in [("title", "一"), ("dest_url", "/pages/index"), ("image", picture)] {
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            form.extend(format!("--{boundary}\r\n{head}\r\n\r\n").bytes());
            form.extend((name == "image").then_some(b"\x89PNG\r\n\x1a\n").into_iter().flatten());
            form.extend(format!("{value}\r\n").bytes());
        }
        form.extend(format!("--{boundary}--\r\n").bytes());
        let mut request = admin.request("POST", &format!("{}/banners", path(&placement)), form);
        let kind = format!("multipart/form-data; boundary={boundary}");
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        request.headers_mut().insert("idempotency-key", "banner-1".parse().unwrap());
        admin.send(request).await
    };

    let first = send("----one", "a picture").await;
    let again = send("----another", "a picture").await;
    let other = send("----one", "another picture").await;

    assert_eq!(first.status, StatusCode::ACCEPTED, "{:?}", first.body);
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    other.problem(409, "idempotency_key_taken");
}
