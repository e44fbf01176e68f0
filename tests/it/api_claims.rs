//! Coupons given through us, and what their platform is owed.

use std::time::Duration;

use axum::body::Body;
use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{clock::Clock, domain::id::HolderId, ops::audit::AuditScope};
use serde_json::{Value, json};
use sqlx::postgres::PgListener;

use crate::support::{
    admin::Admin,
    counter::path,
    log,
    recount::{Counts, recount},
};

async fn is_sound(admin: &Admin) {
    recount(admin.db(), admin.clock.now(), AuditScope::DataOnly).await;
}

#[tokio::test]
async fn a_claim_is_answered_with_a_coupon_and_the_same_key_with_the_same_one() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;

    let first = admin.claim(&placement, "order-1", "open-1").await.created();
    let again = admin.claim(&placement, "order-1", "open-1").await.created();

    insta::assert_json_snapshot!(first, {
        ".id" => "cpn_…", ".placement_id" => "plc_…", ".code" => "…", ".record" => "q…",
    }, @r#"
    {
      "code": "…",
      "id": "cpn_…",
      "issued_at": "2026-11-11T04:00:00Z",
      "placement_id": "plc_…",
      "record": "q…",
      "valid_from": "2026-11-11T04:00:00Z",
      "valid_until": "2026-11-17T16:00:00Z"
    }
    "#);
    assert_eq!(first, again);
    assert_eq!(first["placement_id"], placement["id"]);
    assert_eq!(Counts::read(admin.db()).await, Counts { coupons: 1, refusals: 0, issued: 1 });
    is_sound(&admin).await;
}

#[tokio::test]
async fn baidu_is_owed_word_of_each_claim_once_and_an_app_of_our_own_never() {
    let admin = Admin::new().await;
    let baidu = admin.given_claimable("baidu", json!({}), 10).await;
    let own = admin.given_claimable("own", json!({}), 10).await;

    let early = admin.claim(&baidu, "order-1", "open-1").await.created();
    let waiting = admin.owed(&early).await;
    let mut workers = PgListener::connect_with(admin.db()).await.unwrap();
    workers.listen("kaquan_delivery").await.unwrap();
    let known = json!({ "version": 1, "platform_ref": "1001" });
    admin.patch(&path(&baidu), known).await.ok();
    let heard = tokio::time::timeout(Duration::from_secs(10), workers.recv()).await;
    let late = admin.claim(&baidu, "order-2", "open-2").await.created();
    admin.claim(&baidu, "order-2", "open-2").await.created();
    let ours = admin.claim(&own, "order-1", "open-1").await.created();

    let sync = |state: &str, coupon: &Value| {
        format!("sync {state} {}", coupon["record"].as_str().unwrap())
    };
    assert_eq!(waiting, [sync("waiting", &early)]);
    // What waited for the platform's id waits no longer.
    assert!(heard.is_ok(), "no worker hears of it");
    assert_eq!(admin.owed(&early).await, [sync("pending", &early)]);
    assert_eq!(admin.owed(&late).await, [sync("pending", &late)]);
    assert_eq!(admin.owed(&ours).await, Vec::<String>::new());
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_claim_without_a_key_is_none() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let body = json!({ "placement_id": placement["id"], "open_id": "open-1" });

    let missing = admin.post("/v1/claims", body.clone()).await;
    let empty = admin.claim(&placement, "", "open-1").await;
    let blank = admin.claim(&placement, "a b", "open-1").await;
    let long = admin.claim(&placement, &"k".repeat(256), "open-1").await;
    let mut twice = admin.request("POST", "/v1/claims", Body::from(body.to_string()));
    for key in ["a", "b"] {
        twice.headers_mut().append("idempotency-key", key.parse().unwrap());
    }

    missing.problem(400, "idempotency_key_required");
    for reply in [empty, blank, long] {
        reply.problem(400, "idempotency_key_invalid");
    }
    admin.send(twice).await.problem(400, "invalid_header");
    admin.claim(&placement, &"k".repeat(255), "open-1").await.created();
    admin.claim(&placement, "k", "张三").await.problem(422, "invalid_values");
}

