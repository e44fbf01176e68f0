//! Baidu's counts beside ours: what agrees is no difference, what does not is told with the right number.

use axum::{Router, routing::post};
use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    domain::{
        app::PlatformKind,
        reconciliation::DifferenceKind::{ForgedCalls, LostCalls, StockDiffers, UnusedThere},
    },
    simulator::switches::Switches,
};
use tokio::net::TcpListener;

use crate::support::{delivery_scene::Used, log, reconcile_scene::ReconcileScene};

#[tokio::test]
async fn a_day_on_which_all_went_well_differs_in_nothing() {
    let scene = ReconcileScene::new().await;
    scene.takes(20).await;
    assert_eq!(scene.finds().await, []);

    scene.tomorrow();
    let comparison = scene.reconcile().await;

    assert_eq!(comparison.differences, []);
    let (first, last) = (comparison.first, comparison.last);
    assert_eq!(((last - first).num_days(), last), (3, scene.today()));
    let yesterday = comparison.subjects[0].days.iter().rev().nth(1).unwrap();
    assert_eq!((yesterday.ours.takes, yesterday.theirs.unwrap().taken), (20, 20));
    let stored: Vec<(i64, i64)> =
        sqlx::query_as("select get_pv, stock from platform_figure order by day")
            .fetch_all(scene.db())
            .await
            .unwrap();
    assert_eq!(stored, [(20, 999_980), (0, 999_980)]);
    scene.finish().await;
}

#[tokio::test]
async fn baidu_may_count_what_was_given_through_us_or_not() {
    for counts_synced in [true, false] {
        for takes_stock in [true, false] {
            let scene = ReconcileScene::new().await;
            scene.app.baidu.set_switches(Switches {
                stat_counts_synced: counts_synced,
                sync_takes_stock: takes_stock,
                ..Switches::default()
            });
            scene.takes(10).await;
            scene.claims(100..140, Used::Yes).await;
            scene.tomorrow();

            assert_eq!(scene.finds().await, [], "{counts_synced} {takes_stock}");
            scene.worker.stop().await;
        }
    }
}

#[tokio::test]
async fn forged_callbacks_are_counted_to_the_last_one() {
    let scene = ReconcileScene::new().await;
    scene.takes(30).await;
    for number in 0..7 {
        let (record, open_id) = (format!("forged-{number}"), format!("thief-{number}"));
        let offer = &scene.app.offer;
        let letter = offer.letter(&record, &open_id, scene.app.clock.now());
        assert!(scene.app.post(&offer.token, &letter).await.body.contains(r#""errno":"0""#));
    }
    scene.tomorrow();

    log::listen();
    let comparison = scene.reconcile().await;

    let heard = log::heard();
    let [forged] = &comparison.differences[..] else { panic!("{:?}", comparison.differences) };
    assert_eq!((forged.kind, forged.ours, forged.theirs), (ForgedCalls, Some(37), Some(30)));
    assert_eq!(forged.day, scene.today().pred_opt());
    assert!(
        forged.in_chinese(PlatformKind::Baidu).contains("我们比百度多发 7 张"),
        "{}",
        forged.in_chinese(PlatformKind::Baidu)
    );
    assert!(heard.contains("forged_calls") && heard.contains("size=7"), "{heard}");
    assert!(!heard.contains("thief-") && !heard.contains("forged-1"));
    scene.finish().await;
}

#[tokio::test]
async fn a_single_forged_callback_is_found_once_its_day_is_over() {
    let scene = ReconcileScene::new().await;
    scene.takes(5).await;
    let offer = &scene.app.offer;
    let letter = offer.letter("forged", "thief", scene.app.clock.now());
    scene.app.post(&offer.token, &letter).await;
    assert_eq!(scene.finds().await, [], "today is still moving");

    scene.tomorrow();

    assert_eq!(scene.finds().await, [(ForgedCalls, Some(6), Some(5))]);
    scene.finish().await;
}

#[tokio::test]
async fn calls_that_went_elsewhere_are_lost_calls() {
    let mut scene = ReconcileScene::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}/cb", listener.local_addr().unwrap());
    let answer = || async { r#"{"errno":"0","msg":"success","data":"ELSEWHERE1"}"# };
    let stranger = Router::new().route("/cb", post(answer));
    let stranger = tokio::spawn(async move { axum::serve(listener, stranger).await });
    let id = scene.template_by_hand("满100减20", &elsewhere).await;
    scene.app.baidu.set_stock(id, 1_000_000).unwrap();
    scene.by_hand("delete", &[("couponTemplateId", &scene.template().to_string())]).await;
    scene.known_as(id).await;
    assert!(scene.app.baidu_user_takes("open-1").await.code().is_some());
    scene.tomorrow();

    assert_eq!(scene.finds().await, [(LostCalls, Some(0), Some(1))]);
    stranger.abort();
    scene.worker.stop().await;
}

#[tokio::test]
async fn uses_that_baidu_was_not_told_of_are_explained_by_what_is_owed() {
    let scene = ReconcileScene::new().await;
    scene.claims(0..3, Used::No).await;
    scene.owes(10..12, Used::Yes).await;
    scene.tomorrow();

    let comparison = scene.reconcile().await;

    let [unused] = &comparison.differences[..] else { panic!("{:?}", comparison.differences) };
    assert_eq!((unused.kind, unused.ours, unused.theirs), (UnusedThere, Some(2), Some(0)));
    assert!(unused.explained && comparison.unexplained() == 0);
    assert!(
        unused.in_english(PlatformKind::Baidu).contains("2 deliveries are still owed"),
        "{}",
        unused.in_english(PlatformKind::Baidu)
    );

    scene.worker.drain().await.unwrap();
    assert_eq!(scene.reconcile().await.differences, []);
    scene.worker.stop().await;
}

#[tokio::test]
async fn what_happens_while_baidus_day_ends_is_no_difference() {
    let scene = ReconcileScene::new().await;
    scene.app.clock.advance(TimeDelta::hours(12) - TimeDelta::milliseconds(1));
    scene.takes(2).await;
    // Baidu had them a moment before midnight, we a moment after.
    scene.app.clock.advance(TimeDelta::minutes(1));
    sqlx::query("update coupon set issued_at = issued_at + interval '1 second'")
        .execute(scene.db())
        .await
        .unwrap();
    scene.tomorrow();

    assert_eq!(scene.finds().await, []);
    scene.worker.stop().await;
}

#[tokio::test]
async fn stock_that_was_changed_by_hand_is_told() {
    let scene = ReconcileScene::new().await;
    scene.app.baidu.set_stock(scene.template(), 2_000_000).unwrap();
    scene.tomorrow();

    assert_eq!(scene.finds().await, [(StockDiffers, Some(1_000_000), Some(2_000_000))]);
    scene.finish().await;
}

#[tokio::test]
async fn the_job_before_dawn_counts_the_same_days_as_baidu() {
    let scene = ReconcileScene::new().await;
    scene.takes(9).await;
    // Half past four in the morning, when it is still yesterday in Greenwich.
    scene.app.clock.advance(TimeDelta::hours(16) + TimeDelta::minutes(30));

    assert_eq!(scene.finds().await, []);
    scene.finish().await;
}
