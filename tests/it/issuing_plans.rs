//! How Postgres carries out the engine's statements: index by index, whatever it knows about the tables.

use std::collections::BTreeSet;

use sqlx::{Connection as _, PgConnection};

use crate::support::{
    database::TestDatabase,
    engine::{Said, TestEngine},
    plans::{STATEMENTS, run},
    plant::{Campaign, terms},
    volume::{analyze, fill, stop_watching},
};

/// What a session is set to before it plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planner {
    /// As Postgres comes; one plan per statement, as the engine's connections settle for.
    Plain,
    /// As the engine sets it.
    Engine,
}

/// A session with all statements prepared.
async fn session(database: &TestDatabase, planner: Planner) -> PgConnection {
    let settings = match planner {
        Planner::Plain => vec![("plan_cache_mode".to_owned(), "force_generic_plan".to_owned())],
        Planner::Engine => engine_settings().await,
    };
    let mut conn = PgConnection::connect_with(&database.options).await.unwrap();
    for (name, value) in settings {
        run(&mut conn, format!("set {name} = '{value}'")).await;
    }
    for statement in STATEMENTS {
        statement.prepare(&mut conn).await;
    }
    conn
}

/// What the engine tells Postgres about planning, as one of its own sessions sees it.
async fn engine_settings() -> Vec<(String, String)> {
    let database = TestDatabase::new().await;
    sqlx::raw_sql(
        "create table seen (name text, setting text);
         create function look() returns trigger language plpgsql as $$ begin
             insert into seen
             select name, setting from pg_settings where source = 'client' and category like 'Query Tuning%';
             return new;
         end $$;
         create trigger look before insert on coupon for each row execute function look()",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let campaign = Campaign::plant(&database.pool, &terms(), 1).await;
    let engine = TestEngine::start(&database.options);
    engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
    let seen: Vec<(String, String)> =
        sqlx::query_as("select name, setting from seen").fetch_all(&database.pool).await.unwrap();
    assert!(
        seen.iter().any(|(name, value)| name == "plan_cache_mode" && value == "force_generic_plan")
    );
    seen
}

/// Compares all plans with what is wanted; `may_differ` names a statement whose plan does not matter.
async fn check(conn: &mut PgConnection, may_differ: Option<&str>) {
    let mut wrong = Vec::new();
    for statement in STATEMENTS {
        let ways = statement.ways(conn).await;
        let found: BTreeSet<_> = ways.iter().map(String::as_str).collect();
        let right = found == statement.ways.iter().copied().collect::<BTreeSet<_>>();
        // Servers, and operators, that lock in one order never wait for each other in a circle.
        let locks_parents_first = statement.name != "lock_offers"
            || ["template ", "placement ", "stock "]
                .iter()
                .zip(&ways)
                .all(|(table, way)| way.starts_with(table));
        if !(right && locks_parents_first) && may_differ != Some(statement.name) {
            wrong.push(format!("{}: {ways:?}", statement.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_look_up_goes_by_its_index_on_empty_tables() {
    let database = TestDatabase::new().await;
    stop_watching(&database.pool).await;

    check(&mut session(&database, Planner::Plain).await, Some("write_batch")).await;
    check(&mut session(&database, Planner::Engine).await, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_look_up_goes_by_its_index_on_full_tables_before_and_after_they_are_analyzed() {
    let database = TestDatabase::new().await;
    stop_watching(&database.pool).await;

    fill(&database.pool).await;
    check(&mut session(&database, Planner::Plain).await, None).await;
    check(&mut session(&database, Planner::Engine).await, None).await;

    analyze(&database.pool).await;
    // Known to have a few pages, the table of stock is read whole by a planner that is free to.
    check(&mut session(&database, Planner::Plain).await, Some("write_batch")).await;
    check(&mut session(&database, Planner::Engine).await, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_look_up_goes_by_its_index_on_full_tables_that_were_analyzed_when_they_were_empty() {
    let database = TestDatabase::new().await;
    stop_watching(&database.pool).await;
    analyze(&database.pool).await;
    let mut old = session(&database, Planner::Engine).await;
    check(&mut old, None).await;

    fill(&database.pool).await;

    // This one made its plans when it could believe that the tables stay empty.
    check(&mut old, None).await;
    check(&mut session(&database, Planner::Plain).await, None).await;
    check(&mut session(&database, Planner::Engine).await, None).await;
}
