//! Every kind of event arrives at every endpoint that wants it, once and signed, whatever happens on the way.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    domain::{
        access::Actor,
        event::EventKind,
        id::{AppId, CouponId, EventId, TemplateId},
    },
    simulator::{aim::FaultAim, fault::CallFault},
    store::{self, event::Event},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{
    receiver::{Message, Receiver},
    stage::{MINUTE, Stage},
};

async fn add(stage: &Stage, receiver: &Receiver, kinds: Value) -> Value {
    let body = json!({ "name": "商城", "url": receiver.url, "kinds": kinds });
    let endpoint = stage.post("/v1/admin/webhook-endpoints", body).await.is(201).body;
    let app = endpoint["id"].as_str().unwrap().parse().unwrap();
    crate::support::delivery_scene::set_rate(stage.db(), app, 1_000_000.0).await;
    endpoint
}

fn all() -> Value {
    EventKind::TOLD.iter().map(|kind| kind.as_str()).collect()
}

/// How often each kind was heard, by the ids under which it was.
fn kinds(heard: &[Message]) -> BTreeMap<String, usize> {
    let ids: BTreeSet<_> = heard
        .iter()
        .map(|message| {
            let kind = message.json()["type"].as_str().unwrap().to_owned();
            (kind, message.header("webhook-id").to_owned())
        })
        .collect();
    ids.into_iter().fold(BTreeMap::new(), |mut kinds, (kind, _)| {
        *kinds.entry(kind).or_default() += 1;
        kinds
    })
}

/// What those write who lock, use, give back and void.
async fn append(stage: &Stage, kind: EventKind) {
    let now = stage.clock.now();
    let event = Event {
        id: EventId::new(now),
        kind,
        coupon: Some(CouponId::new(now)),
        template: Some(TemplateId::new(now)),
        app: Some(AppId::new(now)),
        actor: Actor::Kaquan,
        request: None,
        data: json!({ "order_no": "1" }),
        occurred_at: now,
    };
    let mut conn = stage.db().acquire().await.unwrap();
    store::event::append(&mut conn, &event).await.unwrap();
}

async fn run(db: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_arrives_once_and_signed_after_an_outage_and_a_dead_worker() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let placement = stage.given_published(json!({ "per_person_limit": 5 })).await;
    stage.add_claimable(&placement, 2).await;
    stage.upkeep().await;
    let endpoint = add(&stage, &receiver, all()).await;
    receiver.answer_always(503);

    // Claimed, and the stock is low with it.
    stage.claim(&placement, "open-1").await.is(201);
    stage.claim(&placement, "open-2").await.is(201);
    for kind in [EventKind::Locked, EventKind::Redeemed, EventKind::GivenBack, EventKind::Voided] {
        append(&stage, kind).await;
    }
    // Unlocked by time.
    run(
        stage.db(),
        "with kept as (
             update coupon set state = 'locked' where record in (select min(record) from coupon) returning coupon_id
         )
         insert into coupon_lock (coupon_id, order_no, locked_by, locked_at, expires_at)
         select coupon_id, 'order-1', 'till', '2026-11-11', '2026-11-11T00:01:00Z' from kept",
    )
    .await;
    // Refused by Baidu: a delivery is dead.
    let refused = FaultAim::next(1, CallFault::Busy { errno: 40001 }).at("sync");
    stage.baidu.fault_calls(refused).unwrap();
    stage.drain().await;
    // One ends in three days.
    stage.upkeep().await;
    run(
        stage.db(),
        "update coupon set valid_until = '2026-11-14T04:05:00Z' where state = 'issued'",
    )
    .await;
    stage.clock.advance(TimeDelta::minutes(10));
    stage.upkeep().await;
    // A worker dies with all it holds, and another takes over.
    run(
        stage.db(),
        "update delivery set state = 'leased', leased_by = 2147483647, leased_until = now() + interval '1 year'
         where kind = 'webhook' and state = 'pending'",
    )
    .await;
    stage.rescue().await;
    receiver.answer_always(200);
    for _ in 0..6 {
        stage.drain_after(MINUTE * 10).await;
    }

    let heard = receiver.heard();
    let secret = endpoint["secret"].as_str().unwrap();
    assert!(heard.iter().all(|message| message.is_signed_with(secret)));
    // Only a platform that hands out cards by itself makes the others happen.
    let of_cards = ["conflict", "handed_over", "resumed", "suspended", "review_failed"];
    let told = EventKind::TOLD.iter().map(|kind| kind.as_str());
    let told = told.filter(|kind| !of_cards.iter().any(|other| kind.ends_with(other)));
    let mut expected: BTreeMap<_, _> = told.map(|kind| (kind.to_owned(), 1)).collect();
    expected.insert("coupon.claimed".to_owned(), 2);
    expected.insert("coupon.expiring".to_owned(), 2);
    assert_eq!(kinds(&heard), expected);
    let states: BTreeSet<_> = stage.deliveries("webhook").await.into_iter().collect();
    assert_eq!(states, ["done".to_owned()].into());
    stage.leave().await;
}

