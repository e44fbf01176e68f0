//! `kill -9` under load: of the server, of its Postgres, of both. Whatever was acknowledged stays, whatever was not is
//! decided once, and everything comes back by itself.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use kaquan::{
    clock::{Clock, SystemClock},
    ops::audit::AuditScope,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use sqlx::PgPool;

use crate::support::{
    campaign_offer::Offer,
    crash_load::Load,
    crash_scene::{CrashScene, Victim},
    plant::{Campaign, noon, terms},
    recount::{Counts, recount},
};

/// Fifty deaths of the server and eighteen of Postgres, ten of them together, and four of one of its processes.
const ROUNDS: [(Victim, usize); 6] = [
    (Victim::Server, 40),
    (Victim::Backend, 4),
    (Victim::ServerAndPostmaster, 5),
    (Victim::Everything, 5),
    (Victim::Postmaster, 4),
    (Victim::PostmasterAndBackends, 4),
];
/// How many acknowledged records are asked for again after each kill, of the latest and of all.
const SAMPLE: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_an_acknowledged_coupon_or_refuses_an_honest_call() {
    let seed: u64 = rand::random();
    let mut dice = StdRng::seed_from_u64(seed);
    let begun = Instant::now();
    let mut scene = CrashScene::set().await;
    let load = Load::new(offer(&scene).await);
    let mut rounds: Vec<_> =
        ROUNDS.into_iter().flat_map(|(victim, times)| vec![victim; times]).collect();
    rounds.shuffle(&mut dice);

    for (number, victim) in rounds.into_iter().enumerate() {
        let moment = Duration::from_millis(dice.random_range(5..=200));
        say(&format!("seed {seed}, round {number}: {victim:?} after {moment:?}"));
        let address = scene.server().address;
        let strike = async {
            let first = tokio::time::Instant::now() + moment;
            tokio::time::interval_at(first, moment).tick().await;
            scene.kill(victim).await;
            load.stop();
        };
        tokio::join!(load.run(address), strike);
        scene.start_after(victim).await;
        load.replay(scene.server().address, SAMPLE).await;
        // Nothing acknowledged is missing, and every promise still holds in the rows.
        let pool = scene.pool().await;
        assert_eq!(lost(&pool, &load.acknowledged()).await, 0);
        let now = SystemClock.now().max(noon());
        recount(&pool, now, AuditScope::DataOnly).await;
        pool.close().await;
    }

    load.replay(scene.server().address, usize::MAX).await;
    let acknowledged = load.acknowledged();
    let pool = scene.pool().await;
    let stored: Vec<(String, String)> =
        sqlx::query_as("select record, code from coupon").fetch_all(&pool).await.unwrap();
    // Every record was asked for until it was clear, so there is no coupon that nobody knows of.
    assert_eq!(stored.len(), acknowledged.len());
    for (record, code) in &stored {
        assert_eq!(acknowledged.get(record), Some(code), "{record}");
    }
    let counts = Counts::read(&pool).await;
    let all = i64::try_from(stored.len()).unwrap();
    assert_eq!(counts, Counts { coupons: all, refusals: 0, issued: all });
    // What was planted says that it was made at noon, wherever the machine's clock stands.
    recount(&pool, SystemClock.now().max(noon()), AuditScope::Everything).await;
    pool.close().await;
    say(&format!("{all} coupons in {:.0?}; ready again after", begun.elapsed()));
    for (victim, _) in ROUNDS {
        say(&format!("  {victim:?}: {}", spread(&scene.ready_in, victim)));
    }
    scene.serve.take().unwrap().stop().await;
}

/// How many of the acknowledged codes are not in the database under their records.
async fn lost(pool: &PgPool, acknowledged: &HashMap<String, String>) -> i64 {
    let (records, codes): (Vec<_>, Vec<_>) = acknowledged.iter().unzip();
    sqlx::query_scalar(
        "select count(*)
         from unnest($1::text[], $2::text[]) as told (record, code)
         left join coupon on coupon.record = told.record and coupon.code = told.code
         where coupon.coupon_id is null",
    )
    .bind(records)
    .bind(codes)
    .fetch_one(pool)
    .await
    .unwrap()
}

fn spread(ready_in: &[(Victim, Duration)], victim: Victim) -> String {
    let times = ready_in.iter().filter(|(of, _)| *of == victim).map(|(_, time)| *time);
    let times = times.collect::<std::collections::BTreeSet<_>>();
    let median = times.iter().nth(times.len() / 2);
    format!("{:.0?} at least, {median:.0?} median, {:.0?} at most", times.first(), times.last())
}

/// A campaign without end.
async fn offer(scene: &CrashScene) -> Offer {
    let now = SystemClock.now();
    let mut terms = terms();
    terms.claim_from = now - TimeDelta::days(1);
    terms.claim_until = now + TimeDelta::days(1);
    let pool = scene.pool().await;
    let campaign = Campaign::plant(&pool, &terms, 10_000_000).await;
    let offer = Offer::open(&pool, campaign).await;
    pool.close().await;
    offer
}

#[expect(
    clippy::print_stderr,
    reason = "the seed and the times are what a reader of the run wants"
)]
fn say(what: &str) {
    eprintln!("{what}");
}
