//! Deliveries over the admin API: what a person can do about them.

use std::time::Duration;

use chrono::TimeDelta;
use http::StatusCode;
use kaquan::domain::{
    delivery::DeliveryState,
    id::{AppId, DeliveryId},
};
use serde_json::{Value, json};
use sqlx::postgres::PgListener;
use uuid::Uuid;

use crate::support::{
    admin::{Admin, Reply, noon},
    delivery_plant::{Owed, look_at, plant_dead_crowd},
    plant::plant_app,
};

/// The id of no delivery.
fn nobody() -> DeliveryId {
    DeliveryId::from(Uuid::from_u128(1))
}

async fn scene() -> (Admin, AppId) {
    let admin = Admin::new().await;
    let app = plant_app(admin.db()).await;
    admin.clock.advance(TimeDelta::hours(1));
    (admin, app)
}

async fn act(admin: &Admin, id: DeliveryId, action: &str) -> Reply {
    let path = format!("/v1/admin/deliveries/{id}/{action}");
    admin.post(&path, json!({})).await
}

async fn replays(admin: &Admin, body: &Value) -> Reply {
    admin.post("/v1/admin/delivery-replays", body.clone()).await
}

async fn state(admin: &Admin, id: DeliveryId) -> String {
    look_at(admin.db(), id).await.state
}

async fn listener(admin: &Admin) -> PgListener {
    let mut listener = PgListener::connect_with(admin.db()).await.unwrap();
    listener.listen("kaquan_delivery").await.unwrap();
    listener
}

#[track_caller]
fn told(heard: &Result<Result<sqlx::postgres::PgNotification, sqlx::Error>, impl Sized>) {
    assert!(matches!(heard, Ok(Ok(_))), "no worker was told");
}

async fn hears(listener: &mut PgListener) {
    told(&tokio::time::timeout(Duration::from_secs(10), listener.recv()).await);
}

#[tokio::test]
async fn a_dead_delivery_is_due_again_with_all_its_attempts_before_it() {
    let (admin, app) = scene().await;
    let dead = Owed { attempts: 25, outage: true, note: Some("no answer"), ..Owed::to(app) };
    let id = dead.that_is("dead").plant(admin.db()).await;
    let mut listener = listener(&admin).await;

    let shown = act(&admin, id, "replay").await.ok();

    let row = look_at(admin.db(), id).await;
    assert_eq!((row.state.as_str(), row.settled_at), ("pending", None));
    assert_eq!((row.attempts, row.retries_from, row.outage), (25, 25, false));
    assert_eq!(row.due_at, noon() + TimeDelta::hours(1));
    assert_eq!(row.note.as_deref(), Some("no answer"));
    assert_eq!(
        (&shown["state"], &shown["due_at"]),
        (&json!("pending"), &json!("2026-11-11T05:00:00Z"))
    );
    hears(&mut listener).await;
}

#[tokio::test]
async fn only_a_dead_delivery_is_replayed_and_only_once() {
    let (admin, app) = scene().await;
    for state in DeliveryState::ALL {
        let id = Owed::to(app).that_is(state.as_str()).plant(admin.db()).await;
        let before = look_at(admin.db(), id).await;

        let first = act(&admin, id, "replay").await;
        let second = act(&admin, id, "replay").await;

        if state == DeliveryState::Dead {
            first.ok();
        } else {
            first.problem(409, "wrong_state");
            assert_eq!(look_at(admin.db(), id).await, before);
        }
        second.problem(409, "wrong_state");
    }
    act(&admin, nobody(), "replay").await.problem(404, "not_found");
}

#[tokio::test]
async fn whoever_is_faster_replays_and_the_other_hears_so() {
    let (admin, app) = scene().await;
    let id = Owed::to(app).that_is("dead").plant(admin.db()).await;

    let (one, other) = tokio::join!(act(&admin, id, "replay"), act(&admin, id, "cancel"));

    // Either order is sound: cancelled after the replay, or not dead any more for it.
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(other.status, StatusCode::OK);
    assert!(statuses == [StatusCode::OK; 2] || statuses == [StatusCode::OK, StatusCode::CONFLICT]);
    assert_eq!(state(&admin, id).await, "cancelled");
}

