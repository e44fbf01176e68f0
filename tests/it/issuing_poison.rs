//! Requests that fail whenever they are tried: they never cost the others their coupon.

use std::time::Duration;

use futures_util::future::join_all;
use kaquan::{
    config::issuing::Issuing,
    issuing::{Answer, NoAnswer, Request},
};

use crate::support::{
    books::{assert_balanced, issued},
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, plant_template, terms},
    sabotage::{Trap, hold, set_trap, times_sprung, until_blocked},
};

/// One lane for everything, and time enough to tell the bad from the good on a busy machine.
fn one_lane() -> Issuing {
    Issuing { lanes: 1, deadline: Duration::from_secs(5), ..Issuing::default() }
}

/// Lets requests gather behind a lock, so that they go as one batch.
async fn issue_together(
    database: &TestDatabase,
    engine: &TestEngine,
    campaign: &Campaign,
    requests: Vec<Request>,
) -> Vec<Result<Answer, NoAnswer>> {
    let holding = hold(&database.pool, campaign).await;
    let first = engine.issuer.issue(campaign.request("first", "open-first"));
    let rest = join_all(requests.into_iter().map(|request| engine.issuer.issue(request)));
    let release = async {
        until_blocked(&database.pool, 1).await;
        holding.rollback().await.unwrap();
    };
    let (first, rest, ()) = tokio::join!(first, rest, release);
    first.coupon();
    rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_sixty_four_only_the_poisoned_request_fails() {
    poison(Trap::RaisesForPoison, &[17]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_poisoned_requests_fail_and_no_other() {
    poison(Trap::RaisesForPoison, &[0, 1, 31, 40, 64]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_always_collides_fails_its_own_request_only() {
    poison(Trap::CollidesForPoison, &[5, 50]).await;
}

async fn poison(trap: Trap, poisoned: &[usize]) {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    let engine = TestEngine::with(&database.options, &one_lane());
    engine.issuer.issue(campaign.request("before", "open-before")).await.coupon();
    set_trap(&database.pool, trap).await;
    let record = |n: usize| if poisoned.contains(&n) { "poison" } else { "r" };
    let requests = (0..65)
        .map(|n| campaign.request(&format!("{}-{n}", record(n)), &format!("open-{n}")))
        .collect();

    let answers = issue_together(&database, &engine, &campaign, requests).await;

    for (n, answer) in answers.into_iter().enumerate() {
        if poisoned.contains(&n) {
            assert_eq!(answer, Err(NoAnswer::Failed), "request {n}");
        } else {
            answer.coupon();
        }
    }
    // Halving finds one among 66 in seven steps; three tries are for what may have been bad luck.
    let most = 3 * 8 * i64::try_from(poisoned.len()).unwrap();
    let sprung = times_sprung(&database.pool).await;
    assert!(sprung <= most, "{sprung} tries");
    engine.issuer.issue(campaign.request("after", "open-after")).await.coupon();
    let coupons = 65 - i64::try_from(poisoned.len()).unwrap() + 3;
    assert_eq!(issued(&database.pool, &campaign).await, (coupons, coupons));
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_that_cannot_be_read_cost_the_other_templates_nothing() {
    let database = TestDatabase::new().await;
    let good = Campaign::plant(&database.pool, &terms(), 10).await;
    let bad = plant_template(&database.pool, &terms()).await;
    let bad = Campaign::place(&database.pool, good.app, bad, 10).await;
    // As a newer server would write them, for what this one does not know.
    sqlx::query(
        "update template_terms set document = '{\"kind\": \"newer\"}' where template_id = $1",
    )
    .bind(bad.template.uuid())
    .execute(&database.pool)
    .await
    .unwrap();
    let engine = TestEngine::with(&database.options, &one_lane());

    let (bad, good) = tokio::join!(
        engine.issuer.issue(bad.request("r-1", "open-1")),
        engine.issuer.issue(good.request("r-2", "open-2")),
    );

    assert_eq!(bad, Err(NoAnswer::Failed));
    good.coupon();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_answer_that_cannot_be_read_costs_the_other_records_nothing() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    // As a newer server would write it.
    sqlx::query("alter table refusal drop constraint refusal_reason_known")
        .execute(&database.pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into refusal (app_id, record, placement_id, holder_id, reason, refused_at)
         values ($1, 'newer', $2, gen_random_uuid(), 'newer', now())",
    )
    .bind(campaign.app.uuid())
    .bind(campaign.placement.uuid())
    .execute(&database.pool)
    .await
    .unwrap();
    let engine = TestEngine::with(&database.options, &one_lane());

    let (unreadable, good) = tokio::join!(
        engine.issuer.issue(campaign.request("newer", "open-1")),
        engine.issuer.issue(campaign.request("r-2", "open-2")),
    );

    assert_eq!(unreadable, Err(NoAnswer::Failed));
    good.coupon();
}
