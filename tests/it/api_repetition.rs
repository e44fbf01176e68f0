//! Requests that are sent again under the same `Idempotency-Key`.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use axum::body::Body;
use chrono::TimeDelta;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kaquan::{domain::access::Role, service::reseal_secrets, store, vault::Vault};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{
    admin::{Admin, Reply, noon, terms},
    until::{until_true, until_within},
};

fn named(admin: &Admin, key: &str, path: &str, body: &Value) -> Request<Body> {
    let mut request = admin.request("POST", path, body.to_string());
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

async fn send(admin: &Admin, key: &str, path: &str, body: &Value) -> Reply {
    admin.send(named(admin, key, path, body)).await
}

/// Makes a template; each that is made is another one.
async fn make(admin: &Admin, key: &str) -> Reply {
    send(admin, key, "/v1/admin/templates", &terms(&json!({}))).await
}

async fn count(admin: &Admin, question: &'static str) -> i64 {
    sqlx::query_scalar(question).fetch_one(admin.db()).await.unwrap()
}

async fn templates(admin: &Admin) -> i64 {
    count(admin, "select count(*) from template").await
}

fn is_replayed(reply: &Reply) -> bool {
    reply.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn the_same_request_again_is_answered_with_the_same_bytes_and_done_once() {
    let admin = Admin::new().await;
    let bytes = async || {
        let request = named(&admin, "once", "/v1/admin/templates", &terms(&json!({})));
        let response = admin.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let content_type = parts.headers["content-type"].clone();
        (parts.status, content_type, body.collect().await.unwrap().to_bytes())
    };

    let first = bytes().await;
    admin.clock.advance(TimeDelta::days(29));
    let again = bytes().await;

    assert_eq!(first, again);
    assert_eq!(first.0, 201);
    assert!(is_replayed(&make(&admin, "once").await) && !is_replayed(&make(&admin, "other").await));
    assert_eq!(templates(&admin).await, 2);
}

#[tokio::test]
async fn a_refusal_is_not_kept_for_the_same_request_may_be_right_later() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({})).await;
    let path = format!("/v1/admin/templates/{template}/void-unused");
    let (empty, full) = (json!({ "reason": "" }), json!({ "reason": "召回" }));

    let first = send(&admin, "once", &path, &empty).await;
    let mended = send(&admin, "once", &path, &full).await;
    let again = send(&admin, "once", &path, &full).await;

    assert_eq!((first.status.as_u16(), is_replayed(&first)), (422, false));
    assert_eq!((mended.status.as_u16(), is_replayed(&mended)), (200, false));
    assert_eq!((again.status.as_u16(), is_replayed(&again)), (200, true));
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let admin = Admin::new().await;
    let template = make(&admin, "once").await.created();
    let id = template["id"].as_str().unwrap();

    let other_title = terms(&json!({ "title": "x" }));
    let other_body = send(&admin, "once", "/v1/admin/templates", &other_title).await;
    let pause = format!("/v1/admin/templates/{id}/pause");
    let other_path = send(&admin, "once", &pause, &json!({})).await;

    other_body.problem(409, "idempotency_key_taken");
    other_path.problem(409, "idempotency_key_taken");
    assert_eq!(templates(&admin).await, 1);
}

#[tokio::test]
async fn two_callers_may_use_the_same_name() {
    let admin = Admin::new().await;
    let other = admin.key(Role::Operator).await;
    let mut request = named(&admin, "once", "/v1/admin/templates", &terms(&json!({})));
    request.headers_mut().insert("authorization", format!("Bearer {other}").parse().unwrap());

    let ours = make(&admin, "once").await.created();
    let theirs = admin.send(request).await.created();

    assert_ne!(ours["id"], theirs["id"]);
}