#[tokio::test]
async fn a_key_belongs_to_one_person_and_one_placement_of_an_app() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let template = json!(admin.given_template(json!({})).await);
    let beside = admin.given_claimable_on(&placement["app_id"], &template, 10).await;
    let elsewhere = admin.given_claimable("baidu", json!({}), 10).await;
    admin.claim(&placement, "order-1", "open-1").await.created();

    let other_person = admin.claim(&placement, "order-1", "open-2").await;
    let other_placement = admin.claim(&beside, "order-1", "open-1").await;

    other_person.problem(409, "idempotency_key_taken");
    other_placement.problem(409, "idempotency_key_taken");
    admin.claim(&elsewhere, "order-1", "open-1").await.created();
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let admin = Admin::new().await;
    let later = json!({ "claim_from": "2026-11-12T00:00:00+08:00" });
    let over = json!({ "claim_until": "2026-11-11T11:00:00+08:00" });
    let gold = json!({ "audience": { "type": "member_classes", "any_of": ["gold"] } });
    let (one, none) = (json!({ "per_person_limit": 1 }), json!({}));
    let app = admin.given_app("refusals").await;
    for (number, (fields, stock, act, code)) in [
        (later, 1, None, "not_open"),
        (over, 1, None, "closed"),
        (gold, 1, None, "not_eligible"),
        (one, 1, Some("claim"), "limit_reached"),
        (none.clone(), 0, None, "sold_out"),
        (none.clone(), 1, Some("pause"), "paused"),
        (none.clone(), 1, Some("withdraw"), "ended"),
    ]
    .into_iter()
    .enumerate()
    {
        let template = json!(admin.given_template(fields).await);
        let placement = admin.given_claimable_on(&json!(app), &template, stock).await;
        match act {
            Some("claim") => drop(admin.claim(&placement, "before", "open-1").await.created()),
            Some(verb) => {
                drop(admin.post(&format!("{}/{verb}", path(&placement)), json!({})).await.ok());
            }
            None => {}
        }

        let key = format!("order-{number}");
        let first = admin.claim(&placement, &key, "open-1").await;
        let again = admin.claim(&placement, &key, "open-1").await;

        first.problem(409, code);
        again.problem(409, code);
    }
    let nowhere = json!({ "id": "plc_00000000000070008000000000000001" });
    admin.claim(&nowhere, "order-1", "open-1").await.problem(404, "not_found");
    is_sound(&admin).await;
}

#[tokio::test]
async fn an_engine_that_does_not_answer_makes_the_caller_ask_again() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let mut holding = kaquan::store::begin(admin.db()).await.unwrap();
    sqlx::query("select from template for update").execute(&mut *holding).await.unwrap();

    let busy = admin.claim(&placement, "order-1", "open-1").await;
    holding.rollback().await.unwrap();
    let again = admin.claim(&placement, "order-1", "open-1").await;

    assert_eq!(busy.headers["retry-after"], "1");
    busy.problem(503, "busy");
    again.created();
    assert_eq!(Counts::read(admin.db()).await.coupons, 1);
}

#[tokio::test]
async fn no_code_and_no_open_id_reaches_a_log() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 1).await;

    log::listen();
    let coupon = admin.claim(&placement, "order-1", "canary-open-id").await.created();
    admin
        .claim(&placement, "order-1", "canary-open-id-2")
        .await
        .problem(409, "idempotency_key_taken");
    admin.redeem(&coupon["code"], "order-1").await.created();
    let other = admin.redeem(&coupon["code"], "order-2").await.problem(409, "already_redeemed");
    admin.clock.advance(TimeDelta::days(1));
    let heard = log::heard();

    let code = coupon["code"].as_str().unwrap();
    assert!(heard.contains("coupon redeemed"));
    for secret in [code, "canary-open-id"] {
        assert!(!heard.contains(secret), "{heard}");
    }
    assert!(!other.to_string().contains(code));
}

#[tokio::test]
async fn an_answer_that_was_given_before_says_so() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let anna = admin.person(&placement["app_id"], "anna").await;

    let first = anna.claim(&placement, "k").await;
    let again = anna.claim(&placement, "k").await;
    let merchant = admin.claim(&placement, "m", "bert").await;
    let merchant_again = admin.claim(&placement, "m", "bert").await;

    for (reply, replayed) in
        [(&first, false), (&again, true), (&merchant, false), (&merchant_again, true)]
    {
        assert_eq!(reply.headers.get("idempotency-replayed").is_some(), replayed);
    }
    assert_eq!(first.created(), again.created());
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_persons_key_is_nobody_elses_and_nothing_in_the_body_says_who_they_are() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let elsewhere = admin.given_claimable("baidu", json!({}), 10).await;
    let anna = admin.person(&placement["app_id"], "anna").await;
    let bert = admin.person(&placement["app_id"], "bert").await;

    let hers = anna.claim(&placement, "k").await.created();
    let his = bert.claim(&placement, "k").await.created();
    let the_merchants = admin.claim(&placement, "k", "carl").await.created();
    let body = json!({ "placement_id": placement["id"], "open_id": "bert" });
    let as_another = anna.post("/v1/mini/claims", Some("l"), body).await;
    let keyless =
        anna.post("/v1/mini/claims", None, json!({ "placement_id": placement["id"] })).await;

    assert!(hers["code"] != his["code"] && his["code"] != the_merchants["code"]);
    as_another.problem(400, "invalid_body");
    keyless.problem(400, "idempotency_key_required");
    anna.claim(&elsewhere, "m").await.problem(404, "not_found");
    anna.claim(&placement, "other").await.problem(409, "limit_reached");
    is_sound(&admin).await;
}

