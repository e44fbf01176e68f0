//! Several workers on one database share the work, survive each other's deaths, and hear of new work at once.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kaquan::{
    delivery::Worker,
    simulator::{effects::EffectKind, switches::Switches},
};

use crate::support::{
    delivery_chaos::{ALL_DONE, assert_books, looking_every, metric, real},
    delivery_scene::{DeliveryScene, Used},
    until::{until, until_true},
};

const OFTEN: Duration = Duration::from_millis(50);

async fn worker(scene: &DeliveryScene, poll: Duration) -> Worker {
    real(&scene.database.options, looking_every(poll), Duration::from_secs(8)).await
}

fn answering_after(ms: u64) -> Switches {
    Switches { answer_after_ms: ms, ..Switches::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_pay_two_thousand_deliveries_once_each() {
    let scene = DeliveryScene::with(answering_after(5)).await;
    let (one, other) = (worker(&scene, OFTEN).await, worker(&scene, OFTEN).await);

    for thousand in 0..2 {
        scene.owe(thousand * 1000..thousand * 1000 + 1000, Used::No).await;
    }
    until_true(scene.db(), ALL_DONE).await;

    let (attempts, instances): (i64, i64) = sqlx::query_as(
        "select count(*), count(distinct instance) from attempt where outcome = 'ok'",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!((attempts, instances), (2000, 2));
    assert_eq!(scene.effects(EffectKind::Sync), (2000, 1));
    assert_books(scene.db()).await;
    one.stop().await;
    other.stop().await;
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_worker_held_is_taken_over_and_its_late_word_changes_nothing() {
    let scene = DeliveryScene::with(answering_after(1500)).await;
    let dead = worker(&scene, OFTEN).await;
    let disowned = metric("kaquan_deliveries_disowned_total");
    scene.owe(0..20, Used::No).await;
    until_true(scene.db(), "select count(*) = 20 from delivery where state = 'leased'").await;
    until("the calls are under way", async || scene.calls("sync") == 20).await;
    let peer = worker(&scene, OFTEN).await;

    // Without its lock it counts as dead, whatever it is doing.
    let ended: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(lock.pid)) from pg_locks as lock
         where lock.locktype = 'advisory' and lock.objsubid = 2
             and lock.database = (select oid from pg_database where datname = current_database())
             and lock.objid::bigint = (select min(leased_by) from delivery where state = 'leased')",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!(ended, 1);
    until_true(scene.db(), ALL_DONE).await;
    dead.stop().await;

    // Until it notices its loss the dead worker may lease some anew, under a number that is no longer alive.
    let (told, lost): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where outcome = 'ok'), count(*) filter (where outcome = 'unknown' and number = 1)
         from attempt",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!((told, lost), (20, 20));
    assert_eq!(scene.effects(EffectKind::Sync), (20, 1));
    assert!(metric("kaquan_deliveries_disowned_total") >= disowned + 20);
    assert_books(scene.db()).await;
    peer.stop().await;
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stops_in_order_finishes_its_calls_and_nobody_takes_them_over() {
    let scene = DeliveryScene::with(answering_after(1000)).await;
    let leaving = worker(&scene, OFTEN).await;
    scene.owe(0..40, Used::No).await;
    until("the calls are under way", async || scene.calls("sync") == 40).await;
    let peer = worker(&scene, OFTEN).await;
    until_true(
        scene.db(),
        "select count(*) = 3 from pg_locks
         where locktype = 'advisory' and objsubid = 2 and granted
             and database = (select oid from pg_database where datname = current_database())",
    )
    .await;

    leaving.stop().await;
    until_true(scene.db(), ALL_DONE).await;

    let again: i64 =
        sqlx::query_scalar("select count(*) from attempt where number > 1 or outcome <> 'ok'")
            .fetch_one(scene.db())
            .await
            .unwrap();
    assert_eq!((again, scene.calls("sync")), (0, 40));
    peer.stop().await;
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_come_and_go_leave_no_doubt_behind() {
    let scene = DeliveryScene::with(answering_after(10)).await;
    for hundred in 0..30 {
        scene.owe(hundred * 100..hundred * 100 + 100, Used::No).await;
    }

    for _ in 0..12 {
        let passing = worker(&scene, OFTEN).await;
        let done = scene.count("done").await;
        until("it has done something", async || {
            scene.count("done").await > done || scene.count("pending").await == 0
        })
        .await;
        passing.stop().await;
        assert_eq!(scene.count("leased").await, 0, "what was leased and not sent was given back");
    }
    let last = worker(&scene, OFTEN).await;
    until_true(scene.db(), ALL_DONE).await;

    let again: i64 =
        sqlx::query_scalar("select count(*) from attempt where number > 1 or outcome <> 'ok'")
            .fetch_one(scene.db())
            .await
            .unwrap();
    assert_eq!((again, scene.effects(EffectKind::Sync)), (0, (3000, 1)));
    last.stop().await;
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_work_is_heard_of_at_once() {
    let scene = DeliveryScene::new().await;
    let worker = worker(&scene, Duration::from_secs(5)).await;
    scene.owe(0..1, Used::No).await;
    until_true(scene.db(), ALL_DONE).await;

    let begun = Instant::now();
    for number in 1..6 {
        scene.owe(number..number + 1, Used::No).await;
        until_true(scene.db(), ALL_DONE).await;
    }

    // Five looks would have taken twenty-five seconds.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    worker.stop().await;
    scene.finish().await;
}

/// Whether a worker hears announcements.
const LISTENS: &str = "select exists (select from pg_stat_activity
         where datname = current_database() and application_name = 'kaquan delivery' and query ilike 'listen%')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_nobody_announced_is_found_all_the_same() {
    let scene = DeliveryScene::new().await;
    let worker = worker(&scene, OFTEN).await;
    until_true(scene.db(), LISTENS).await;

    sqlx::raw_sql("alter table delivery disable trigger delivery_noticed")
        .execute(scene.db())
        .await
        .unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'kaquan delivery' and query ilike 'listen%'",
    )
    .execute(scene.db())
    .await
    .unwrap();
    scene.owe(0..50, Used::Yes).await;
    until_true(scene.db(), ALL_DONE).await;

    until_true(scene.db(), LISTENS).await;
    worker.stop().await;
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_outage_one_call_at_a_time_looks_whether_baidu_is_back_and_then_all_is_due() {
    let scene = DeliveryScene::new().await;
    let other = scene.another_worker().await;
    scene.owe(0..1, Used::No).await;
    scene.drain().await;
    scene.owe(1..301, Used::No).await;
    scene.baidu.set_down(true);
    let both = async || tokio::try_join!(scene.worker.drain(), other.drain()).unwrap();

    both().await;
    let tripped = scene.channel().await;
    assert!(tripped.failures >= 10 && tripped.open_until.is_some(), "{tripped:?}");
    let calls = scene.calls("sync");
    assert!((10..=257).contains(&calls), "what was under way, and no more: {calls}");
    for probes in 0..5 {
        both().await;
        assert_eq!(scene.calls("sync"), calls + probes, "nothing while it rests");
        scene.advance(TimeDelta::seconds(16));
        both().await;
        assert_eq!(scene.calls("sync"), calls + probes + 1, "one probe");
    }
    scene.baidu.set_down(false);
    scene.advance(TimeDelta::seconds(16));
    both().await;

    assert_eq!((scene.count("done").await, scene.channel().await.failures), (301, 0));
    assert_eq!(scene.effects(EffectKind::Sync), (301, 1));
    other.stop().await;
    scene.finish().await;
}

#[tokio::test]
async fn a_settlement_that_cannot_be_written_costs_the_others_nothing() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..30, Used::No).await;
    sqlx::raw_sql(
        "create function trap() returns trigger language plpgsql as $$ begin
             if new.outcome = 'ok' and exists (
                 select from delivery where delivery_id = new.delivery_id and identity = 'record-7'
             ) then raise exception 'sprung'; end if;
             return new;
         end $$;
         create trigger trap before insert on attempt for each row execute function trap()",
    )
    .execute(scene.db())
    .await
    .unwrap();

    let ended = scene.worker.drain().await;

    assert!(ended.is_err());
    assert_eq!((scene.count("done").await, scene.count("leased").await), (29, 1));
    sqlx::raw_sql("drop trigger trap on attempt").execute(scene.db()).await.unwrap();
    scene.advance(TimeDelta::minutes(1));
    assert_eq!(scene.worker.rescue().await.unwrap(), 1);
    scene.drain().await;
    scene.finish().await;
}