#[tokio::test]
async fn what_could_not_be_read_is_mended_and_sent_under_the_same_key() {
    let admin = Admin::new().await;
    let path = "/v1/admin/templates";

    send(&admin, "once", path, &json!({ "what": 1 })).await.problem(400, "invalid_body");
    let limit = terms(&json!({ "per_person_limit": 0 }));
    send(&admin, "once", path, &limit).await.problem(422, "invalid_values");
    let mut text = named(&admin, "once", path, &terms(&json!({})));
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    admin.send(text).await.problem(415, "unsupported_media_type");

    make(&admin, "once").await.created();
    assert_eq!(count(&admin, "select count(*) from idempotency").await, 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_before_anything_is_done() {
    let admin = Admin::new().await;
    for key in ["", "a b", &"k".repeat(256)] {
        make(&admin, key).await.problem(400, "idempotency_key_invalid");
    }
    let mut twice = named(&admin, "a", "/v1/admin/templates", &terms(&json!({})));
    twice.headers_mut().append("idempotency-key", "a".parse().unwrap());

    admin.send(twice).await.problem(400, "invalid_header");
    assert_eq!(templates(&admin).await, 0);
    make(&admin, &"k".repeat(255)).await.created();
}

#[tokio::test]
async fn who_asks_again_while_it_is_being_answered_is_asked_to_wait() {
    let admin = Arc::new(Admin::new().await);
    let mut wall = kaquan::store::begin(admin.db()).await.unwrap();
    sqlx::query("lock table template in exclusive mode").execute(&mut *wall).await.unwrap();

    let asking = Arc::clone(&admin);
    let first = tokio::spawn(async move { make(&asking, "once").await });
    until_true(admin.db(), "select exists (select from idempotency)").await;
    let meanwhile = make(&admin, "once").await;
    let other = send(&admin, "once", "/v1/admin/templates", &json!({ "title": "x" })).await;
    wall.rollback().await.unwrap();
    let first = first.await.unwrap().created();

    assert_eq!(meanwhile.headers["retry-after"], "1");
    meanwhile.problem(409, "in_flight");
    other.problem(409, "idempotency_key_taken");
    assert_eq!(make(&admin, "once").await.created(), first);
    assert_eq!(templates(&admin).await, 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_finds_the_answer_later() {
    let admin = Arc::new(Admin::new().await);
    let mut wall = kaquan::store::begin(admin.db()).await.unwrap();
    sqlx::query("lock table template in exclusive mode").execute(&mut *wall).await.unwrap();

    let asking = Arc::clone(&admin);
    let first = tokio::spawn(async move { make(&asking, "once").await });
    until_true(admin.db(), "select exists (select from idempotency)").await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    wall.rollback().await.unwrap();
    until_true(admin.db(), "select exists (select from idempotency where status = 201)").await;
    let again = make(&admin, "once").await;

    assert!(is_replayed(&again));
    again.created();
    assert_eq!(templates(&admin).await, 1);
}

/// Looks after so much of it that it has waited `times` times, and then hangs up.
async fn hang_up_after(times: usize, work: impl Future) {
    let mut work = pin!(work);
    let mut left = times;
    poll_fn(|context| {
        left -= 1;
        let is_over = work.as_mut().poll(context).is_ready();
        if is_over || left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn whoever_hangs_up_at_whatever_moment_can_ask_again() {
    let admin = Admin::new().await;

    for times in 1..40 {
        let key = format!("hung-up-{times}");
        hang_up_after(times, make(&admin, &key)).await;
        until_within(Duration::from_secs(20), "the name is free or has its answer", async || {
            make(&admin, &key).await.status == StatusCode::CREATED
        })
        .await;
    }

    assert_eq!(templates(&admin).await, 39);
}

#[tokio::test]
async fn what_a_dead_server_left_is_free_when_its_lease_is_over() {
    let admin = Admin::new().await;
    make(&admin, "once").await.created();
    let leave = "update idempotency
        set status = null, body = null, leased_until = $1::timestamptz + interval '1 minute'";
    sqlx::query(leave).bind(noon()).execute(admin.db()).await.unwrap();

    make(&admin, "once").await.problem(409, "in_flight");
    admin.clock.advance(TimeDelta::minutes(1));
    let other = send(&admin, "once", "/v1/admin/templates", &json!({})).await;
    let again = make(&admin, "once").await;

    other.problem(409, "idempotency_key_taken");
    assert!(!is_replayed(&again));
    again.created();
    assert!(is_replayed(&make(&admin, "once").await));
}

#[tokio::test]
async fn an_answer_with_a_secret_is_kept_sealed() {
    let admin = Admin::new().await;
    let (app, template) = (admin.given_app("k").await, admin.given_template(json!({})).await);
    let body = json!({ "app_id": app, "template_id": template });

    let first = send(&admin, "once", "/v1/admin/placements", &body).await.created();
    let again = send(&admin, "once", "/v1/admin/placements", &body).await;

    assert!(is_replayed(&again));
    assert_eq!(first, again.created());
    let token = first["callback_url"].as_str().unwrap().rsplit('/').next().unwrap();
    let readable = "select count(*) from idempotency
        where strpos(row_to_json(idempotency)::text, $1) > 0
           or strpos(row_to_json(idempotency)::text, encode($1::bytea, 'hex')) > 0";
    let found: i64 = sqlx::query_scalar(readable).bind(token).fetch_one(admin.db()).await.unwrap();
    assert_eq!(found, 0);
    let mut conn = admin.db().acquire().await.unwrap();
    let survey = reseal_secrets::survey(&mut conn, &admin.vault).await.unwrap();
    assert!(survey.closed.is_empty(), "{survey:?}");
    assert_eq!(survey.count(), 2, "the callback's secret and the answer: {survey:?}");
}

#[tokio::test]
async fn without_a_master_key_an_answer_with_a_secret_is_not_kept() {
    let admin = Admin::with(Vault::without_keys()).await;
    let (app, template) = (admin.given_app("k").await, admin.given_template(json!({})).await);
    let body = json!({ "app_id": app, "template_id": template });

    send(&admin, "once", "/v1/admin/placements", &body).await.created();
    let again = send(&admin, "once", "/v1/admin/placements", &body).await;

    again.problem(409, "already_placed");
}

#[tokio::test]
async fn old_answers_are_forgotten_in_portions() {
    let admin = Admin::new().await;
    for key in ["a", "b", "c"] {
        make(&admin, key).await.created();
    }
    admin.clock.advance(TimeDelta::days(1));
    make(&admin, "d").await.created();
    let mut conn = admin.db().acquire().await.unwrap();
    let moment = noon() + TimeDelta::hours(1);

    let mut portions = Vec::new();
    for _ in 0..3 {
        portions.push(store::idempotency::forget_before(&mut conn, moment, 2).await.unwrap());
    }

    assert_eq!(portions, [2, 1, 0]);
    assert_eq!(count(&admin, "select count(*) from idempotency").await, 1);
}
