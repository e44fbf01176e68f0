//! What is owed is paid: once, in order, with a row for every attempt.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    domain::channel,
    simulator::{effects::EffectKind, fault::CallFault, journal::Entry},
    store::delivery::lease::{self, Ask},
};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{
    delivery_scene::{DeliveryScene, Used},
    plans::{run, without_annotations},
    plant::noon,
    volume::stop_watching,
};

#[tokio::test]
async fn a_coupon_given_through_us_appears_in_the_holders_wallet() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..1, Used::No).await;

    assert_eq!(scene.drain().await, 1);

    let wallet = scene.baidu.wallet("open-0");
    assert_eq!(wallet.len(), 1);
    assert_eq!(
        (wallet[0].record_id.as_str(), wallet[0].code.as_str()),
        ("record-0", "CODE00000000")
    );
    assert_eq!(scene.outcomes().await, ["ok"]);
    scene.finish().await;
}

#[tokio::test]
async fn the_use_of_a_coupon_is_told_after_the_coupon_itself() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..50, Used::Yes).await;

    assert_eq!(scene.drain().await, 100);

    assert_eq!(scene.effects(EffectKind::Sync), (50, 1));
    assert_eq!(scene.effects(EffectKind::WriteOff), (50, 1));
    scene.finish().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_with_the_same_record() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..1, Used::No).await;
    scene.baidu.next_call(CallFault::HangUpAfterAccepting);
    // The first call fetches the token.
    assert_eq!(scene.drain().await, 1);
    let first = scene.the_delivery().await;
    assert_eq!(
        (first.0.as_str(), first.1),
        ("pending", 0),
        "no token, nothing sent, nothing burned"
    );

    scene.advance(TimeDelta::minutes(1));
    scene.baidu.next_call(CallFault::HangUpAfterAccepting);
    // This token comes, the sync's answer is lost.
    let second = scene.drain().await;
    assert!(second >= 1);
    scene.advance(TimeDelta::minutes(1));
    scene.drain().await;

    assert_eq!(scene.effects(EffectKind::Sync), (1, 1));
    scene.finish().await;
}

#[tokio::test]
async fn a_dead_delivery_holds_back_the_rest_of_its_coupon_and_nobody_else() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..3, Used::Yes).await;
    sqlx::query("update coupon set code = repeat('x', 33) where record = 'record-1'")
        .execute(scene.db())
        .await
        .unwrap();

    scene.drain().await;
    scene.advance(TimeDelta::days(1));
    scene.drain().await;

    assert_eq!(scene.count("dead").await, 1);
    assert_eq!(scene.count("pending").await, 1);
    assert_eq!(scene.count("done").await, 4);
    let (note, answer): (String, Option<String>) = sqlx::query_as(
        "select delivery.note, attempt.answer from delivery join attempt using (delivery_id)
         where state = 'dead'",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!(
        note,
        "平台不接受这张券 · Baidu would refuse the coupon: code: 券码为 1 至 32 字节 · code: 1 to 32 bytes"
    );
    assert_eq!(answer, None);
    let journal = scene.baidu.journal();
    let about = |entry: &Entry, record: &str| entry.parameters.values().any(|said| said == record);
    assert!(journal.iter().any(|entry| about(entry, "record-0")));
    assert!(!journal.iter().any(|entry| about(entry, "record-1")), "nothing was sent");
    scene.finish_owing().await;
}

#[tokio::test]
async fn those_behind_one_that_waits_wait_as_long_and_no_longer() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..1, Used::Yes).await;
    scene.drain().await;
    scene.owe(1..2, Used::Yes).await;
    scene.baidu.next_call(CallFault::HangUp);

    assert_eq!(scene.drain().await, 1);
    assert_eq!(ready(&scene, "pending").await, 0);
    let (sync, write_off): (DateTime<Utc>, DateTime<Utc>) = sqlx::query_as(
        "select min(due_at) filter (where kind = 'sync'), min(due_at) filter (where kind = 'write_off')
         from delivery where state = 'pending'",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!(sync, write_off);
    scene.advance(sync - noon());

    assert_eq!(scene.drain().await, 2);
    scene.finish().await;
}

/// How many of this state are due.
async fn ready(scene: &DeliveryScene, state: &str) -> i64 {
    sqlx::query_scalar("select count(*) from delivery where state = $1 and due_at <= $2")
        .bind(state)
        .bind(noon())
        .fetch_one(scene.db())
        .await
        .unwrap()
}

/// On a table of which the planner knows nothing, with a backlog as after a long outage.
#[tokio::test]
async fn a_lease_reads_no_further_into_the_backlog_than_it_takes() {
    let scene = DeliveryScene::new().await;
    stop_watching(scene.db()).await;
    scene.owe(0..5_000, Used::Yes).await;
    let ask = Ask {
        app: scene.campaign.app,
        limit: 100,
        instance: 1,
        lease: std::time::Duration::from_secs(30),
        trips_at: channel::TRIPS_AT,
    };
    let mut tx = kaquan::store::begin(scene.db()).await.unwrap();
    let before = touched(&mut tx).await;

    let (_, leased) = lease::lease(&mut tx, Some(noon()), ask).await.unwrap().unwrap();

    assert_eq!(leased.len(), 100);
    let touched = touched(&mut tx).await - before;
    assert!(touched < 1000, "{touched} of 10000 rows");
    tx.rollback().await.unwrap();
    scene.finish_owing().await;
}

/// On a table of which the planner knows nothing it took the index of all that is due, for each row that was settled.
#[tokio::test]
async fn a_settlement_does_not_read_all_that_is_due() {
    let scene = DeliveryScene::new().await;
    stop_watching(scene.db()).await;
    scene.owe(0..5_000, Used::Yes).await;
    let settle = without_annotations(include_str!("../../src/store/sql/settle_deliveries.sql"));
    let mut conn = scene.db().acquire().await.unwrap();
    run(&mut conn, "set plan_cache_mode = 'force_generic_plan'".to_owned()).await;
    run(&mut conn, format!("prepare settle as {settle}")).await;

    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(
        "explain execute settle (null, '{1}', array[gen_random_uuid()], '{1}', '{done}', '{t}', '{0}', '{f}', \
         '{f}', '{ok}', '{2026-11-11}', '{1}', '{x}', '{y}')",
    ))
    .fetch_all(&mut *conn)
    .await
    .unwrap();

    let plan = plan.join("\n");
    assert!(plan.contains("delivery_by_subject") && !plan.contains("delivery_due"), "{plan}");
    drop(conn);
    scene.finish_owing().await;
}

/// How many rows of `delivery` this transaction has touched.
async fn touched(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
         from pg_stat_xact_user_tables where relname = 'delivery'",
    )
    .fetch_one(conn)
    .await
    .unwrap()
}
