//! Commits whose outcome the engine cannot know: the work runs again, and each record still has one coupon.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use kaquan::config::issuing::Issuing;

use crate::support::{
    books::{assert_balanced, issued},
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, terms},
    proxy::{Direction, Fault, Proxy},
};

fn patient() -> Issuing {
    Issuing { deadline: Duration::from_secs(4), ..Issuing::default() }
}

/// Rounds of concurrent callers, one fault in each; all answers must be coupons, and the same when asked again.
async fn rounds(fault: Fault) {
    const ROUNDS: usize = 60;
    const CALLERS: usize = 16;
    let database = TestDatabase::new().await;
    let proxy = Proxy::start(&database.options).await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10_000).await;
    let engine = TestEngine::with(&proxy.options(), &patient());
    let ask = |round: usize, caller: usize| {
        let name = format!("{round}-{caller}");
        engine.issuer.issue(campaign.request(&name, &name))
    };

    let mut codes = HashMap::new();
    for round in 0..ROUNDS {
        proxy.once(fault);
        let answers = join_all((0..CALLERS).map(|caller| ask(round, caller))).await;
        for (caller, answer) in answers.into_iter().enumerate() {
            codes.insert((round, caller), answer.coupon());
        }
        assert_eq!(proxy.struck(), round + 1);
    }

    for (&(round, caller), coupon) in &codes {
        assert_eq!(&ask(round, caller).await.coupon(), coupon);
    }
    let acknowledged = i64::try_from(ROUNDS * CALLERS).unwrap();
    assert_eq!(issued(&database.pool, &campaign).await, (acknowledged, acknowledged));
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrives_is_run_again() {
    rounds(Fault::CommitLost).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_races_the_next_try_gives_no_second_coupon() {
    rounds(Fault::CommitRaced).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_reply_is_lost_gives_no_second_coupon() {
    rounds(Fault::ReplyLost).await;
}

/// Cuts the connection a little further on each time, over everything that a new engine and its first request say.
async fn cut_everywhere(direction: Direction, most: usize) {
    let database = TestDatabase::new().await;
    let proxy = Proxy::start(&database.options).await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10_000).await;

    let mut acknowledged = 0;
    for bytes in (0..most).step_by(97) {
        let engine = TestEngine::with(&proxy.options(), &patient());
        proxy.once(Fault::CutAfter(direction, bytes));
        let name = format!("r-{bytes}");
        let first = engine.issuer.issue(campaign.request(&name, &name)).await.coupon();
        proxy.heal();
        let again = engine.issuer.issue(campaign.request(&name, &name)).await.coupon();
        assert_eq!(first, again, "cut after {bytes}");
        acknowledged += 1;
    }

    // The sweep was long enough to reach the end of what there is to cut.
    let cuts = i64::try_from(proxy.struck()).unwrap();
    assert!((acknowledged / 2..acknowledged).contains(&cuts), "{cuts} of {acknowledged}");
    assert_eq!(issued(&database.pool, &campaign).await, (acknowledged, acknowledged));
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_cut_at_any_byte_gets_its_one_coupon() {
    cut_everywhere(Direction::Requests, 17_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_cut_at_any_byte_gives_one_coupon() {
    cut_everywhere(Direction::Replies, 5_000).await;
}