#[tokio::test]
async fn everything_is_given_up_but_what_is_under_way_or_done() {
    let (admin, app) = scene().await;
    for state in DeliveryState::ALL {
        let id = Owed::to(app).that_is(state.as_str()).plant(admin.db()).await;
        let before = look_at(admin.db(), id).await;

        let first = act(&admin, id, "cancel").await;
        let after = look_at(admin.db(), id).await;
        let second = act(&admin, id, "cancel").await;

        match state {
            DeliveryState::Waiting | DeliveryState::Pending | DeliveryState::Dead => {
                assert_eq!(first.ok()["state"], "cancelled");
                assert_eq!(second.ok()["settled_at"], "2026-11-11T05:00:00Z");
            }
            DeliveryState::Cancelled => {
                first.ok();
                assert_eq!(after, before);
            }
            DeliveryState::Leased => {
                first.problem(409, "attempt_under_way");
                assert_eq!(after, before);
            }
            DeliveryState::Done => {
                first.problem(409, "wrong_state");
                assert_eq!(after, before);
            }
        }
    }
    act(&admin, nobody(), "cancel").await.problem(404, "not_found");
}

#[tokio::test]
async fn those_behind_one_that_was_given_up_may_go() {
    let (admin, app) = scene().await;
    let coupon = Uuid::now_v7();
    let sync = Owed { subject: coupon, ..Owed::to(app).that_is("dead") }.plant(admin.db()).await;
    let used = Owed { subject: coupon, kind: "write_off", ..Owed::to(app) }.plant(admin.db()).await;
    let path = format!("/v1/admin/deliveries/{used}");
    let before = admin.get(&path).await.ok();
    let mut listener = listener(&admin).await;

    act(&admin, sync, "cancel").await.ok();

    assert_eq!(before["held_back_by"]["id"], sync.to_string());
    assert_eq!(admin.get(&path).await.ok()["held_back_by"], Value::Null);
    hears(&mut listener).await;
}

#[tokio::test]
async fn those_that_died_since_then_are_replayed_together() {
    let (admin, app) = scene().await;
    let other = plant_app(admin.db()).await;
    let minute = TimeDelta::minutes(1);
    let dead = |app| Owed { attempts: 3, ..Owed::to(app).that_is("dead") };
    let old = dead(app).later(-minute).plant(admin.db()).await;
    let here = dead(app).plant(admin.db()).await;
    let used = Owed { kind: "write_off", ..dead(app) }.plant(admin.db()).await;
    let there = dead(other).plant(admin.db()).await;
    let done = Owed::to(app).that_is("done").plant(admin.db()).await;
    let mut listener = listener(&admin).await;
    let noon = noon();

    let body = json!({ "since": noon, "app_id": app, "kind": "sync" });
    let first = replays(&admin, &body).await.ok();
    let heard = listener.recv();
    let states = (state(&admin, used).await, state(&admin, there).await);
    let second = replays(&admin, &json!({ "since": noon, "app_id": app })).await.ok();
    let third = replays(&admin, &json!({ "since": noon })).await.ok();
    let fourth = replays(&admin, &json!({ "since": noon })).await.ok();

    assert_eq!(first, json!({ "replayed": 1 }));
    assert_eq!(states, ("dead".to_owned(), "dead".to_owned()));
    told(&tokio::time::timeout(Duration::from_secs(10), heard).await);
    assert_eq!([&second["replayed"], &third["replayed"], &fourth["replayed"]], [1, 1, 0]);
    assert_eq!(state(&admin, old).await, "dead");
    assert_eq!(state(&admin, done).await, "done");
    for id in [here, used, there] {
        let row = look_at(admin.db(), id).await;
        assert_eq!((row.state.as_str(), row.retries_from), ("pending", 3));
        assert_eq!((row.due_at, row.settled_at), (noon + TimeDelta::hours(1), None));
    }
}

#[tokio::test]
async fn more_than_a_portion_is_replayed_whole() {
    let (admin, app) = scene().await;
    plant_dead_crowd(admin.db(), app, 4001).await;

    let replayed = replays(&admin, &json!({ "since": noon() })).await.ok();

    assert_eq!(replayed["replayed"], 4001);
    let left: i64 = sqlx::query_scalar("select count(*) from delivery where state = 'dead'")
        .fetch_one(admin.db())
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_replay_of_many_says_what_is_wrong_with_it() {
    let (admin, _) = scene().await;
    let nobody = "app_00000000000070008000000000000001";

    let no_app = replays(&admin, &json!({ "since": noon(), "app_id": nobody })).await;

    assert_eq!(no_app.problem(422, "no_such_reference")["param"], "app_id");
    for body in [json!({}), json!({ "since": "2h" }), json!({ "since": noon(), "kind": "x" })] {
        replays(&admin, &body).await.problem(400, "invalid_body");
    }
}
