//! Notes of what happens, and the daily sums into which they are folded.

use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    domain::{
        id::{AppId, TemplateId},
        statistics::Measure,
    },
    ops::audit::AuditScope,
    service::{
        fold_tally::fold_tally,
        statistics::{GroupBy, Question, Statistics, statistics},
    },
    store::tally::{self, Note},
};
use sqlx::PgPool;

use crate::support::{
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, noon, plant_app, terms},
    recount::recount,
};

/// What stands in the sums, and what still lies beside them.
async fn counted(db: &PgPool, measure: &str) -> (i64, i64) {
    sqlx::query_as(
        "select (select coalesce(sum(count), 0)::bigint from daily_sum where measure = $1),
                (select coalesce(sum(count), 0)::bigint from tally where measure = $1)",
    )
    .bind(measure)
    .fetch_one(db)
    .await
    .unwrap()
}

async fn all(db: &PgPool) -> Statistics {
    statistics(db, noon(), Question { group_by: GroupBy::None, ..Question::default() })
        .await
        .unwrap()
}

#[tokio::test]
async fn claims_and_refusals_are_counted_in_the_commit_that_makes_them() {
    let db = TestDatabase::new().await;
    let campaign = Campaign::plant(&db.pool, &terms(), 2).await;
    let engine = TestEngine::start(&db.options);

    for (record, open_id) in [("r-1", "a"), ("r-2", "b"), ("r-3", "c"), ("r-3", "c"), ("r-1", "a")]
    {
        engine.issuer.issue(campaign.request(record, open_id)).await.unwrap();
    }

    assert_eq!(counted(&db.pool, "claimed").await, (0, 2));
    assert_eq!(counted(&db.pool, "refused_sold_out").await, (0, 1), "asked twice, refused once");
    recount(&db.pool, noon(), AuditScope::DataOnly).await;
    assert_eq!(fold_tally(&db.pool).await.unwrap(), 5, "two additions, two coupons, one refusal");
    assert_eq!(counted(&db.pool, "claimed").await, (2, 0));
    recount(&db.pool, noon(), AuditScope::DataOnly).await;
}

#[tokio::test]
async fn a_refusal_for_now_is_counted_each_time_it_is_heard() {
    let db = TestDatabase::new().await;
    let campaign = Campaign::plant(&db.pool, &terms(), 2).await;
    let engine = TestEngine::start(&db.options);
    sqlx::query("update placement set state = 'paused'").execute(&db.pool).await.unwrap();

    for _ in 0..3 {
        engine.issuer.issue(campaign.request("r-1", "a")).await.refusal();
    }

    assert_eq!(counted(&db.pool, "refused_paused").await, (0, 3));
    assert_eq!(counted(&db.pool, "claimed").await, (0, 0));
}

#[tokio::test]
async fn many_who_fold_at_once_count_each_note_once() {
    let db = TestDatabase::new().await;
    let app = plant_app(&db.pool).await;
    let templates: Vec<_> = (0..20).map(|n| TemplateId::from(uuid::Uuid::from_u128(n))).collect();
    let leave = async |from: usize, count: i64| {
        let mut conn = db.pool.acquire().await.unwrap();
        for turn in from..from + 300 {
            let template = templates[(turn * 7) % templates.len()];
            let note = Note { template, app, measure: Measure::Claimed, count };
            tally::note(&mut conn, noon(), &[note]).await.unwrap();
        }
    };
    let fold = async || {
        let mut taken = 0;
        for _ in 0..40 {
            taken += tally::fold(&mut db.pool.acquire().await.unwrap(), 37).await.unwrap();
        }
        taken
    };

    let (.., a, b, c) = tokio::join!(leave(0, 1), leave(1, 2), leave(2, 3), fold(), fold(), fold());
    let rest = fold_tally(&db.pool).await.unwrap();

    assert_eq!(a + b + c + rest, 900);
    assert_eq!(counted(&db.pool, "claimed").await, (1800, 0));
}

