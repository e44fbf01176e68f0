//! Channels over the admin API and in the metrics.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{domain::id::AppId, service::watch_deliveries::look};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgListener};
use uuid::Uuid;

use crate::support::{
    admin::{Admin, noon},
    delivery_plant::{Owed, look_at},
    plant::plant_app,
};

async fn scene() -> (Admin, AppId, String) {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;
    let path = format!("/v1/admin/apps/{app}/channel");
    (admin, app.parse().unwrap(), path)
}

async fn trip(pool: &PgPool, failures: i32, open_until: Option<DateTime<Utc>>) {
    sqlx::query("update channel set failures = $1, open_until = $2")
        .bind(failures)
        .bind(open_until)
        .execute(pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_new_app_has_a_channel_that_is_ready() {
    let (admin, _, path) = scene().await;

    let shown = admin.get(&path).await.ok();

    insta::assert_json_snapshot!(shown, { ".app_id" => "app_…" }, @r#"
    {
      "app_id": "app_…",
      "breaker": {
        "failures": 0,
        "state": "closed",
        "until": null
      },
      "burst": 10.0,
      "calls_per_second": 5.0,
      "deliveries": {
        "dead": 0,
        "leased": 0,
        "pending": 0,
        "waiting": 0
      },
      "oldest_due_seconds": null,
      "paused": null,
      "tokens": 10.0
    }
    "#);
}

#[tokio::test]
async fn a_channel_counts_what_is_owed_on_it_and_how_late_it_is() {
    let (admin, app, path) = scene().await;
    let other = plant_app(admin.db()).await;
    for (state, number) in [("waiting", 1), ("pending", 2), ("leased", 3), ("dead", 4), ("done", 5)]
    {
        for _ in 0..number {
            Owed::to(app).that_is(state).plant(admin.db()).await;
        }
        Owed::to(other).that_is(state).later(-TimeDelta::hours(1)).plant(admin.db()).await;
    }

    let at_once = admin.get(&path).await.ok();
    admin.clock.advance(TimeDelta::seconds(90));
    let later = admin.get(&path).await.ok();
    admin.clock.advance(TimeDelta::seconds(-91));
    let earlier = admin.get(&path).await.ok();

    let counts = json!({ "waiting": 1, "pending": 2, "leased": 3, "dead": 4 });
    assert_eq!(at_once["deliveries"], counts);
    assert_eq!(
        (&at_once["oldest_due_seconds"], &later["oldest_due_seconds"]),
        (&json!(0), &json!(90))
    );
    assert_eq!(earlier["oldest_due_seconds"], Value::Null);
}

#[tokio::test]
async fn a_breaker_is_open_then_on_probation_and_closed_by_a_person() {
    let (admin, _, path) = scene().await;
    trip(admin.db(), 14, Some(noon() + TimeDelta::seconds(15))).await;

    let open = admin.get(&path).await.ok();
    admin.clock.advance(TimeDelta::seconds(15));
    let on_probation = admin.get(&path).await.ok();
    let closed = admin.post(&format!("{path}/resume"), json!({})).await.ok();

    let until = "2026-11-11T04:00:15Z";
    assert_eq!(open["breaker"], json!({ "state": "open", "until": until, "failures": 14 }));
    let state = json!({ "state": "on_probation", "until": null, "failures": 14 });
    assert_eq!(on_probation["breaker"], state);
    assert_eq!(closed["breaker"], json!({ "state": "closed", "until": null, "failures": 0 }));
}

#[tokio::test]
async fn a_pause_tells_why_and_lasts_until_it_is_resumed() {
    let (admin, _, path) = scene().await;
    let (pause, resume) = (format!("{path}/pause"), format!("{path}/resume"));

    let first = admin.post(&pause, json!({ "reason": "百度在维护" })).await.ok();
    admin.clock.advance(TimeDelta::hours(1));
    let second = admin.post(&pause, json!({ "reason": "still" })).await.ok();
    let resumed = admin.post(&resume, json!({})).await.ok();
    let again = admin.post(&resume, json!({})).await.ok();

    let at = "2026-11-11T04:00:00Z";
    assert_eq!(first["paused"], json!({ "at": at, "reason": "百度在维护" }));
    assert_eq!(second["paused"], json!({ "at": at, "reason": "still" }));
    assert_eq!(resumed["paused"], Value::Null);
    assert_eq!(again, resumed);
}

#[tokio::test]
async fn resuming_makes_due_what_is_late_because_the_platform_was_away() {
    let (admin, app, path) = scene().await;
    let other = plant_app(admin.db()).await;
    let late = |app, outage| Owed { outage, ..Owed::to(app).later(TimeDelta::hours(6)) };
    let away = late(app, true).plant(admin.db()).await;
    let busy = late(app, false).plant(admin.db()).await;
    let elsewhere = late(other, true).plant(admin.db()).await;
    let mut listener = PgListener::connect_with(admin.db()).await.unwrap();
    listener.listen("kaquan_delivery").await.unwrap();

    admin.post(&format!("{path}/resume"), json!({})).await.ok();

    assert_eq!(look_at(admin.db(), away).await.due_at, noon());
    for untouched in [busy, elsewhere] {
        assert_eq!(look_at(admin.db(), untouched).await.due_at, noon() + TimeDelta::hours(6));
    }
    let heard = tokio::time::timeout(Duration::from_secs(10), listener.recv()).await;
    assert!(matches!(heard, Ok(Ok(_))));
}

#[tokio::test]
async fn a_new_rate_keeps_what_was_earned_at_the_old_one() {
    let (admin, _, path) = scene().await;
    sqlx::query("update channel set tokens = 0").execute(admin.db()).await.unwrap();
    admin.clock.advance(TimeDelta::seconds(1));

    let faster = admin.patch(&path, json!({ "calls_per_second": 100 })).await.ok();
    let smaller = admin.patch(&path, json!({ "burst": 2 })).await.ok();
    admin.clock.advance(TimeDelta::milliseconds(10));
    let full = admin.get(&path).await.ok();
    let same = admin.patch(&path, json!({})).await.ok();
    let wider = admin.patch(&path, json!({ "burst": 20 })).await.ok();

    let rate = |shown: &Value| json!([shown["calls_per_second"], shown["burst"], shown["tokens"]]);
    assert_eq!(rate(&faster), json!([100.0, 10.0, 5.0]));
    assert_eq!(rate(&smaller), json!([100.0, 2.0, 2.0]));
    assert_eq!(rate(&full), json!([100.0, 2.0, 2.0]));
    assert_eq!(same, full);
    assert_eq!(rate(&wider), json!([100.0, 20.0, 2.0]));
}

#[tokio::test]
async fn what_a_channel_cannot_be_is_told() {
    let (admin, _, path) = scene().await;
    let before = admin.get(&path).await.ok();

    let rate = json!({ "calls_per_second": 0, "burst": 0.5 });
    let rate = admin.patch(&path, rate).await.problem(422, "invalid_values");
    let reason = admin.post(&format!("{path}/pause"), json!({ "reason": " " })).await;
    admin.post(&format!("{path}/pause"), json!({})).await.problem(400, "invalid_body");
    admin.patch(&path, json!({ "tokens": 1 })).await.problem(400, "invalid_body");

    let params: Vec<_> = rate["problems"].as_array().unwrap().iter().map(|p| &p["param"]).collect();
    assert_eq!(params, ["calls_per_second", "burst"]);
    assert_eq!(reason.problem(422, "invalid_values")["problems"][0]["param"], "reason");
    assert_eq!(admin.get(&path).await.ok(), before);
    let nobody = "/v1/admin/apps/app_00000000000070008000000000000001/channel";
    admin.get(nobody).await.problem(404, "not_found");
    admin.patch(nobody, json!({ "burst": 2 })).await.problem(404, "not_found");
    let pause = admin.post(&format!("{nobody}/pause"), json!({ "reason": "x" })).await;
    pause.problem(404, "not_found");
    admin.post(&format!("{nobody}/resume"), json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn metrics_tell_what_is_owed_and_which_channels_are_closed_to_us() {
    let (admin, app, path) = scene().await;
    // One that a server of before has added, without a channel.
    let older = plant_app(admin.db()).await;
    let coupon = Uuid::now_v7();
    Owed { subject: coupon, ..Owed::to(app).that_is("dead") }.plant(admin.db()).await;
    Owed { subject: coupon, kind: "write_off", ..Owed::to(app) }.plant(admin.db()).await;
    admin.post(&format!("{path}/pause"), json!({ "reason": "x" })).await.ok();
    trip(admin.db(), 10, Some(noon())).await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);

    look(admin.db(), noon() + TimeDelta::seconds(30)).await.unwrap();

    let text = handle.render();
    for line in [
        format!("kaquan_deliveries{{app=\"{app}\",state=\"dead\"}} 1"),
        format!("kaquan_deliveries{{app=\"{app}\",state=\"pending\"}} 1"),
        format!("kaquan_deliveries{{app=\"{app}\",state=\"leased\"}} 0"),
        format!("kaquan_deliveries{{app=\"{app}\",state=\"waiting\"}} 0"),
        format!("kaquan_delivery_oldest_due_seconds{{app=\"{app}\"}} 30"),
        format!("kaquan_channel_open{{app=\"{app}\"}} 1"),
        format!("kaquan_channel_paused{{app=\"{app}\"}} 1"),
        format!("kaquan_channel_open{{app=\"{older}\"}} 0"),
        format!("kaquan_delivery_oldest_due_seconds{{app=\"{older}\"}} 0"),
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
}
