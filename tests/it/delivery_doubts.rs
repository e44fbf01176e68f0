//! Answers that came after a doubt, and rows that nobody can deliver: each is decided, and none holds up the rest.

use std::time::Duration;

use chrono::TimeDelta;
use kaquan::{
    simulator::{app::DEFAULT_APP_SECRET, effects::EffectKind, fault::CallFault},
    vault::Place,
};

use crate::support::{
    delivery_chaos::{FaultyClock, impatient, looking_every},
    delivery_scene::{DeliveryScene, Used, by_hand},
    until::{until, until_true},
    vault::vault,
};

const REFUSED: CallFault = CallFault::Busy { errno: -1024 };

async fn write_off_after(faults: &[CallFault]) -> (String, i32, bool, Vec<String>) {
    let scene = DeliveryScene::new().await;
    scene.owe(0..1, Used::Yes).await;
    scene.next_of("writeOffCoupon", faults);

    scene.drain().await;
    scene.advance(TimeDelta::minutes(1));
    scene.drain().await;

    let row = scene.row("write_off", "record-0").await;
    assert!(scene.effects(EffectKind::WriteOff).1 <= 1);
    scene.finish_owing().await;
    (row.state, row.attempts, row.presumed, row.outcomes)
}

#[tokio::test]
async fn a_use_that_is_refused_after_a_lost_answer_was_told_before() {
    let told = write_off_after(&[CallFault::HangUpAfterAccepting, REFUSED]).await;

    assert_eq!(told, ("done".into(), 2, true, vec!["unknown".into(), "ok".into()]));
}

#[tokio::test]
async fn a_use_that_is_refused_at_first_is_left_to_a_person() {
    let told = write_off_after(&[REFUSED]).await;

    assert_eq!(told, ("dead".into(), 1, false, vec!["permanent".into()]));
}

#[tokio::test]
async fn a_use_that_is_refused_after_a_clear_not_now_is_left_to_a_person() {
    let told = write_off_after(&[CallFault::Unavailable, REFUSED]).await;

    assert_eq!(told, ("dead".into(), 2, false, vec!["retry".into(), "permanent".into()]));
}

#[tokio::test]
async fn a_parameter_that_is_wrong_twice_is_no_matter_of_the_token() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..2, Used::No).await;
    let wrong = CallFault::Gateway { code: 100 };
    scene.next_of("sync", &[wrong]);
    scene.drain().await;

    scene.owe(2..3, Used::No).await;
    scene.next_of("sync", &[wrong, wrong]);
    scene.drain().await;

    let row = scene.row("sync", "record-2").await;
    assert_eq!((row.state.as_str(), row.attempts), ("dead", 1), "{row:?}");
    assert_eq!(scene.count("done").await, 2);
    scene.finish_owing().await;
}

#[tokio::test]
async fn a_wrong_secret_pauses_the_app_and_the_right_one_goes_on() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..3, Used::Yes).await;
    let good = vault().seal(Place::app_secret(scene.campaign.app.uuid()), DEFAULT_APP_SECRET);
    let wrong = vault().seal(Place::app_secret(scene.campaign.app.uuid()), "not-the-secret");

    for (sealed, reason) in [
        (wrong.unwrap(), "invalid_client"),
        (b"rubbish".to_vec(), "secret cannot be opened"),
        (good.unwrap(), ""),
    ] {
        sqlx::query("update app set secret_sealed = $1, version = version + 1")
            .bind(sealed)
            .execute(scene.db())
            .await
            .unwrap();
        scene.resume().await;
        scene.advance(TimeDelta::minutes(1));
        scene.drain().await;
        if !reason.is_empty() {
            let (row, paused) =
                (scene.row("sync", "record-0").await, scene.channel().await.pause_reason.unwrap());
            assert!(paused.contains(reason), "{paused}");
            assert_eq!((row.state.as_str(), row.attempts), ("pending", 0), "nothing is burned");
        }
    }

    scene.finish().await;
}

