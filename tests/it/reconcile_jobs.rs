//! Who does it and when: once a day for each app, again after a failure, and never past a channel that is closed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::Clock,
    config::delivery::Delivery,
    domain::id::ReconciliationId,
    service::request_reconciliation::request_reconciliation,
    simulator::{aim::FaultAim, fault::CallFault, switches::Switches},
    store,
};
use sqlx::{PgPool, postgres::PgListener};

use crate::support::{
    delivery_scene::{by_hand, set_rate},
    reconcile_scene::ReconcileScene,
};

async fn spans(pool: &PgPool) -> Vec<(String, Option<i32>)> {
    sqlx::query_as(
        "select job_day::text, last_day - first_day from reconciliation where job_day is not null
         order by job_day",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn of_two_servers_one_does_the_days_job() {
    let scene = ReconcileScene::new().await;
    let other = scene.another_worker(by_hand()).await;

    let (one, two) = tokio::join!(scene.worker.reconcile_due(), other.reconcile_due());

    assert_eq!(one.unwrap() + two.unwrap(), 1);
    assert_eq!(scene.runs().await, [("done".to_owned(), Some(0), None)]);
    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 0);
    other.stop().await;
    scene.finish().await;
}

#[tokio::test]
async fn each_day_has_its_job_from_half_past_four() {
    let scene = ReconcileScene::new().await;
    scene.worker.reconcile_due().await.unwrap();
    // To 04:29 of the next day.
    scene.app.clock.advance(TimeDelta::hours(16) + TimeDelta::minutes(29));
    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 0);

    scene.app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 1);

    assert_eq!(
        spans(scene.db()).await,
        [("2026-11-11".to_owned(), Some(3)), ("2026-11-12".to_owned(), Some(3))]
    );
    scene.finish().await;
}

#[tokio::test]
async fn days_that_were_missed_are_made_up_for() {
    let scene = ReconcileScene::new().await;
    scene.worker.reconcile_due().await.unwrap();
    scene.app.clock.advance(TimeDelta::days(9));

    scene.worker.reconcile_due().await.unwrap();

    assert_eq!(
        spans(scene.db()).await,
        [("2026-11-11".to_owned(), Some(3)), ("2026-11-20".to_owned(), Some(10))]
    );
    scene.finish().await;
}

#[tokio::test]
async fn a_job_that_failed_shows_why_and_is_tried_again() {
    let scene = ReconcileScene::new().await;
    let aim = FaultAim::next(3, CallFault::BadGateway).at("couponStat");
    scene.app.baidu.fault_calls(aim).unwrap();

    scene.worker.reconcile_due().await.unwrap();

    let (state, _, error) = scene.runs().await.pop().unwrap();
    assert_eq!(state, "failed");
    assert!(error.unwrap().contains("the answer is not Baidu's: status 502"));
    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 0, "not at once");

    scene.app.clock.advance(TimeDelta::minutes(10));
    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 1);
    assert_eq!(scene.runs().await, [("done".to_owned(), Some(0), None)]);
    scene.worker.stop().await;
}

#[tokio::test]
async fn a_call_that_fails_once_or_twice_is_made_again() {
    let scene = ReconcileScene::new().await;
    scene.takes(4).await;
    for call in ["list", "couponStat"] {
        let aim = FaultAim::next(2, CallFault::Unavailable).at(call);
        scene.app.baidu.fault_calls(aim).unwrap();
    }
    scene.tomorrow();

    assert_eq!(scene.finds().await, []);
    scene.worker.stop().await;
}

#[tokio::test]
async fn a_token_that_baidu_no_longer_takes_is_fetched_anew() {
    let scene = ReconcileScene::new().await;
    scene.reconcile().await;
    scene.app.baidu.revoke_tokens();

    assert_eq!(scene.finds().await, []);
    scene.finish().await;
}

#[tokio::test]
async fn an_app_whose_calls_are_paused_is_not_asked() {
    let scene = ReconcileScene::new().await;
    sqlx::query("update channel set paused_at = now(), pause_reason = '升级'")
        .execute(scene.db())
        .await
        .unwrap();
    let before = scene.app.baidu.journal().len();

    let error = scene.worker.reconcile(scene.id(), 3).await.unwrap_err();

    assert_eq!(error.to_string(), "calls to this app are paused: 升级");
    assert_eq!(scene.app.baidu.journal().len(), before);
    assert_eq!(scene.runs().await, [("failed".to_owned(), None, Some(error.to_string()))]);
    scene.finish().await;
}

