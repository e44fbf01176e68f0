//! What is owed stands where it belongs: armed when the platform knows the placement, behind what died before it.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    domain::{
        id::{CouponId, DeliveryId},
        people::Record,
    },
    service::cancel_delivery::cancel_delivery,
    store::delivery::owe::{Owed, arm_overdue, owe},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{
    database::TestDatabase,
    delivery_scene::{self, Used},
    plant::{Campaign, noon, terms},
};

async fn due_at(pool: &PgPool, delivery: DeliveryId) -> DateTime<Utc> {
    sqlx::query_scalar("select due_at from delivery where delivery_id = $1")
        .bind(delivery.uuid())
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_waits_though_its_platform_knows_the_placement_is_armed_portion_by_portion() {
    let pool = TestDatabase::new().await.pool;
    let campaign = Campaign::plant(&pool, &terms(), 10_000).await;
    delivery_scene::owe(&pool, campaign, 0..2500, Used::No, noon()).await;
    sqlx::query("update delivery set state = 'waiting'").execute(&pool).await.unwrap();
    let mut conn = pool.acquire().await.unwrap();

    let mut armed = Vec::new();
    for _ in 0..3 {
        armed.push(arm_overdue(&mut conn, Some(noon())).await.unwrap());
    }

    assert_eq!(armed, [2000, 500, 0]);
    assert_eq!(delivery_scene::count(&pool, "pending").await, 2500);
}

#[tokio::test]
async fn what_is_owed_behind_a_dead_one_is_put_off_until_that_is_given_up() {
    let pool = TestDatabase::new().await.pool;
    let campaign = Campaign::plant(&pool, &terms(), 10).await;
    delivery_scene::owe(&pool, campaign, 0..1, Used::No, noon()).await;
    let (dead, coupon): (Uuid, Uuid) = sqlx::query_as(
        "update delivery set state = 'dead', settled_at = due_at returning delivery_id, subject_id",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let record = Record::parse("record-0").unwrap();
    let Campaign { app, placement, .. } = campaign;
    let use_of_it = Owed::write_off(noon(), app, placement, CouponId::from(coupon), &record);

    owe(&mut pool.acquire().await.unwrap(), noon(), &use_of_it).await.unwrap();
    let behind = due_at(&pool, use_of_it.id).await;
    cancel_delivery(&pool, noon(), "test", DeliveryId::from(dead)).await.unwrap();

    assert_eq!(behind, noon() + TimeDelta::days(30));
    assert_eq!(due_at(&pool, use_of_it.id).await, noon());
}