#[tokio::test]
async fn a_fold_passes_over_what_another_one_holds_and_loses_nothing_when_that_fails() {
    let db = TestDatabase::new().await;
    let campaign = Campaign::plant(&db.pool, &terms(), 5).await;
    let engine = TestEngine::start(&db.options);
    engine.issuer.issue(campaign.request("r-1", "a")).await.coupon();
    let mut dying = kaquan::store::begin(&db.pool).await.unwrap();
    assert_eq!(tally::fold(&mut dying, 2).await.unwrap(), 2);

    let meanwhile = fold_tally(&db.pool).await.unwrap();
    dying.rollback().await.unwrap();
    let after = fold_tally(&db.pool).await.unwrap();

    assert_eq!((meanwhile, after), (1, 2));
    recount(&db.pool, noon(), AuditScope::DataOnly).await;
}

#[tokio::test]
async fn a_batch_that_fails_leaves_no_note() {
    let db = TestDatabase::new().await;
    let campaign = Campaign::plant(&db.pool, &terms(), 5).await;
    let engine = TestEngine::start(&db.options);
    crate::support::sabotage::set_trap(&db.pool, crate::support::sabotage::Trap::RaisesOnce).await;

    engine.issuer.issue(campaign.request("r-1", "a")).await.coupon();

    assert_eq!(counted(&db.pool, "claimed").await, (0, 1));
    recount(&db.pool, noon(), AuditScope::DataOnly).await;
}

#[tokio::test]
async fn a_day_begins_in_china() {
    let db = TestDatabase::new().await;
    let campaign = Campaign::plant(&db.pool, &terms(), 5).await;
    let engine = TestEngine::start(&db.options);
    engine.clock.advance(TimeDelta::hours(12) - TimeDelta::microseconds(1));
    engine.issuer.issue(campaign.request("r-1", "a")).await.coupon();
    engine.clock.advance(TimeDelta::microseconds(1));
    engine.issuer.issue(campaign.request("r-2", "b")).await.coupon();

    let days: Vec<(String, i64)> =
        sqlx::query_as("select day::text, count from tally where measure = 'claimed' order by day")
            .fetch_all(&db.pool)
            .await
            .unwrap();

    let expected = [("2026-11-11".to_owned(), 1), ("2026-11-12".to_owned(), 1)];
    assert_eq!(days, expected);
    recount(&db.pool, engine.clock.now(), AuditScope::DataOnly).await;
}

#[tokio::test]
async fn the_answer_is_the_same_before_and_after_the_fold() {
    let db = TestDatabase::new().await;
    let campaign = Campaign::plant(&db.pool, &terms(), 1).await;
    let engine = TestEngine::start(&db.options);
    engine.issuer.issue(campaign.request("r-1", "a")).await.coupon();
    engine.issuer.issue(campaign.request("r-2", "b")).await.refusal();

    let before = all(&db.pool).await;
    fold_tally(&db.pool).await.unwrap();
    let after = all(&db.pool).await;

    assert_eq!(before.total, after.total);
    let total = after.total;
    assert_eq!((total.offered, total.claimed, total.refusals()), (2, 1, 1));
}

#[tokio::test]
async fn figures_are_read_from_the_sums_and_never_from_the_coupons() {
    let db = TestDatabase::new().await;
    let text = crate::support::plans::without_annotations(include_str!(
        "../../src/store/sql/list_sums.sql"
    ));
    let mut conn = db.pool.acquire().await.unwrap();
    crate::support::plans::run(&mut conn, format!("prepare sums as {text}")).await;

    let plan: Vec<String> = sqlx::query_scalar(
        "explain execute sums ('2026-11-01', '2026-11-30', null, null, true, false, false)",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();

    let plan = plan.join("\n");
    assert!(plan.contains("daily_sum") && plan.contains("tally"), "{plan}");
    for table in ["coupon", "refusal", "redemption", "event", "stock_addition"] {
        assert!(!plan.contains(table), "{plan}");
    }
}

#[tokio::test]
async fn what_was_taken_back_is_taken_off_the_sum() {
    let db = TestDatabase::new().await;
    let mut conn = db.pool.acquire().await.unwrap();
    let (template, app) = (TemplateId::new(noon()), AppId::new(noon()));
    let back = Note { template, app, measure: Measure::Offered, count: -3 };

    tally::note(&mut conn, noon(), &[back, Note { count: 5, ..back }]).await.unwrap();
    fold_tally(&db.pool).await.unwrap();

    assert_eq!(counted(&db.pool, "offered").await, (2, 0));
}
