//! What the engine owes a platform: word of each coupon that is claimed through us, in the commit that gives it.

use std::time::Duration;

use futures_util::future::join_all;
use kaquan::{
    config::issuing::Issuing,
    domain::stock::Way,
    issuing::{OfferKey, Request},
    ops::audit::AuditScope,
};
use sqlx::{PgPool, postgres::PgListener};

use crate::support::{
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, noon, terms},
    proxy::{Fault, Proxy},
    recount::recount,
};

fn claim(campaign: &Campaign, record: &str, open_id: &str) -> Request {
    let offer = OfferKey { way: Way::Claim, ..campaign.offer() };
    Request { offer, ..campaign.request(record, open_id) }
}

/// How many syncs are owed, and for how many coupons.
async fn syncs(pool: &PgPool) -> (i64, i64) {
    sqlx::query_as(
        "select count(*), count(distinct coupon_id)
         from delivery
         join coupon on coupon_id = subject_id and record = identity and way = 'claim'
         where kind = 'sync'",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_owed_and_takes_are_not_however_they_are_batched() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 60).await;
    let engine = TestEngine::start(&database.options);

    // Every request is made twice; the last ones of each way find nothing left.
    let answers = join_all((0..300).map(|n| {
        let name = format!("r-{}", n / 2);
        let request = if n % 4 < 2 { claim } else { Campaign::request };
        engine.issuer.issue(request(&campaign, &name, &name))
    }))
    .await;

    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(syncs(&database.pool).await, (60, 60));
    let owed: i64 = sqlx::query_scalar("select count(*) from delivery")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(owed, 60);
    recount(&database.pool, noon(), AuditScope::DataOnly).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_run_again_owes_once() {
    let database = TestDatabase::new().await;
    let proxy = Proxy::start(&database.options).await;
    let campaign = Campaign::plant(&database.pool, &terms(), 1000).await;
    let patient = Issuing { deadline: Duration::from_secs(4), ..Issuing::default() };
    let engine = TestEngine::with(&proxy.options(), &patient);

    for (round, fault) in [Fault::CommitLost, Fault::CommitRaced].into_iter().enumerate() {
        proxy.once(fault);
        let answers = join_all((0..16).map(|n| {
            let name = format!("{round}-{n}");
            engine.issuer.issue(claim(&campaign, &name, &name))
        }));
        for answer in answers.await {
            answer.coupon();
        }
    }

    assert_eq!(syncs(&database.pool).await, (32, 32));
    recount(&database.pool, noon(), AuditScope::DataOnly).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_hear_of_what_can_be_told_at_once() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let engine = TestEngine::start(&database.options);
    let mut workers = PgListener::connect_with(&database.pool).await.unwrap();
    workers.listen("kaquan_delivery").await.unwrap();

    engine.issuer.issue(campaign.request("take", "open-1")).await.coupon();
    engine.issuer.issue(claim(&campaign, "claim", "open-2")).await.coupon();
    let heard = tokio::time::timeout(Duration::from_secs(10), workers.recv()).await;

    heard.unwrap().unwrap();
    // The take before it was silent.
    let more = workers.next_buffered();
    assert!(more.is_none());
    let due: (String, bool) =
        sqlx::query_as("select state, due_at = $1 and created_at = $1 from delivery")
            .bind(noon())
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(due, ("pending".to_owned(), true));
}