#[tokio::test]
async fn a_placement_whose_id_is_no_number_is_left_to_a_person_and_the_rest_flows() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..30, Used::Yes).await;
    // A copy of the placement, known under a text, that owns one of the coupons.
    sqlx::query(
        "with odd as (
             insert into placement (placement_id, template_id, app_id, platform_ref, created_at, updated_at)
             select gen_random_uuid(), template_id, $1, '卡券', created_at, updated_at from template
             returning placement_id
         )
         update delivery set placement_id = odd.placement_id from odd
         where identity = 'record-7' and kind = 'sync'",
    )
    .bind(another_app(&scene).await)
    .execute(scene.db())
    .await
    .unwrap();

    scene.drain().await;

    let row = scene.row("sync", "record-7").await;
    assert_eq!((row.state.as_str(), row.attempts), ("dead", 1), "{row:?}");
    assert_eq!((scene.count("done").await, scene.count("pending").await), (58, 1));
    scene.finish_owing().await;
}

async fn another_app(scene: &DeliveryScene) -> uuid::Uuid {
    crate::support::plant::plant_app(scene.db()).await.uuid()
}

#[tokio::test]
async fn a_coupon_valid_beyond_all_calendars_is_left_to_a_person_and_the_rest_flows() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..30, Used::Yes).await;
    sqlx::query("update coupon set valid_until = 'infinity' where record = 'record-7'")
        .execute(scene.db())
        .await
        .unwrap();

    scene.drain().await;

    let row = scene.row("sync", "record-7").await;
    assert_eq!((row.state.as_str(), row.attempts), ("dead", 1), "{row:?}");
    assert_eq!((scene.count("done").await, scene.count("pending").await), (58, 1));
    scene.finish_owing().await;
}

#[tokio::test]
async fn an_attempt_that_panics_three_times_is_parked_and_delays_nobody() {
    let scene = DeliveryScene::new().await;
    let clock = FaultyClock::on(&scene.clock);
    let worker =
        impatient(&scene.database.options, clock.clone(), by_hand(), Duration::from_secs(3)).await;
    scene.owe(0..1, Used::No).await;
    worker.drain().await.unwrap();
    scene.owe(1..30, Used::No).await;

    for panics in 1..=3 {
        // An attempt asks when it begins, and once more when it needs the token.
        clock.panic_after(1);
        worker.drain().await.unwrap();
        assert_eq!(scene.count("done").await, 29, "all others");
        let row = scene.row("sync", "record-1").await;
        assert_eq!((row.attempts, row.state == "dead"), (panics, panics == 3), "{row:?}");
        scene.advance(TimeDelta::minutes(1));
    }

    assert!(scene.row("sync", "record-1").await.note.unwrap().contains("panicked"));
    worker.stop().await;
    scene.finish_owing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_the_worker_itself_is_survived() {
    let scene = DeliveryScene::new().await;
    let clock = FaultyClock::on(&scene.clock);
    let settings = looking_every(Duration::from_millis(50));
    let worker =
        impatient(&scene.database.options, clock.clone(), settings, Duration::from_secs(3)).await;
    until_true(
        scene.db(),
        "select exists (select from pg_locks where locktype = 'advisory' and objsubid = 2
         and database = (select oid from pg_database where datname = current_database()))",
    )
    .await;

    // Whoever looks for work, or for dead workers, panics; the scene's own worker does not.
    clock.panics_left.store(6, std::sync::atomic::Ordering::Release);
    until("the panics happen", async || {
        clock.panics_left.load(std::sync::atomic::Ordering::Acquire) == 0
    })
    .await;
    scene.owe(0..20, Used::Yes).await;

    until_true(scene.db(), crate::support::delivery_chaos::ALL_DONE).await;
    worker.stop().await;
    scene.finish().await;
}
