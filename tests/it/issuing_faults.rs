//! Statements and sessions that fail for a while: nobody is told "no" for it.

use std::time::Duration;

use futures_util::future::join_all;
use kaquan::{config::issuing::Issuing, domain::claim::FinalRefusal, issuing::Answer};
use sqlx::PgConnection;

use crate::support::{
    books::{assert_balanced, issued},
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, plant_template, terms},
    sabotage::{Trap, end_blocked_sessions, hold, set_trap, times_sprung, until_blocked},
};

/// One lane for everything, and time enough to tell the bad from the good on a busy machine.
fn one_lane() -> Issuing {
    Issuing { lanes: 1, deadline: Duration::from_secs(5), ..Issuing::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_fails_once_costs_nobody_anything() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    set_trap(&database.pool, Trap::RaisesOnce).await;
    let engine = TestEngine::with(&database.options, &one_lane());

    let requests = (0..64).map(|n| campaign.request(&format!("r-{n}"), &format!("open-{n}")));
    let answers = join_all(requests.map(|request| engine.issuer.issue(request))).await;

    for answer in answers {
        answer.coupon();
    }
    assert_eq!(issued(&database.pool, &campaign).await, (64, 64));
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lone_caller_gets_its_coupon_though_the_first_try_fails() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 1).await;
    set_trap(&database.pool, Trap::RaisesOnce).await;
    let engine = TestEngine::with(&database.options, &one_lane());

    engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();

    assert_eq!(issued(&database.pool, &campaign).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinal_that_another_writer_took_is_seen_on_the_next_try() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    let engine = TestEngine::with(&database.options, &one_lane());
    // Another writer, who does not ask for the lock, is in the middle of giving the same person their first coupon.
    let mut rogue = kaquan::store::begin(&database.pool).await.unwrap();
    sqlx::query(
        "insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id,
             ordinal, record, way, code, valid_from, valid_until, issued_at)
         values (gen_random_uuid(), $1, $2, 1, $3, $4, $4, 1, 'rogue', 'take', 'ROGUE', now(), now() + '1 day', now())",
    )
    .bind(campaign.placement.uuid())
    .bind(campaign.template.uuid())
    .bind(campaign.app.uuid())
    .bind(kaquan::domain::id::HolderId::derive(campaign.app, "open-1").uuid())
    .execute(&mut *rogue)
    .await
    .unwrap();

    let others =
        join_all((2..64).map(|n| {
            engine.issuer.issue(campaign.request(&format!("r-{n}"), &format!("open-{n}")))
        }));
    let beaten = engine.issuer.issue(campaign.request("r-1", "open-1"));
    let release = async {
        until_blocked(&database.pool, 1).await;
        rogue.commit().await.unwrap();
    };
    let (beaten, others, ()) = tokio::join!(beaten, others, release);

    assert_eq!(beaten.refusal(), FinalRefusal::LimitReached.into());
    for answer in others {
        answer.coupon();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ends_in_mid_transaction_costs_nobody_anything() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    set_trap(&database.pool, Trap::EndsSessionOnce).await;
    let engine = TestEngine::start(&database.options);

    let requests = (0..64).map(|n| campaign.request(&format!("r-{n}"), &format!("open-{n}")));
    let answers = join_all(requests.map(|request| engine.issuer.issue(request))).await;

    for answer in answers {
        answer.coupon();
    }
    assert!(times_sprung(&database.pool).await > 64);
    assert_eq!(issued(&database.pool, &campaign).await, (64, 64));
    assert_balanced(&database.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_changes_a_column_under_the_engine_goes_unnoticed() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let engine = TestEngine::with(&database.options, &one_lane());
    let before = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();

    sqlx::query("alter table coupon alter column code type varchar(64)")
        .execute(&database.pool)
        .await
        .unwrap();

    engine.issuer.issue(campaign.request("r-2", "open-2")).await.coupon();
    let again = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
    assert_eq!(before, again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_connections_makes_callers_wait_and_fails_none() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    // One connection for all of it: the pool could get no new one either.
    let mut inside = database.pool.acquire().await.unwrap();
    let admit = async |inside: &mut PgConnection, all: bool| {
        let statement =
            "update pg_database set datallowconn = $1 where datname = current_database()";
        sqlx::query(statement).bind(all).execute(inside).await.unwrap();
    };
    let engine = TestEngine::with(&database.options, &one_lane());
    // The reader has its connection; the writer has none.
    let warm = hold(&database.pool, &campaign).await;
    let mut asking = Box::pin(engine.issuer.issue(campaign.request("r-1", "open-1")));
    assert!(futures_util::poll!(&mut asking).is_pending());
    until_blocked(&database.pool, 1).await;
    admit(&mut inside, false).await;
    end_blocked_sessions(&mut *inside).await;
    warm.rollback().await.unwrap();

    let locked_out = tokio::time::timeout(Duration::from_millis(300), &mut asking).await;
    admit(&mut inside, true).await;

    assert!(locked_out.is_err(), "{locked_out:?}");
    asking.await.coupon();
    engine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_cross_between_two_templates_make_no_deadlock() {
    let database = TestDatabase::new().await;
    let one = Campaign::plant(&database.pool, &terms(), 10_000).await;
    let other = plant_template(&database.pool, &terms()).await;
    let other = Campaign::place(&database.pool, one.app, other, 10_000).await;
    set_trap(&database.pool, Trap::Dawdles).await;
    let engines = [
        TestEngine::with(&database.options, &one_lane()),
        TestEngine::with(&database.options, &one_lane()),
    ];
    let ask = |engine: usize, campaign: Campaign, name: String| {
        let engine = &engines[engine];
        async move { engine.issuer.issue(campaign.request(&name, &name)).await.unwrap() }
    };

    for round in 0..10 {
        let forth = join_all((0..100).map(|n| ask(0, one, format!("{round}-{n}"))));
        let back = join_all((0..100).rev().map(|n| ask(1, other, format!("{round}-{n}"))));
        let (forth, back) = tokio::join!(forth, back);
        let issued = forth.iter().chain(&back).filter(|said| matches!(said, Answer::Issued(_)));
        assert_eq!(issued.count(), 100);
    }

    let deadlocks: i64 = sqlx::query_scalar(
        "select deadlocks from pg_stat_database where datname = current_database()",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!(deadlocks, 0);
    assert_balanced(&database.pool).await;
}
