//! A merchant whose books agree, for tests that make them disagree.

use sqlx::{AssertSqlSafe, PgPool};

/// Fills an empty database with a little of everything, all of it right at `2026-11-11`.
pub async fn plant_consistent(db: &PgPool) {
    let terms = format!("'{}'::jsonb", include_str!("../../fixtures/terms.json"));
    run(db, &include_str!("consistent.sql").replace("$terms", &terms)).await;
}

/// Runs a script as it is.
pub async fn run(db: &PgPool, script: &str) {
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(db).await.unwrap();
}
