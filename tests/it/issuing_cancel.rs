//! Callers who hang up: at every point, and at random under load.

use std::{collections::HashMap, task::Poll, time::Duration};

use futures_util::future::{join_all, poll_fn};
use kaquan::config::issuing::Issuing;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rand::Rng as _;
use sqlx::PgPool;

use crate::support::{
    books::{assert_balanced, issued},
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, terms},
    sabotage::until_idle,
};

/// Nobody who hung up left a transaction open.
async fn assert_clean(pool: &PgPool) {
    until_idle(pool).await;
    let left_open: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(left_open, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_may_hang_up_at_every_point() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10_000).await;
    let engine = TestEngine::start(&database.options);

    // The future is polled k times, then dropped; past the first poll the request is in the engine's hands.
    let (mut polls, mut asked) = (0, 0);
    loop {
        let name = format!("r-{polls}");
        let mut asking = Box::pin(engine.issuer.issue(campaign.request(&name, &name)));
        let mut answer = None;
        for _ in 0..polls {
            let poll = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
            if let Poll::Ready(said) = poll {
                answer = Some(said);
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(asking);
        asked += 1;
        let again = engine.issuer.issue(campaign.request(&name, &name)).await.coupon();
        if let Some(answer) = answer {
            assert_eq!(answer.coupon(), again);
            break;
        }
        // One more each time at first, where the steps of the caller are; further on only time goes by.
        polls += 1 + polls / 20;
    }

    assert!(polls >= 2, "the engine answered without being waited for");
    assert_eq!(issued(&database.pool, &campaign).await, (asked, asked));
    assert_clean(&database.pool).await;
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_callers_hang_up_at_random_and_no_record_has_two_coupons() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10_000).await;
    let settings = Issuing { deadline: Duration::from_secs(5), ..Issuing::default() };
    let engine = TestEngine::with(&database.options, &settings);
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let ask = |record: usize| {
        let name = format!("r-{record}");
        engine.issuer.issue(campaign.request(&name, &name))
    };

    let mut heard = HashMap::new();
    let mut hung_up = 0;
    while hung_up < 2000 {
        let answers = join_all((0..100).map(|caller| {
            let record = random.next_u32() as usize % 500;
            // Most are in a hurry; some wait, however slow the machine is, so that there is something to compare.
            let hurry = Duration::from_micros(u64::from(random.next_u32() % 8000));
            let patience = if caller % 10 == 0 { Duration::from_secs(5) } else { hurry };
            let asking = tokio::time::timeout(patience, ask(record));
            async move { (record, asking.await) }
        }))
        .await;
        for (record, answer) in answers {
            match answer {
                Ok(answer) => {
                    let coupon = answer.coupon();
                    assert_eq!(heard.entry(record).or_insert_with(|| coupon.clone()), &coupon);
                }
                Err(_) => hung_up += 1,
            }
        }
    }

    for (record, coupon) in heard {
        assert_eq!(ask(record).await.coupon(), coupon);
    }
    assert_clean(&database.pool).await;
    let (counted, coupons) = issued(&database.pool, &campaign).await;
    assert_eq!(counted, coupons);
    assert!(coupons <= 500);
    assert_balanced(&database.pool).await;
}