#[tokio::test]
async fn its_calls_come_out_of_the_apps_bucket() {
    let scene = ReconcileScene::new().await;
    set_rate(scene.db(), scene.id(), 100.0).await;

    scene.reconcile().await;

    let tokens: f64 =
        sqlx::query_scalar("select tokens from channel").fetch_one(scene.db()).await.unwrap();
    // The list, and five days one by one.
    assert!((tokens - 94.0).abs() < 1e-6, "{tokens}");
    scene.finish().await;
}

#[tokio::test]
async fn one_that_was_asked_for_is_done_by_whoever_looks_first() {
    let scene = ReconcileScene::new().await;
    scene.worker.reconcile_due().await.unwrap();
    let now = scene.app.clock.now();
    let mut conn = scene.db().acquire().await.unwrap();
    let ids = [ReconciliationId::new(now), ReconciliationId::new(now)];
    let first =
        store::reconciliation::request(&mut conn, now, ids[0], scene.id(), 5).await.unwrap();
    let again =
        store::reconciliation::request(&mut conn, now, ids[1], scene.id(), 7).await.unwrap();
    assert_eq!((first, again), (ids[0], ids[0]));

    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 1);

    let run = store::reconciliation::find(&mut conn, first).await.unwrap().unwrap();
    assert_eq!((run.days, run.differences, run.attempts), (7, Some(0), 1));
    drop(conn);
    scene.finish().await;
}

#[tokio::test]
async fn one_whose_server_went_away_is_begun_again() {
    let scene = ReconcileScene::new().await;
    let now: DateTime<Utc> = scene.app.clock.now();
    let patience = Duration::from_mins(10);
    let mut conn = scene.db().acquire().await.unwrap();
    let id = ReconciliationId::new(now);
    store::reconciliation::request(&mut conn, now, id, scene.id(), 3).await.unwrap();
    let leave = store::reconciliation::leave::start_next(&mut conn, Some(now), patience);
    let leave = leave.await.unwrap().unwrap();
    let busy = scene.worker.reconcile(scene.id(), 3).await.unwrap_err();
    assert_eq!(busy.to_string(), "another reconciliation of this app is under way");

    scene.app.clock.advance(TimeDelta::minutes(11));
    scene.worker.reconcile_due().await.unwrap();

    let run = store::reconciliation::find(&mut conn, id).await.unwrap().unwrap();
    assert_eq!((run.attempts, run.differences), (2, Some(0)));
    let day = scene.today();
    let late = store::reconciliation::leave::mark_done(&mut conn, now, &leave, (day, day), 9).await;
    assert!(!late.unwrap(), "who comes back late changes nothing");
    drop(conn);
    scene.finish().await;
}

/// Hears of every change of a comparison's state.
async fn listen(scene: &ReconcileScene) -> PgListener {
    let tell = "create function tell() returns trigger language plpgsql as $$
        begin
            perform pg_notify('changed', new.state);
            return null;
        end
        $$;
        create trigger tell after update of state on reconciliation for each row execute function tell()";
    sqlx::raw_sql(tell).execute(scene.db()).await.unwrap();
    let mut listener = PgListener::connect_with(scene.db()).await.unwrap();
    listener.listen("changed").await.unwrap();
    listener
}

async fn hear(listener: &mut PgListener) -> String {
    // Sooner than the next look that nobody asked for.
    let heard = tokio::time::timeout(Duration::from_secs(15), listener.recv()).await;
    heard.expect("somebody does it").unwrap().payload().to_owned()
}

#[tokio::test]
async fn a_worker_does_the_days_job_and_what_is_asked_for_by_itself() {
    let scene = ReconcileScene::new().await;
    let mut listener = listen(&scene).await;
    let worker = scene.another_worker(Delivery::default()).await;
    assert_eq!([hear(&mut listener).await, hear(&mut listener).await], ["running", "done"]);

    let now = scene.app.clock.now();
    request_reconciliation(scene.db(), now, scene.id(), 1).await.unwrap();

    assert_eq!([hear(&mut listener).await, hear(&mut listener).await], ["running", "done"]);
    worker.stop().await;
    scene.finish().await;
}

#[tokio::test]
async fn a_server_that_stops_leaves_what_is_under_way_to_the_next() {
    let scene = ReconcileScene::new().await;
    let slow = Switches { answer_after_ms: 2_000, ..Switches::default() };
    scene.app.baidu.set_switches(slow);
    let mut listener = listen(&scene).await;
    let worker = scene.another_worker(Delivery::default()).await;
    assert_eq!(hear(&mut listener).await, "running");

    worker.stop().await;

    assert_eq!(hear(&mut listener).await, "failed");
    scene.app.baidu.set_switches(Switches::default());
    assert_eq!(scene.worker.reconcile_due().await.unwrap(), 1);
    assert_eq!(scene.runs().await, [("done".to_owned(), Some(0), None)]);
    scene.worker.stop().await;
}
