//! A merchant whose books agree, for tests that make them disagree.

use kaquan::{
    ops::audit::{self, AuditScope, report::AuditReport},
    vault::Place,
};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{database::TestDatabase, plant::noon, vault::vault};

/// Looks at the promises about data, at `2026-11-11` as well.
pub async fn audit(db: &TestDatabase) -> AuditReport {
    audit::run(&db.pool, &vault(), noon(), AuditScope::DataOnly).await.unwrap()
}

/// Fills an empty database with a little of everything, all of it right at `2026-11-11`.
pub async fn plant_consistent(db: &PgPool) {
    let terms = format!("'{}'::jsonb", include_str!("../../fixtures/terms.json"));
    run(db, &include_str!("consistent.sql").replace("$terms", &terms)).await;
    let vault = vault();
    for (update, row, place) in SEALED {
        let id: Uuid =
            sqlx::query_scalar("select md5($1)::uuid").bind(row).fetch_one(db).await.unwrap();
        let sealed = vault.seal(place(id), "a secret").unwrap();
        sqlx::query(*update).bind(id).bind(sealed).execute(db).await.unwrap();
    }
    sum_up(db).await;
}

/// Makes the daily sums agree with the rows, whatever those have become.
pub async fn sum_up(db: &PgPool) {
    run(db, include_str!("resum.sql")).await;
}

type Sealed = (&'static str, &'static str, fn(Uuid) -> Place);

/// How a secret gets into the books, the name of its row, and its place.
const SEALED: &[Sealed] = &[
    ("update app set secret_sealed = $2 where app_id = $1", "baidu", Place::app_secret),
    ("update app set secret_sealed = $2 where app_id = $1", "own", Place::app_secret),
    (
        "update callback_token set secret_sealed = $2 where token_id = $1",
        "token",
        Place::callback_secret,
    ),
    (
        "update gateway_client set secret_sealed = $2 where client_id = $1",
        "zvcms",
        Place::gateway_secret,
    ),
    (
        "update gateway_client set secret_sealed = $2 where client_id = $1",
        "yoho",
        Place::gateway_secret,
    ),
    (
        "update gateway_client set salt_sealed = $2 where client_id = $1",
        "yoho",
        Place::gateway_salt,
    ),
    (
        "insert into platform_token (app_id, token_sealed) values ($1, $2)",
        "baidu",
        Place::platform_token,
    ),
];

/// Runs a script as it is.
pub async fn run(db: &PgPool, script: &str) {
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(db).await.unwrap();
}
