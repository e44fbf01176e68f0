//! Coupons that end: people are reminded before, once, and what was never used is counted, once.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::upkeep_scene::{DAY, LAG, UpkeepScene};

const HOUR: TimeDelta = TimeDelta::hours(1);

/// How often each was told, by coupon and days before its end.
fn by_coupon(told: &[Value]) -> BTreeMap<(String, i64), usize> {
    let mut found = BTreeMap::new();
    for data in told {
        let days = data["before_seconds"].as_i64().unwrap() / 86_400;
        *found.entry((data["coupon_id"].as_str().unwrap().to_owned(), days)).or_default() += 1;
    }
    found
}

#[tokio::test]
async fn a_coupon_is_told_of_once_three_days_and_once_one_day_before_its_end() {
    let scene = UpkeepScene::new().await;
    let coupon = scene.coupon(DAY * 7, "issued").await;
    let locked = scene.coupon(DAY * 7, "issued").await;
    scene.lock(&[locked], DAY * 7).await;

    scene.round_after(DAY * 4 + LAG - TimeDelta::seconds(1)).await;
    let too_early = scene.told("coupon.expiring").await;
    for _ in 0..5 {
        scene.round_after(DAY / 2 + HOUR).await;
        scene.round().await;
    }

    assert!(too_early.is_empty(), "{too_early:?}");
    let told = scene.told("coupon.expiring").await;
    let once = |coupon: String| [((coupon.clone(), 1), 1), ((coupon, 3), 1)];
    let expected = [once(coupon.to_string()), once(locked.to_string())];
    assert_eq!(by_coupon(&told), expected.into_iter().flatten().collect());
    assert_eq!(told[0]["valid_until"], json!("2026-11-18T04:00:00.000000Z"));
}

#[tokio::test]
async fn nobody_is_reminded_of_what_is_used_or_void_or_over_or_was_known_to_end_soon() {
    let scene = UpkeepScene::new().await;
    scene.coupon(DAY * 4, "redeemed").await;
    scene.coupon(DAY * 4, "void").await;
    scene.coupon(DAY * 3 - HOUR, "issued").await;
    let used = scene.coupon(DAY * 4, "issued").await;

    scene.round_after(DAY + LAG).await;
    scene.set_state(used, "redeemed").await;
    // Nobody looked for so long that all is over.
    scene.coupon(DAY * 4, "issued").await;
    scene.round_after(DAY * 5).await;

    let told = by_coupon(&scene.told("coupon.expiring").await);
    assert_eq!(told, [((used.to_string(), 3), 1)].into());
}

#[tokio::test]
async fn a_thousand_that_end_together_are_told_once_by_two_servers() {
    let scene = UpkeepScene::new().await;
    scene.coupons(1100, DAY * 2, "issued").await;
    scene.clock.advance(DAY + LAG);
    let (one, other) = (scene.another(), scene.another());

    let (first, second) = tokio::join!(one.round(), other.round());
    scene.round().await;

    assert!(first.is_ok() && second.is_ok());
    let told = by_coupon(&scene.told("coupon.expiring").await);
    assert_eq!(told.len(), 1100);
    assert!(told.iter().all(|((_, days), times)| (*days, *times) == (1, 1)));
}

#[tokio::test]
async fn a_new_reminder_begins_now_and_none_is_none() {
    let scene = UpkeepScene::new().await;
    let early = scene.coupon(DAY * 2, "issued").await;
    let late = scene.coupon(DAY * 2 + HOUR * 2, "issued").await;
    let new = scene.reminding(&[Duration::from_hours(36)]);
    scene.clock.advance(HOUR * 13);

    new.round().await.unwrap();
    scene.clock.advance(HOUR * 2);
    new.round().await.unwrap();
    scene.reminding(&[]).round().await.unwrap();

    let told = scene.told("coupon.expiring").await;
    let coupons: Vec<_> = told.iter().map(|data| data["coupon_id"].clone()).collect();
    assert_eq!(coupons, [json!(late)], "not {early}");
}

#[tokio::test]
async fn what_ended_unused_is_counted_once_on_its_day_in_china() {
    let scene = UpkeepScene::new().await;
    scene.coupons(700, DAY, "issued").await;
    // Noon in China and twelve hours: the next day.
    scene.coupons(3, HOUR * 12, "issued").await;
    scene.coupons(2, HOUR * 11, "issued").await;
    scene.coupon(HOUR * 11, "redeemed").await;
    scene.coupon(HOUR * 11, "void").await;
    scene.clock.advance(DAY * 2);
    let (one, other) = (scene.another(), scene.another());

    let (first, second) = tokio::join!(one.round(), other.round());
    scene.round().await;

    assert!(first.is_ok() && second.is_ok());
    let expected = [("2026-11-11".to_owned(), 2), ("2026-11-12".to_owned(), 703)];
    assert_eq!(scene.expired().await, expected);
    assert!(scene.told("coupon.expiring").await.is_empty());
}

#[tokio::test]
async fn a_walk_that_dies_before_its_commit_repeats_nothing_and_skips_nothing() {
    let scene = UpkeepScene::new().await;
    scene.coupons(20, DAY, "issued").await;
    sqlx::raw_sql("alter table tally add constraint broken check (measure <> 'expired')")
        .execute(scene.db())
        .await
        .unwrap();
    scene.clock.advance(DAY * 2);

    let failed = scene.upkeep.round().await;
    sqlx::raw_sql("alter table tally drop constraint broken").execute(scene.db()).await.unwrap();
    scene.round().await;
    scene.round().await;

    assert!(failed.is_err());
    assert_eq!(scene.expired().await, [("2026-11-12".to_owned(), 20)]);
}
