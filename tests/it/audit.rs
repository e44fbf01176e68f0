//! The audit finds nothing in books that agree, and exactly the broken promise in books that do not.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    ops::audit::{self, AuditScope, report::Outcome},
    store::audit::guard::GUARDS,
    vault::Vault,
};

use crate::support::{
    audit::{audit, plant_consistent, run},
    database::TestDatabase,
    plant::noon,
    vault::vault,
};

#[tokio::test]
async fn books_that_agree_are_clean() {
    let db = TestDatabase::new().await;
    let empty = audit(&db).await;
    plant_consistent(&db.pool).await;

    let report = audit(&db).await;

    assert_eq!(empty.broken(), Vec::<&str>::new(), "{empty}");
    assert_eq!(report.broken(), Vec::<&str>::new(), "{report}");
    assert_eq!((report.coupons, Outcome::of(&Ok::<_, ()>(report)).exit_code()), (9, 0));
}

#[tokio::test]
async fn all_violations_are_counted_and_some_are_shown() {
    let db = TestDatabase::new().await;
    plant_consistent(&db.pool).await;
    run(
        &db.pool,
        "insert into refusal select app_id, 'again-' || n, md5('nowhere')::uuid, holder_id, reason, refused_at
         from refusal, generate_series(1, 30) as n",
    )
    .await;

    let report = audit(&db).await;

    let dangling = report.checks.iter().find(|check| check.violations > 0).unwrap();
    assert_eq!((dangling.violations, dangling.examples.len()), (30, audit::MOST_EXAMPLES));
    let lines = report.to_json_lines().unwrap();
    assert!(
        lines.lines().last().unwrap().starts_with(r#"{"outcome":"violations","violations":30,"#)
    );
    assert_eq!(lines.lines().count(), report.checks.len() + 1);
}

#[tokio::test]
async fn without_a_master_key_the_audit_says_that_it_did_not_look_at_secrets() {
    let db = TestDatabase::new().await;
    let nobody = Vault::without_keys();
    let nothing_sealed = audit::run(&db.pool, &nobody, noon(), AuditScope::DataOnly).await.unwrap();
    plant_consistent(&db.pool).await;

    let report = audit::run(&db.pool, &nobody, noon(), AuditScope::DataOnly).await.unwrap();

    assert!(!nothing_sealed.to_string().contains("Not looked at"), "{nothing_sealed}");
    assert_eq!(report.broken(), Vec::<&str>::new(), "{report}");
    let said = report.to_string();
    assert!(said.contains("Not looked at: 7 values, and no master key here"), "{said}");
    assert!(said.ends_with("every promise that was looked at holds\n"), "{said}");
    assert!(report.to_json_lines().unwrap().contains(r#""passed_over":"7 values"#));
}

#[tokio::test]
async fn an_index_that_lies_is_not_believed() {
    let db = TestDatabase::new().await;
    plant_consistent(&db.pool).await;
    let kept_up = |kept: bool| {
        format!(
            "update pg_index set indisready = {kept} where indexrelid = 'coupon_code_once'::regclass"
        )
    };
    run(&db.pool, &kept_up(false)).await;
    run(&db.pool, "update coupon set code = 'KQ00000000000000001' where record = 'record-3'").await;
    run(&db.pool, &kept_up(true)).await;

    let report = audit(&db).await;

    assert_eq!(report.broken(), ["codes_unique"], "{report}");
}

#[tokio::test]
async fn a_careless_server_and_a_forgotten_transaction_are_found() {
    let db = TestDatabase::new().await;
    let careless = db.options.clone().options([("synchronous_commit", "off")]);
    let pool = sqlx::PgPool::connect_with(careless).await.unwrap();
    let mut forgotten = kaquan::store::begin(&db.pool).await.unwrap();
    sqlx::query("select 1").execute(&mut *forgotten).await.unwrap();
    let (started,): (DateTime<Utc>,) =
        sqlx::query_as("select clock_timestamp()").fetch_one(&mut *forgotten).await.unwrap();

    let later = started + TimeDelta::minutes(1);
    let report = audit::run(&pool, &vault(), later, AuditScope::Everything).await.unwrap();

    assert_eq!(report.broken(), ["no_forgotten_transactions", "durable_settings"], "{report}");
    let settings = &report.checks.last().unwrap().examples;
    assert!(settings.contains(&"synchronous_commit = off".to_owned()), "{settings:?}");
}

#[tokio::test]
async fn the_guards_are_those_that_the_migrations_make() {
    let db = TestDatabase::new().await;

    let made: Vec<(String, String)> = sqlx::query_as(
        r"select relname::text, conname::text
          from pg_constraint join pg_class on pg_class.oid = conrelid
          where connamespace = 'public'::regnamespace and relname not like '\_sqlx%'
          union
          select owner.relname::text, made.relname::text
          from pg_index join pg_class owner on owner.oid = indrelid join pg_class made on made.oid = indexrelid
          where indisunique and owner.relnamespace = 'public'::regnamespace and owner.relname not like '\_sqlx%'",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();

    let mut made: Vec<_> = made.iter().map(|(table, name)| (&**table, &**name)).collect();
    let mut listed = GUARDS.to_vec();
    made.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_database_that_cannot_be_asked_is_neither_clean_nor_broken() {
    let db = TestDatabase::new().await;
    run(&db.pool, "drop table refusal").await;

    let answer = audit::run(&db.pool, &vault(), noon(), AuditScope::DataOnly).await;

    assert_eq!(Outcome::of(&answer).exit_code(), 3);
}

#[tokio::test]
async fn a_use_that_stands_twice_is_found() {
    let db = TestDatabase::new().await;
    plant_consistent(&db.pool).await;
    run(
        &db.pool,
        "drop index redemption_one_live;
         update redemption set reversed_at = null where order_no = 'order-1'",
    )
    .await;

    let report = audit(&db).await;

    assert_eq!(report.broken(), ["used_once", "guards_exist"], "{report}");
}

#[tokio::test]
async fn what_is_late_for_a_reason_is_not_stuck() {
    for reason in [
        "update app set secret_sealed = null",
        "update channel set paused_at = '2026-11-11'",
        "update channel set open_until = '2026-11-11T12:00:01+08:00'",
    ] {
        let db = TestDatabase::new().await;
        plant_consistent(&db.pool).await;
        run(&db.pool, "update delivery set due_at = '2026-11-03' where state = 'pending'").await;
        run(&db.pool, reason).await;

        let report = audit(&db).await;

        assert_eq!(report.broken(), Vec::<&str>::new(), "{reason}: {report}");
    }
}
