//! A fresh, migrated database for each test, copied from a template that is made once per set of migrations.

use std::{
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Everything the tests of one run share; any number will do that nobody else uses.
const LOCK: i64 = 0x6b61_7175_616e;

/// One test's own database.
pub struct TestDatabase {
    pub options: PgConnectOptions,
    pub pool: PgPool,
}

impl TestDatabase {
    pub async fn new() -> Self {
        let template = TEMPLATE.get_or_init(make_template).await;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{number}", std::process::id());
        let mut admin = PgConnection::connect_with(&server()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!(
            "create database {name} template {template} strategy file_copy"
        )))
        .execute(&mut admin)
        .await
        .unwrap();
        let options = server().database(&name);
        let pool =
            PgPoolOptions::new().max_connections(8).connect_with(options.clone()).await.unwrap();
        Self { options, pool }
    }
}

/// The server that `make test` started.
pub fn server() -> PgConnectOptions {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment")]
    let url = std::env::var("DATABASE_URL").expect("run the tests with `make test`");
    PgConnectOptions::from_str(&url).unwrap()
}

async fn make_template() -> String {
    let migrator = kaquan::store::MIGRATOR.iter();
    let sum = migrator
        .flat_map(|one| one.checksum.iter())
        .fold(0u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(*byte)));
    let name = format!("template_{sum:016x}");
    let mut admin = PgConnection::connect_with(&server()).await.unwrap();
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut admin).await.unwrap();
    let made: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .unwrap();
    if !made {
        let draft = format!("{name}_draft");
        for statement in
            [format!("drop database if exists {draft}"), format!("create database {draft}")]
        {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
        }
        let mut conn = PgConnection::connect_with(&server().database(&draft)).await.unwrap();
        kaquan::store::MIGRATOR.run(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        // The name is given last, so that a template is whole or not there.
        sqlx::raw_sql(AssertSqlSafe(format!("alter database {draft} rename to {name}")))
            .execute(&mut admin)
            .await
            .unwrap();
    }
    admin.close().await.unwrap();
    name
}