#[tokio::test]
async fn by_uid_the_oldest_account_claims_and_on_an_app_of_ours_one_is_made() {
    let admin = Admin::new().await;
    let baidu = admin.given_claimable("baidu", json!({}), 10).await;
    let own = admin.given_claimable("own", json!({}), 10).await;
    admin.given_member("u-1", json!({}), &[(&baidu["app_id"], "first")]).await;
    admin.clock.advance(TimeDelta::seconds(1));
    admin.given_member("u-1", json!({}), &[(&baidu["app_id"], "another")]).await;
    admin.given_member("u-2", json!({}), &[]).await;
    let by_uid = async |placement: &Value, uid: &str| {
        let body = json!({ "placement_id": placement["id"], "uid": uid });
        admin.post_as("/v1/claims", &format!("k-{uid}"), body).await
    };

    by_uid(&baidu, "u-1").await.created();
    let made = by_uid(&own, "u-2").await.created();
    let again = by_uid(&own, "u-2").await.created();
    let unlinked = by_uid(&baidu, "u-2").await;
    let unknown = by_uid(&own, "u-3").await;

    let holder: String = sqlx::query_scalar(
        "select open_id from coupon join holder using (holder_id) join app on app.app_id = coupon.app_id
         where platform = 'baidu'",
    )
    .fetch_one(admin.db())
    .await
    .unwrap();
    assert_eq!(holder, "first");
    assert_eq!(made, again);
    unlinked.problem(409, "member_not_linked");
    unknown.problem(422, "no_such_reference");
    let member = admin.get("/v1/members/u-2").await.ok();
    let id = HolderId::derive(own["app_id"].as_str().unwrap().parse().unwrap(), "u-2").to_string();
    let holder = json!({ "id": id, "app_id": own["app_id"], "open_id": "u-2" });
    assert_eq!(member["holders"], json!([holder]));
    for body in [
        json!({ "placement_id": own["id"] }),
        json!({ "placement_id": own["id"], "uid": "u-1", "open_id": "first" }),
        json!({ "placement_id": own["id"], "app_id": own["app_id"] }),
    ] {
        admin.post_as("/v1/claims", "x", body).await.problem(422, "invalid_values");
    }
    let wrong = json!({ "placement_id": own["id"], "app_id": baidu["app_id"], "open_id": "first" });
    admin.post_as("/v1/claims", "x", wrong).await.problem(422, "no_such_reference");
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_batch_gives_what_it_can_and_says_the_rest_and_again_the_same() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;
    let mut placements = Vec::new();
    for stock in [1, 0, 1] {
        let template = json!(admin.given_template(json!({})).await);
        placements.push(admin.given_claimable_on(&json!(app), &template, stock).await);
    }
    let ids: Vec<_> = placements.iter().map(|placement| placement["id"].clone()).collect();
    let unknown = json!("plc_00000000000070008000000000000001");
    let wanted = json!([ids[0], ids[1], unknown, ids[2]]);
    let anna = admin.person(&json!(app), "anna").await;
    let body = json!({ "placement_ids": wanted });

    let first = anna.post("/v1/mini/claim-batches", Some("k"), body.clone()).await.ok();
    let again = anna.post("/v1/mini/claim-batches", Some("k"), body).await.ok();
    let merchants = json!({ "placement_ids": [ids[0]], "open_id": "anna", "app_id": app });
    let merchants = admin.post_as("/v1/claim-batches", "k", merchants).await.ok();

    let column = |reply: &Value, name: &str| -> Vec<Value> {
        reply["results"].as_array().unwrap().iter().map(|one| one[name].clone()).collect()
    };
    let codes = [json!(null), json!("sold_out"), json!("not_found"), json!(null)];
    assert_eq!(column(&first, "placement_id"), *wanted.as_array().unwrap());
    assert_eq!(column(&first, "code"), codes);
    assert_eq!(column(&first, "coupon"), column(&again, "coupon"));
    assert!(column(&first, "replayed").iter().all(|replayed| *replayed == false));
    assert_eq!(column(&again, "replayed"), [true, false, false, true].map(Value::from));
    assert_eq!(column(&merchants, "code"), ["limit_reached"]);
    assert_eq!(Counts::read(admin.db()).await.coupons, 2);
    for wrong in [json!([]), json!([ids[0], ids[0]]), json!(vec![&unknown; 21])] {
        let body = json!({ "placement_ids": wrong });
        anna.post("/v1/mini/claim-batches", Some("l"), body).await.problem(422, "invalid_values");
    }
    is_sound(&admin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_claims_of_one_member_through_two_accounts_stay_within_the_limit() {
    let admin = Admin::new().await;
    let own = admin.given_claimable("own", json!({ "per_person_limit": 3 }), 100).await;
    let baidu = {
        let app = admin.given_app("key").await;
        admin.given_claimable_on(&json!(app), &own["template_id"], 100).await
    };
    admin
        .given_member("u-1", json!({}), &[(&own["app_id"], "here"), (&baidu["app_id"], "there")])
        .await;
    let here = admin.person(&own["app_id"], "here").await;
    let there = admin.person(&baidu["app_id"], "there").await;

    let claims = (0..50).map(|n| {
        let (person, placement) = if n % 2 == 0 { (&here, &own) } else { (&there, &baidu) };
        async move { person.claim(placement, &format!("k-{n}")).await.status.as_u16() }
    });
    let answers = join_all(claims).await;

    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 3);
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 47);
    is_sound(&admin).await;
}
