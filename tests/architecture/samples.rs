//! Bad samples: each rule is shown to fail.

use std::collections::BTreeSet;

use crate::{
    migrations::unnamed,
    rules::{RULES, check},
    settings,
};

/// A file, what stands in it after its first line, and the rule that it breaks.
const BAD: &[(&str, &str, &str)] = &[
    ("src/domain/coupon.rs", "use crate::clock::Clock;", "imports run one way"),
    ("src/domain/coupon.rs", "fn f() { crate::store::ping(); }", "imports run one way"),
    ("src/domain/coupon.rs", "use super::super::http::page;", "imports run one way"),
    ("src/domain/coupon.rs", "mod inner { use super::super::super::http; }", "imports run one way"),
    ("src/store/x.rs", "use crate::{domain::id, clock};", "imports run one way"),
    (
        "src/store/x.rs",
        "use crate::{domain::{id, stock}, service::{self, route}};",
        "imports run one way",
    ),
    ("src/issuing/x.rs", "use crate::config::Config;", "imports run one way"),
    ("src/service/x.rs", "use crate::platform::baidu::sign;", "imports run one way"),
    ("src/vault/x.rs", "use crate::domain::id;", "imports run one way"),
    ("src/http/x.rs", "use crate::vault::Vault;", "imports run one way"),
    ("src/platform/baidu/x.rs", "use crate::platform::wechat::wire;", "imports run one way"),
    ("src/platform/baidu/x.rs", "use super::super::wechat;", "imports run one way"),
    ("src/platform/baidu/x.rs", "use crate::config::wechat;", "imports run one way"),
    ("src/platform/baidu/x.rs", "use crate::store;", "imports run one way"),
    ("src/gateway/yoho/x.rs", "use crate::gateway::zvcms;", "imports run one way"),
    ("src/api/x.rs", "use crate::issuing::Request;", "imports run one way"),
    ("src/simulator/x.rs", "use crate::platform::baidu::wire;", "imports run one way"),
    ("src/simulator/x.rs", "use kaquan::domain::id;", "imports run one way"),
    (
        "src/simulator/x.rs",
        "#[cfg(test)] mod tests { use crate::domain::id; }",
        "imports run one way",
    ),
    ("src/postgres/x.rs", "use crate::config;", "imports run one way"),
    ("src/app/x.rs", "use crate::simulator;", "imports run one way"),
    ("src/cli/x.rs", "use crate::issuing;", "imports run one way"),
    ("src/main.rs", "use kaquan::store;", "imports run one way"),
    ("src/cupboard.rs", "", "imports run one way"),
    ("src/domain/coupon.rs", "async fn f() {}", "a room never does this"),
    ("src/domain/coupon.rs", "fn f() { Utc::now(); }", "a room never does this"),
    ("src/domain/coupon.rs", "use std::{fmt, fs};", "a room never does this"),
    ("src/store/x.rs", "async fn f() { conn.begin().await; }", "a room never does this"),
    ("src/store/x.rs", "async fn f() { tx.commit().await; }", "a room never does this"),
    ("src/service/x.rs", "use axum::Router;", "a room never does this"),
    ("src/service/x.rs", "fn f() -> http::StatusCode {}", "a room never does this"),
    ("src/simulator/x.rs", "use sqlx::PgPool;", "a room never does this"),
    ("src/vault/x.rs", "use sqlx::PgPool;", "a room never does this"),
    ("src/domain/coupon.rs", "use tracing::info;", "domain names few crates"),
    ("src/domain/coupon.rs", "use sqlx::PgConnection;", "domain names few crates"),
    ("src/domain/coupon.rs", "fn f() { rand::random(); }", "domain names few crates"),
    ("src/service/x.rs", "fn f() { sqlx::query_scalar!(\"select 1\"); }", "SQL lives in store"),
    ("src/service/x.rs", "fn f() { query!(\"select 1\"); }", "SQL lives in store"),
    ("src/ops/x.rs", "use sqlx::{PgPool, query_as};", "SQL lives in store"),
    ("src/ops/x.rs", "fn f() { sqlx::raw_sql(text); }", "SQL lives in store"),
    ("src/api/x.rs", "fn f() { store::app::insert(conn); }", "api and console only read the store"),
    ("src/api/x.rs", "use crate::store::app::update;", "api and console only read the store"),
    ("src/cli/x.rs", "fn f() { std::env::var(\"HOME\"); }", "the environment is read in main"),
    ("src/cli/x.rs", "use std::env; fn f() { env::vars_os(); }", "the environment is read in main"),
    ("src/service/utils.rs", "", "no module for odds and ends"),
    ("src/service/x.rs", "mod helpers {}", "no module for odds and ends"),
    ("src/service/x.rs", "#[allow(dead_code)] fn f() {}", "expect with a reason instead of allow"),
    ("src/service/x.rs", "#![allow(unused)]", "expect with a reason instead of allow"),
    (
        "src/service/x.rs",
        "#[cfg_attr(test, allow(unused))] fn f() {}",
        "expect with a reason instead of allow",
    ),
];