#[tokio::test]
async fn a_claim_is_told_with_what_the_receiver_needs_and_without_secrets() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let placement = stage.given_published(json!({})).await;
    stage.add_claimable(&placement, 5).await;
    add(&stage, &receiver, json!(["coupon.claimed"])).await;

    let coupon = stage.claim(&placement, "open-1").await.is(201).body;
    stage.claim(&placement, "open-1").await.is(201);
    stage.drain().await;

    let heard = receiver.heard();
    assert_eq!(heard.len(), 1);
    let said = heard[0].json();
    let id = coupon["id"].as_str().unwrap();
    assert_eq!(heard[0].header("webhook-id"), id.replace("cpn_", "evt_"));
    assert_eq!(said["type"], "coupon.claimed");
    assert_eq!(said["data"]["coupon_id"], id);
    assert_eq!(said["data"]["placement_id"], placement["id"]);
    assert_eq!(
        (&said["data"]["app_id"], &said["data"]["way"]),
        (&json!(stage.app), &json!("claim"))
    );
    let text = String::from_utf8(heard[0].body.clone()).unwrap();
    assert!(!text.contains(coupon["code"].as_str().unwrap()) && !text.contains("open-1"), "{text}");
    stage.finish().await;
}

#[tokio::test]
async fn a_take_on_the_platform_is_a_claim_too_and_only_those_hear_who_want_to() {
    let stage = Stage::new().await;
    let (wants, other) = (Receiver::start().await, Receiver::start().await);
    let placement = stage.given_published(json!({})).await;
    stage.add_stock(&placement, "first", 5).await.is(201);
    stage.drain().await;
    add(&stage, &wants, json!(["coupon.claimed"])).await;
    add(&stage, &other, json!(["coupon.voided"])).await;

    stage.baidu_user_takes(&placement, "open-1").await;
    stage.drain().await;

    assert_eq!((wants.heard().len(), other.heard().len()), (1, 0));
    assert_eq!(wants.heard()[0].json()["data"]["way"], "take");
    stage.finish().await;
}

#[tokio::test]
async fn a_delivery_that_dies_is_told_in_its_commit() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.add_claimable(&placement, 5).await;
    let coupon = stage.claim(&placement, "open-1").await.is(201).id();
    stage
        .baidu
        .fault_calls(FaultAim::next(1, CallFault::Busy { errno: 40001 }).at("sync"))
        .unwrap();

    stage.drain().await;

    let told: Vec<Value> =
        sqlx::query_scalar("select data from event where kind = 'delivery.dead'")
            .fetch_all(stage.db())
            .await
            .unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["kind"], &told[0]["coupon_id"]), (&json!("sync"), &json!(coupon)));
    assert_eq!(told[0]["placement_id"], placement["id"]);
    assert!(told[0]["delivery_id"].as_str().unwrap().starts_with("dlv_"));
    stage.finish_owing().await;
}
