//! How Postgres carries out the statements of a use: index by index, also where it planned them on empty tables.

use kaquan::store;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::support::{database::TestDatabase, plans::USES};

async fn read_whole(options: &PgConnectOptions, name: &str) -> Vec<String> {
    let mut conn = PgConnection::connect_with(options).await.unwrap();
    let statement = USES.iter().find(|statement| statement.name == name).unwrap();
    statement.prepare(&mut conn).await;
    let ways = statement.ways(&mut conn).await;
    assert!(ways.iter().any(|way| way.starts_with("coupon by coupon_pkey")), "{ways:?}");
    ways.into_iter().filter(|way| way.ends_with("Seq Scan")).collect()
}

#[tokio::test]
async fn a_use_that_was_planned_on_empty_tables_reads_none_of_them_whole() {
    let database = TestDatabase::new().await;
    let tills = store::planned_once(database.options.clone());

    for statement in USES {
        assert_eq!(read_whole(&tills, statement.name).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_coupon_is_found_by_its_indexes_on_any_connection() {
    let database = TestDatabase::new().await;
    let plain = database.options.clone().options([("plan_cache_mode", "force_generic_plan")]);

    assert_eq!(read_whole(&plain, "find_lives").await, Vec::<String>::new());
}
