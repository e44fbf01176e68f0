//! `kill -9` of servers that pay, and servers that sleep through their leases: every effect once, every delivery done.

use std::time::{Duration, Instant};

use kaquan::simulator::{aim::FaultAim, effects::EffectKind, fault::CallFault, switches::Switches};
use nix::sys::signal::Signal;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::support::{
    delivery_chaos::{ALL_DONE, assert_books},
    delivery_scene::effects,
    delivery_servers::DeliveryServers,
    until::{until, until_true},
};

/// Five in a hundred calls, in as many ways.
const MIXED: [CallFault; 5] = [
    CallFault::HangUpAfterAccepting,
    CallFault::HangUp,
    CallFault::BreakOff,
    CallFault::Unavailable,
    CallFault::CutJson,
];

/// Whether nobody who is dead holds anything.
const TAKEN_OVER: &str = "select not exists (
    select from delivery
    where state = 'leased' and not exists (
        select from pg_locks
        where locktype = 'advisory' and objsubid = 2 and granted and objid::bigint = leased_by
            and database = (select oid from pg_database where datname = current_database())
    )
)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_a_delivery_or_pays_it_twice() {
    storm(kills_or(20), 150).await;
}

/// A hundred thousand deliveries; run with `cargo test --test it -- --ignored --nocapture delivery_kill`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes"]
async fn no_kill_loses_one_of_a_hundred_thousand_deliveries_or_pays_it_twice() {
    storm(kills_or(50), 1000).await;
}

/// So many kills; each comes while a portion of coupons, used ones, is being told.
async fn storm(kills: u32, portion: u32) {
    let seed: u64 = rand::random();
    let mut dice = StdRng::seed_from_u64(seed);
    let begun = Instant::now();
    let switches = Switches { answer_after_ms: 20, ..Switches::default() };
    let mut scene = DeliveryServers::start(2, switches).await;
    for (number, fault) in (seed..).zip(MIXED) {
        scene.baidu.fault_calls(FaultAim::share(1.0, number, fault)).unwrap();
    }

    for round in 0..kills {
        scene.owe(portion).await;
        let moment = Duration::from_millis(dice.random_range(5..=250));
        let first = tokio::time::Instant::now() + moment;
        tokio::time::interval_at(first, moment).tick().await;
        let victim = dice.random_range(0..2);
        scene.kill(victim).await;
        if round % 2 == 0 {
            // Its peer alone takes over, and does not wait for a newcomer to look.
            until_true(scene.db(), TAKEN_OVER).await;
        }
        scene.start_one(victim).await;
    }
    let killed_in = begun.elapsed();
    until_done(&scene).await;

    let coupons = scene.owed();
    assert_eq!(effects(&scene.baidu, EffectKind::Sync), (coupons, 1), "seed {seed}");
    assert_eq!(effects(&scene.baidu, EffectKind::WriteOff), (coupons, 1), "seed {seed}");
    assert_books(scene.db()).await;
    let rescued = scene.rescued_after().await;
    let (attempts, presumed): (i64, i64) = sqlx::query_as(
        "select (select count(*) from attempt), (select count(*) from delivery where presumed)",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    let at = |share: usize| rescued.get((rescued.len() * share / 100).min(rescued.len() - 1));
    say(&format!(
        "seed {seed}: {} deliveries and {kills} kills in {killed_in:.0?}, all done after {:.0?}; \
         {attempts} attempts, {presumed} presumed; {} rescued, tried again {:?} ms (median), \
         {:?} ms (99 %) after the kill",
        2 * coupons,
        begun.elapsed(),
        rescued.len(),
        at(50).map(chrono::TimeDelta::num_milliseconds),
        at(99).map(chrono::TimeDelta::num_milliseconds),
    ));
    assert!(!rescued.is_empty(), "no kill struck a call");
    // A bound for a machine with much else to do; the figure above is the measure.
    assert!(at(99).is_some_and(|time| time.num_seconds() < 15), "{:?}", at(99));
    scene.finish().await;
}

/// As long as it goes on, however many there are. The unluckiest have pauses of many minutes by then; as an operator
/// would, we bring them forward.
async fn until_done(scene: &DeliveryServers) {
    const LEFT: &str = "select count(*) from delivery where state <> 'done'";
    let left = async || -> i64 { sqlx::query_scalar(LEFT).fetch_one(scene.db()).await.unwrap() };
    let mut before = left().await;
    scene.baidu.clear_call_faults();
    while before > 0 {
        let goal = before.saturating_sub(1000).max(0);
        until("fewer are left", async || {
            sqlx::query(
                "update delivery set due_at = now() where state = 'pending' and due_at > now()",
            )
            .execute(scene.db())
            .await
            .unwrap();
            before = left().await;
            before <= goal
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_sleeps_through_its_leases_changes_nothing_when_it_wakes() {
    let switches = Switches { answer_after_ms: 1000, ..Switches::default() };
    let mut scene = DeliveryServers::start(1, switches).await;
    scene.servers.push(None);
    scene.owe(100).await;
    until("calls are under way", async || scene.baidu.effects().len() > 100).await;

    scene.signal(0, Signal::SIGSTOP);
    let held: Vec<(uuid::Uuid, i32)> =
        sqlx::query_as("select delivery_id, leased_by from delivery where state = 'leased'")
            .fetch_all(scene.db())
            .await
            .unwrap();
    scene.start_one(1).await;
    until_true(scene.db(), ALL_DONE).await;
    scene.signal(0, Signal::SIGCONT);
    let disowned = "kaquan_deliveries_disowned_total";
    until("it hears that others took over", async || scene.metric(0, disowned).await > 0).await;

    let (ids, instances): (Vec<_>, Vec<_>) = held.into_iter().unzip();
    let accepted: i64 = sqlx::query_scalar(
        "select count(*) from attempt
         where delivery_id = any($1) and instance = any($2)
             and note is distinct from 'the worker was gone before it could say what happened'",
    )
    .bind(&ids)
    .bind(&instances)
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert!(!ids.is_empty());
    assert_eq!(accepted, 0, "what the sleeper says of what it no longer holds");
    assert_eq!(effects(&scene.baidu, EffectKind::Sync), (100, 1));
    assert_eq!(effects(&scene.baidu, EffectKind::WriteOff), (100, 1));
    assert_books(scene.db()).await;
    scene.finish().await;
}

/// How often to kill; more with `KAQUAN_KILLS=200`.
fn kills_or(usual: u32) -> u32 {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment")]
    std::env::var("KAQUAN_KILLS").map_or(usual, |kills| kills.parse().unwrap())
}

#[expect(clippy::print_stderr, reason = "the figures are what a reader of the run wants")]
fn say(what: &str) {
    eprintln!("{what}");
}
