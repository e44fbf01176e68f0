//! A new callback address for a placement that stands on Baidu: nobody is turned away while it changes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::stage::{MINUTE, Stage, path};

/// What a callback that says nothing is told at an address that lives; a dead one is 404.
const LIVES: u16 = 400;

async fn rotate(stage: &Stage, placement: &Value, old_lives_for_seconds: u32) -> Value {
    let body = json!({ "old_lives_for_seconds": old_lives_for_seconds });
    stage.post(&format!("{}/callback-token-rotations", path(placement)), body).await.is(201).body
}

#[tokio::test]
async fn both_addresses_live_until_baidu_was_told_and_the_overlap_has_passed() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    stage.add_stock(&placement, "launch", 5).await.is(201);
    stage.drain().await;
    let old = stage.address_at_baidu(&placement);

    let rotation = rotate(&stage, &placement, 60).await;
    // Baidu cannot be told for two hours.
    stage.baidu.set_down(true);
    stage.drain_after(TimeDelta::hours(2)).await;
    stage.baidu.set_down(false);
    let before = stage.status_of_address(&old).await;
    let through_the_old = stage.baidu_user_takes(&placement, "open-1").await;
    stage.drain_after(TimeDelta::hours(2)).await;
    let new = stage.address_at_baidu(&placement);
    let during = (stage.status_of_address(&old).await, stage.status_of_address(&new).await);
    let through_the_new = stage.baidu_user_takes(&placement, "open-2").await;
    stage.clock.advance(TimeDelta::seconds(61));
    let after = (stage.status_of_address(&old).await, stage.status_of_address(&new).await);

    assert_eq!(rotation["callback_url"], new);
    assert_ne!(old, new);
    assert_eq!(before, LIVES);
    assert_eq!((during, after), ((LIVES, LIVES), (404, LIVES)));
    assert!(through_the_old.code().is_some() && through_the_new.code().is_some());
    assert_eq!(stage.look(&placement).await["platform_state"], "published");
    stage.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_does_not_cut_the_old_address_off_too_early() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;
    let old = stage.address_at_baidu(&placement);
    stage.lose_the_answer_to("update");

    rotate(&stage, &placement, 0).await;
    stage.drain().await;
    let unclear = stage.status_of_address(&old).await;
    stage.drain_after(MINUTE).await;

    assert_eq!(unclear, LIVES);
    assert_eq!(stage.status_of_address(&old).await, 404);
    assert_eq!(stage.calls("update"), 2);
    stage.finish().await;
}

#[tokio::test]
async fn of_two_rotations_in_a_row_baidu_is_told_the_last() {
    let stage = Stage::new().await;
    let placement = stage.given_published(json!({})).await;

    rotate(&stage, &placement, 0).await;
    stage.clock.advance(TimeDelta::seconds(1));
    let second = rotate(&stage, &placement, 0).await;
    stage.drain().await;

    assert_eq!(second["callback_url"], stage.address_at_baidu(&placement));
    assert_eq!(stage.calls("update"), 1);
    let lives: i64 =
        sqlx::query_scalar("select count(*) from callback_token where retires_at is null")
            .fetch_one(stage.db())
            .await
            .unwrap();
    assert_eq!(lives, 1);
    stage.finish().await;
}

#[tokio::test]
async fn an_address_that_changes_while_it_is_published_is_told_afterwards() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    stage.lose_the_answer_to("create");
    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;

    let rotation = rotate(&stage, &placement, 0).await;
    let published_with = stage.baidu.templates()[0].callback_url.clone();
    let meanwhile = stage.status_of_address(&published_with).await;
    stage.drain_after(MINUTE).await;

    assert_eq!(meanwhile, LIVES);
    let placement = stage.look(&placement).await;
    assert_eq!(rotation["callback_url"], stage.address_at_baidu(&placement));
    assert_eq!(stage.status_of_address(&published_with).await, 404);
    stage.finish().await;
}

#[tokio::test]
async fn an_address_from_before_secrets_were_kept_is_replaced_when_baidu_is_told() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;
    let shown_once = placement["callback_url"].as_str().unwrap();
    sqlx::query("update callback_token set secret_sealed = null")
        .execute(stage.db())
        .await
        .unwrap();

    stage.act(&placement, "publish").await.is(202);
    stage.drain().await;

    let placement = stage.look(&placement).await;
    let told = stage.address_at_baidu(&placement);
    assert_ne!(told, shown_once);
    assert_eq!(stage.status_of_address(&told).await, LIVES);
    assert_eq!(placement["platform_state"], "published");
    stage.finish().await;
}
