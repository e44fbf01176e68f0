//! Locks that have passed are taken away, once, and told.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::json;

use crate::support::upkeep_scene::{DAY, UpkeepScene};

const QUARTER: TimeDelta = TimeDelta::minutes(15);
const SECOND: TimeDelta = TimeDelta::seconds(1);

#[tokio::test]
async fn a_lock_goes_at_its_end_and_not_before() {
    let scene = UpkeepScene::new().await;
    let coupon = scene.coupon(DAY * 7, "issued").await;
    scene.lock(&[coupon], QUARTER).await;

    scene.round_after(QUARTER - SECOND).await;
    let before = scene.standing(coupon).await;
    scene.round_after(SECOND).await;
    scene.round().await;

    assert_eq!(before, ("locked".to_owned(), 1, true));
    assert_eq!(scene.standing(coupon).await, ("issued".to_owned(), 2, false));
    let told = scene.told("coupon.unlocked").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["by"], &told[0]["order_no"]), (&json!("time"), &json!("order-1")));
    assert_eq!(told[0]["coupon_id"], json!(coupon));
    assert!(scene.expired().await.is_empty());
}

#[tokio::test]
async fn a_thousand_locks_go_once_however_many_servers_look() {
    let scene = UpkeepScene::new().await;
    let coupons = scene.coupons(1234, DAY * 7, "issued").await;
    scene.lock(&coupons, QUARTER).await;
    scene.clock.advance(QUARTER);
    let (one, other) = (scene.another(), scene.another());

    let (first, second) = tokio::join!(one.round(), other.round());
    // What one was about to take when the other looked is left for the next look.
    scene.round().await;

    assert!(first.is_ok() && second.is_ok());
    let told = scene.told("coupon.unlocked").await;
    let different: BTreeSet<_> = told.iter().map(|data| data["coupon_id"].to_string()).collect();
    assert_eq!((told.len(), different.len()), (1234, 1234));
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from coupon_lock) + (select count(*) from coupon where state <> 'issued')",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_lock_that_another_order_has_just_taken_over_stays() {
    let scene = UpkeepScene::new().await;
    let coupon = scene.coupon(DAY * 7, "issued").await;
    scene.lock(&[coupon], QUARTER).await;
    scene.clock.advance(QUARTER);
    let mut tx = kaquan::store::begin(scene.db()).await.unwrap();
    for statement in [
        "update coupon set version = version + 1 where coupon_id = $1",
        "update coupon_lock set order_no = 'order-2', expires_at = expires_at + interval '1 hour' where coupon_id = $1",
    ] {
        sqlx::query(statement).bind(coupon.uuid()).execute(&mut *tx).await.unwrap();
    }

    scene.round().await;
    tx.commit().await.unwrap();
    scene.round().await;

    assert_eq!(scene.standing(coupon).await, ("locked".to_owned(), 2, true));
    assert!(scene.told("coupon.unlocked").await.is_empty());
}

#[tokio::test]
async fn a_coupon_that_ended_under_its_lock_is_counted_when_the_lock_goes() {
    let scene = UpkeepScene::new().await;
    let coupon = scene.coupon(DAY, "issued").await;
    scene.clock.advance(DAY - QUARTER / 3);
    scene.lock(&[coupon], QUARTER).await;

    scene.round_after(QUARTER / 2).await;
    let under_way = scene.expired().await;
    scene.round_after(QUARTER / 2).await;
    scene.round_after(DAY).await;

    assert!(under_way.is_empty());
    assert_eq!(scene.expired().await, [("2026-11-12".to_owned(), 1)]);
}

#[tokio::test]
async fn a_coupon_whose_lock_goes_right_at_its_end_is_counted_once() {
    let scene = UpkeepScene::new().await;
    let coupon = scene.coupon(DAY, "issued").await;
    scene.lock(&[coupon], DAY).await;

    // The lock goes before the counting comes by.
    scene.round_after(DAY).await;
    scene.round_after(QUARTER).await;

    assert_eq!(scene.standing(coupon).await.0, "issued");
    assert_eq!(scene.expired().await, [("2026-11-12".to_owned(), 1)]);
}
