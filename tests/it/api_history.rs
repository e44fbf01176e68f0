//! What people at work change is history: written down before it is done, and after.

use chrono::TimeDelta;
use kaquan::{config::limits::Limits, domain::access::Role};
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, plenty, terms},
    people,
    vault::vault,
};

/// Kind, actor, request and data, oldest first.
async fn history(admin: &Admin) -> Vec<(String, String, String, Value)> {
    sqlx::query_as(
        "select kind, actor, request_id, data from event
         where kind like 'operator.%' order by occurred_at, kind desc",
    )
    .fetch_all(admin.db())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_change_is_written_down_before_and_after_with_the_same_request() {
    let admin = Admin::new().await;
    let operator = people::operator(&admin.state, Role::Operator).await;
    let session = people::work_session(&admin.state, operator).await;
    let template = admin.given_template(json!({})).await;
    let before = history(&admin).await.len();
    admin.clock.advance(TimeDelta::seconds(1));

    let mut request = admin.request("POST", &format!("/v1/admin/templates/{template}/pause"), "{}");
    request.headers_mut().insert("authorization", format!("Bearer {session}").parse().unwrap());
    let reply = admin.send(request).await;
    let named = reply.headers["x-request-id"].to_str().unwrap().to_owned();
    reply.ok();

    let history = history(&admin).await.split_off(before);
    let route = "/v1/admin/templates/{template}/pause";
    let asked = json!({ "method": "POST", "route": route, "ids": { "template": template } });
    let answered = json!({ "method": "POST", "route": route, "status": 200 });
    let actor = operator.to_string();
    let mut kinds: Vec<_> = history.iter().map(|(kind, ..)| kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["operator.answered", "operator.asked"]);
    for (kind, by, request, data) in &history {
        let told = if kind == "operator.asked" { &asked } else { &answered };
        assert_eq!((by, request, data), (&actor, &named, told));
    }
}

#[tokio::test]
async fn a_refused_change_is_history_too_and_looking_is_not() {
    let admin = Admin::new().await;

    admin.get("/v1/admin/templates").await.ok();
    admin.post("/v1/coupon-lookups", json!({ "code": "x" })).await;
    admin.post("/v1/cart-matches", json!({ "uid": "u-1", "cart": { "lines": [] } })).await;
    assert_eq!(history(&admin).await, []);
    admin.post("/v1/admin/templates", json!({})).await.problem(400, "invalid_body");

    let history = history(&admin).await;
    let answered = history.iter().find(|(kind, ..)| kind == "operator.answered").unwrap();
    assert_eq!((history.len(), &answered.3["status"]), (2, &json!(400)));
}

#[tokio::test]
async fn what_is_said_of_members_is_history() {
    let admin = Admin::new().await;

    admin.put("/v1/members/u-1", json!({})).await.ok();
    admin.post("/v1/members/u-1/holders", json!({})).await.problem(400, "invalid_body");

    let history = history(&admin).await;
    let mut told: Vec<_> = history
        .iter()
        .filter(|(kind, ..)| kind == "operator.answered")
        .map(|(.., data)| (data["route"].as_str().unwrap(), data["status"].as_u64().unwrap()))
        .collect();
    told.sort_unstable();
    assert_eq!(
        (history.len(), told),
        (4, vec![("/v1/members/{uid}", 200), ("/v1/members/{uid}/holders", 400)])
    );
}

#[tokio::test]
async fn who_gave_a_coupon_away_is_history_when_a_person_did() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({ "per_person_limit": 4 }), 10).await;
    let operator = people::operator(&admin.state, Role::Operator).await;
    let session = people::work_session(&admin.state, operator).await;
    let before = history(&admin).await.len();
    admin.clock.advance(TimeDelta::seconds(1));
    let one = json!({ "placement_id": placement["id"], "open_id": "open-1" });
    let batch = json!({ "placement_ids": [placement["id"]], "open_id": "open-1",
        "app_id": placement["app_id"] });

    admin.act("/v1/claims", one.clone()).await.created();
    admin.act("/v1/claim-batches", batch.clone()).await.ok();
    let by_a_key = history(&admin).await.len() - before;
    admin.act_as(&session, "gift-1", "/v1/claims", one).await.created();
    admin.act_as(&session, "gift-2", "/v1/claim-batches", batch).await.ok();

    assert_eq!(by_a_key, 0);
    let history = history(&admin).await.split_off(before);
    assert!(history.iter().all(|(_, actor, ..)| *actor == operator.to_string()), "{history:?}");
    let answered = |(kind, .., data): &(String, String, String, Value)| {
        (kind == "operator.answered").then(|| (data["route"].clone(), data["status"].clone()))
    };
    let mut told: Vec<_> = history.iter().filter_map(answered).collect();
    told.sort_by_key(|(route, _)| route.to_string());
    let expected = [("/v1/claim-batches", 200), ("/v1/claims", 201)];
    assert_eq!(told, expected.map(|(route, status)| (json!(route), json!(status))));
    assert_eq!(history.len(), 4);
}

#[tokio::test]
async fn whoever_is_not_let_in_leaves_no_history() {
    let admin = Admin::new().await;
    let auditor = admin.key(Role::Auditor).await;
    let mut request = admin.request("POST", "/v1/admin/templates", "{}");
    request.headers_mut().insert("authorization", format!("Bearer {auditor}").parse().unwrap());

    admin.send(request).await.problem(403, "forbidden");

    assert_eq!(history(&admin).await, []);
}

#[tokio::test]
async fn what_was_asked_too_often_leaves_no_history() {
    let settings = Limits { server_rate: 1, server_burst: 1, ..plenty() };
    let admin = Admin::with_limits(vault(), &settings).await;

    admin.post("/v1/admin/templates", terms(&json!({}))).await.created();
    admin.post("/v1/admin/templates", terms(&json!({}))).await.problem(429, "rate_limited");

    assert_eq!(history(&admin).await.len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_given_again_leaves_no_more_history() {
    let admin = Admin::new().await;

    for replayed in [None, Some("true"), Some("true")] {
        let reply = admin.post_as("/v1/admin/templates", "once", terms(&json!({}))).await;
        let header = reply.headers.get("idempotency-replayed");
        assert_eq!(header.map(|value| value.to_str().unwrap()), replayed);
        reply.created();
    }
    let other = terms(&json!({ "title": "x" }));
    let taken = admin.post_as("/v1/admin/templates", "once", other).await;

    taken.problem(409, "idempotency_key_taken");
    assert_eq!(history(&admin).await.len(), 2);
}

#[tokio::test]
async fn what_was_begun_is_finished_and_written_down_when_the_caller_hangs_up() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;
    let before = history(&admin).await.len();

    let body = json!({ "version": 1, "name": "新名字" }).to_string();
    let request = admin.request("PATCH", &format!("/v1/admin/apps/{app}"), body);
    {
        let mut answer = Box::pin(admin.send(request));
        // As far as to the first wait for the database, and then gone.
        assert!(futures_util::poll!(&mut answer).is_pending());
        while history(&admin).await.len() == before {
            assert!(futures_util::poll!(&mut answer).is_pending());
            tokio::task::yield_now().await;
        }
    }

    while history(&admin).await.len() < before + 2 {
        tokio::task::yield_now().await;
    }
    let name: String =
        sqlx::query_scalar("select name from app").fetch_one(admin.db()).await.unwrap();
    assert_eq!(name, "新名字");
}
