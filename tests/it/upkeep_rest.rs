//! Stocks that run low are told once for each fall; what is old is forgotten.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{clock::Clock, domain::stock::Way, store};
use serde_json::json;
use uuid::Uuid;

use crate::support::upkeep_scene::{DAY, UpkeepScene};

async fn issue(scene: &UpkeepScene, issued: i64) {
    sqlx::query("update stock set issued = $2 where placement_id = $1 and way = 'claim'")
        .bind(scene.campaign.placement.uuid())
        .bind(issued)
        .execute(scene.db())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stock_that_falls_to_a_tenth_is_told_once_and_again_when_it_falls_again() {
    let scene = UpkeepScene::new().await;
    let mut numbers = Vec::new();

    for issued in [89, 90, 95, 100] {
        issue(&scene, issued).await;
        scene.round().await;
        scene.another().round().await.unwrap();
        numbers.push(scene.told("stock.low").await.len());
    }
    let mut conn = scene.db().acquire().await.unwrap();
    store::stock::add(&mut conn, scene.campaign.placement, Way::Claim, 100).await.unwrap();
    scene.round().await;
    issue(&scene, 190).await;
    scene.round().await;

    assert_eq!(numbers, [0, 1, 1, 1]);
    let told = scene.told("stock.low").await;
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["way"], &told[0]["left"]), (&json!("claim"), &json!(10)));
    assert_eq!((&told[1]["total"], &told[1]["left"]), (&json!(200), &json!(10)));
    assert_eq!(told[0]["placement_id"], json!(scene.campaign.placement));
}

#[tokio::test]
async fn an_empty_stock_that_never_had_anything_is_not_low() {
    let scene = UpkeepScene::new().await;
    let mut conn = scene.db().acquire().await.unwrap();
    store::stock::add(&mut conn, scene.campaign.placement, Way::Claim, -100).await.unwrap();

    scene.round().await;

    assert!(scene.told("stock.low").await.is_empty());
}

async fn plant_session(scene: &UpkeepScene, ends_at: DateTime<Utc>) {
    sqlx::query(
        "insert into mini_session
             (session_id, app_id, holder_id, token_hash, created_at, expires_at, ends_at)
         values ($1, $2, $1, uuid_send($1), $3 - interval '30 days', $3, $3)",
    )
    .bind(Uuid::now_v7())
    .bind(scene.campaign.app.uuid())
    .bind(ends_at)
    .execute(scene.db())
    .await
    .unwrap();
}

#[tokio::test]
async fn networks_at_work_are_forgotten_when_nobody_was_heard_of_from_there() {
    let scene = UpkeepScene::new().await;
    sqlx::query(
        "with boss as (
             insert into operator (operator_id, login, name, role, password_hash, created_at)
             values ($1, 'boss', 'boss', 'owner', '', $2)
             returning operator_id
         )
         insert into operator_network (operator_id, network, seen_at)
         select operator_id, days::text, $2 - make_interval(days => days)
         from boss, unnest(array[29, 31]) as days",
    )
    .bind(Uuid::now_v7())
    .bind(scene.clock.now())
    .execute(scene.db())
    .await
    .unwrap();

    scene.round().await;

    let left: Vec<String> = sqlx::query_scalar("select network from operator_network")
        .fetch_all(scene.db())
        .await
        .unwrap();
    assert_eq!(left, ["29"]);
}

#[tokio::test]
async fn sessions_and_answers_are_forgotten_when_they_are_old() {
    let scene = UpkeepScene::new().await;
    let now = scene.clock.now();
    for days in [-31, -29, 1] {
        plant_session(&scene, now + TimeDelta::days(days)).await;
    }
    for (number, days) in [(1, 31), (2, 29)] {
        sqlx::query(
            "insert into idempotency (owner, key, request_hash, created_at, status, body)
             values ($1, $2, '', $3, 201, '')",
        )
        .bind(Uuid::now_v7())
        .bind(number.to_string())
        .bind(now - DAY * days)
        .execute(scene.db())
        .await
        .unwrap();
    }

    scene.round().await;
    scene.round().await;

    let left: (i64, String) = sqlx::query_as(
        "select (select count(*) from mini_session), (select string_agg(key, ',') from idempotency)",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!(left, (2, "2".to_owned()));
}
