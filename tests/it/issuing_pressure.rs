//! Too much to do: the queue is bounded, deadlines are kept, and whoever was turned away loses nothing.

use std::time::Duration;

use futures_util::{FutureExt as _, future::join_all};
use kaquan::{
    config::issuing::Issuing,
    domain::claim::FinalRefusal,
    issuing::{Answer, NoAnswer},
};
use tokio::time::Instant;

use crate::support::{
    books::{assert_balanced, issued},
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, terms},
    sabotage::{hold, until_blocked},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ninth_caller_of_a_queue_of_eight_is_turned_away_at_once() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    let settings = Issuing { queue: 8, deadline: Duration::from_secs(5), ..Issuing::default() };
    let engine = TestEngine::with(&database.options, &settings);
    let ask =
        |n: usize| engine.issuer.issue(campaign.request(&format!("r-{n}"), &format!("open-{n}")));

    let holding = hold(&database.pool, &campaign).await;
    let mut eight = Box::pin(join_all((0..8).map(ask)));
    assert!(futures_util::poll!(&mut eight).is_pending());
    assert_eq!(engine.issuer.waiting(), 8);
    until_blocked(&database.pool, 1).await;
    let asked = Instant::now();
    let ninth = ask(8).await;
    let took = asked.elapsed();
    holding.rollback().await.unwrap();

    assert_eq!(ninth, Err(NoAnswer::Full));
    assert!(took < Duration::from_millis(50), "{took:?}");
    for answer in eight.await {
        answer.coupon();
    }
    assert_eq!(engine.issuer.waiting(), 0);
    ask(8).await.coupon();
    assert_eq!(issued(&database.pool, &campaign).await, (9, 9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_are_answered_while_their_template_is_locked() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    let settings = Issuing { deadline: Duration::from_secs(5), ..Issuing::default() };
    let engine = TestEngine::with(&database.options, &settings);
    let first = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();

    let holding = hold(&database.pool, &campaign).await;
    let mut new = Box::pin(engine.issuer.issue(campaign.request("r-2", "open-2")));
    assert!(futures_util::poll!(&mut new).is_pending());
    until_blocked(&database.pool, 1).await;
    let again = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
    let waits = new.as_mut().now_or_never().is_none();
    holding.rollback().await.unwrap();

    assert_eq!(first, again);
    assert!(waits);
    new.await.coupon();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_past_the_deadline_makes_callers_try_again_and_costs_them_nothing() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    let deadline = Duration::from_millis(300);
    let engine = TestEngine::with(&database.options, &Issuing { deadline, ..Issuing::default() });
    engine.issuer.issue(campaign.request("warm", "warm")).await.coupon();

    let holding = hold(&database.pool, &campaign).await;
    let asked = Instant::now();
    let turned_away =
        join_all((0..16).map(|n| {
            engine.issuer.issue(campaign.request(&format!("r-{n}"), &format!("open-{n}")))
        }))
        .await;
    let took = asked.elapsed();
    holding.rollback().await.unwrap();

    assert!(turned_away.iter().all(|answer| *answer == Err(NoAnswer::Busy)), "{turned_away:?}");
    let on_time = deadline..deadline + Duration::from_millis(250);
    assert!(on_time.contains(&took), "{took:?}");
    for n in 0..16 {
        let request = campaign.request(&format!("r-{n}"), &format!("open-{n}"));
        let coupon = engine.issuer.issue(request.clone()).await.coupon();
        assert_eq!(engine.issuer.issue(request).await.coupon(), coupon);
    }
    assert_eq!(issued(&database.pool, &campaign).await, (17, 17));
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_with_the_last_of_the_stock_in_hand_makes_nobody_sold_out() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 1).await;
    let settings = Issuing { deadline: Duration::from_secs(5), ..Issuing::default() };
    let engine = TestEngine::with(&database.options, &settings);

    let mut stopped = hold(&database.pool, &campaign).await;
    sqlx::query("update stock set issued = total").execute(&mut *stopped).await.unwrap();
    let asking =
        join_all((0..8).map(|n| {
            engine.issuer.issue(campaign.request(&format!("r-{n}"), &format!("open-{n}")))
        }));
    let dies = async {
        until_blocked(&database.pool, 1).await;
        stopped.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(asking, dies);

    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| matches!(answer, Ok(Answer::Issued(_))));
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|answer| answer.refusal() == FinalRefusal::SoldOut.into()));
    assert_eq!(issued(&database.pool, &campaign).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_on_the_stock_alone_is_waited_for_as_well() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 5).await;
    let settings = Issuing { deadline: Duration::from_secs(5), ..Issuing::default() };
    let engine = TestEngine::with(&database.options, &settings);

    let mut stopped = kaquan::store::begin(&database.pool).await.unwrap();
    sqlx::query("update stock set issued = total").execute(&mut *stopped).await.unwrap();
    let asking =
        join_all((0..5).map(|n| {
            engine.issuer.issue(campaign.request(&format!("r-{n}"), &format!("open-{n}")))
        }));
    let dies = async {
        until_blocked(&database.pool, 1).await;
        stopped.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(asking, dies);

    for answer in answers {
        answer.coupon();
    }
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_template_holds_up_no_other_lane() {
    let database = TestDatabase::new().await;
    let settings = Issuing { lanes: 2, deadline: Duration::from_secs(5), ..Issuing::default() };
    let engine = TestEngine::with(&database.options, &settings);
    let locked = Campaign::plant(&database.pool, &terms(), 5).await;
    let holding = hold(&database.pool, &locked).await;
    let mut waiting = Box::pin(engine.issuer.issue(locked.request("r-1", "open-1")));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    until_blocked(&database.pool, 1).await;

    // Of twenty templates about half share the lane; the others must be served.
    let mut served = 0;
    for n in 0..20 {
        let free = Campaign::plant(&database.pool, &terms(), 5).await;
        let name = format!("free-{n}");
        let asking = engine.issuer.issue(free.request(&name, &name));
        served +=
            usize::from(tokio::time::timeout(Duration::from_millis(100), asking).await.is_ok());
    }
    holding.rollback().await.unwrap();

    assert!((1..20).contains(&served), "{served}");
    waiting.await.coupon();
}