/// What looks bad and is not.
const GOOD: &[(&str, &str)] = &[
    ("src/domain/coupon.rs", "// use crate::store; async fn\nconst A: &str = \"crate::store\";"),
    (
        "src/domain/coupon.rs",
        "/* /* crate::store */ .await */ const A: &str = r#\"\" crate::api\"#;",
    ),
    ("src/domain/coupon.rs", "fn f<'a>(a: &'a str) -> char { '\"' } // '\nconst B: char = '\\'';"),
    ("src/domain/coupon.rs", "use super::id::CodeId; use crate::domain::stock;"),
    ("src/domain/coupon.rs", "#[derive(sqlx::Type, serde::Serialize)] struct A;"),
    ("src/domain/coupon.rs", "#[cfg(test)] mod tests { use proptest::prelude::*; }"),
    ("src/domain/coupon.rs", "mod inner { use super::super::stock; }"),
    ("src/domain/coupon.rs", "macro_rules! m { () => { $crate::store::X } }"),
    ("src/store/x.rs", "async fn f() { sqlx::query!(\"select 1\").execute(conn).await; }"),
    ("src/service/x.rs", "async fn f() { let mut tx = conn.begin().await; }"),
    ("src/platform/baidu/x.rs", "use crate::config::baidu::Baidu; use super::sign;"),
    ("src/api/x.rs", "use crate::store::{self, app::App}; fn f() { store::app::list(conn); }"),
    ("src/api/x.rs", "fn f() { request.uri().query(); }"),
    ("src/main.rs", "fn f() { std::env::vars_os(); kaquan::cli::run(); }"),
    ("src/service/x.rs", "fn f() { policy.allow(caller); }"),
];

fn rules_broken_by(path: &str, body: &str) -> BTreeSet<&'static str> {
    let text = format!("//! A sample.\n{body}\n");
    check(path, &text).into_iter().map(|found| found.rule).collect()
}

#[test]
fn each_bad_sample_breaks_its_rule() {
    for (path, body, rule) in BAD {
        let broken = rules_broken_by(path, body);
        assert!(broken.contains(rule), "{path}: {body}: {broken:?} instead of {rule}");
    }
}

#[test]
fn good_samples_break_no_rule() {
    for (path, body) in GOOD {
        assert_eq!(rules_broken_by(path, body), BTreeSet::new(), "{path}: {body}");
    }
}

#[test]
fn a_finding_names_file_line_and_reason() {
    let found =
        check("src/domain/x.rs", "//! A sample.\n\nuse crate::{\n    http,\n};\n").remove(0);

    assert_eq!(found.place, "src/domain/x.rs:4");
    assert!(found.detail.contains("`domain` must not use `http`: rules are pure"), "{found:?}");
}

#[test]
fn a_file_without_its_job_and_a_long_file_are_found() {
    let silent = check("src/service/x.rs", "use std::fmt;\n").remove(0);
    let long = check("src/service/x.rs", &"//! A sample.\n".repeat(401)).remove(0);

    assert_eq!(silent.rule, "a file opens with its job");
    assert_eq!(long.rule, "at most 400 lines, better below 300");
}

#[test]
fn every_rule_has_a_bad_sample() {
    let elsewhere = ["a file opens with its job", "at most 400 lines, better below 300"];
    let shown: BTreeSet<_> = BAD.iter().map(|(_, _, rule)| *rule).chain(elsewhere).collect();

    assert_eq!(shown, RULES.iter().map(|(rule, _)| *rule).collect());
}

#[test]
fn constraints_without_a_name_are_found() {
    for bad in [
        "create table a (a_id uuid primary key);",
        "create table a (b uuid unique);",
        "create table a (b uuid references b (b_id));",
        "create table a (b int check (b > 0));",
        "create table a (b int, primary key (b));",
        "create table a (b int, foreign key (b) references b (b_id));",
        "create index on a (b);",
        "CREATE TABLE a (b int UNIQUE);",
    ] {
        assert_eq!(unnamed(bad).len(), 1, "{bad}");
    }
    for good in [
        "create table a (a_id uuid constraint a_pkey primary key); -- unique",
        "create table a (b int, constraint a_b foreign key (b, c) references b (b, c));",
        "create table a (b uuid not null constraint a_b references b (b_id));",
        "create unique index a_once on a (b) where state = 'check (unique)';",
        "create index concurrently a_b on a (b);",
    ] {
        assert!(unnamed(good).is_empty(), "{good}");
    }
}

#[test]
fn settings_are_read_with_their_sentences() {
    let example =
        settings::example("# Top.\n\n[log]\n# What\n# to tell.\nfilter = 1\n#: file = 2\n");
    let code = settings::code(
        "log",
        "/// All.\npub struct Log {\n    /// What\n    /// to tell.\n    #[serde(x)]\n    pub filter: u8,\n}\n",
    );

    assert_eq!(example["log.filter"], "What to tell.");
    assert_eq!(example["log.file"], "");
    assert_eq!(
        code.into_iter().collect::<Vec<_>>(),
        [("log.filter".into(), "What to tell.".into())]
    );
}
