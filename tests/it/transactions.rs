//! Transactions of callers who go away.

use std::task::Poll;

use futures_util::future::poll_fn;
use kaquan::store;
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::support::{database::TestDatabase, until::until};

/// Begins one and gives it up after so many polls; whether it had begun by then.
async fn give_up_after(polls: usize, db: &PgPool) -> bool {
    until("the connection is back", async || db.num_idle() == 1).await;
    let mut beginning = Box::pin(store::begin(db));
    for _ in 0..polls {
        if poll_fn(|context| Poll::Ready(beginning.as_mut().poll(context))).await.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn whoever_goes_away_while_a_transaction_begins_leaves_none_open() {
    let database = TestDatabase::new().await;
    // With a single connection, the next one who writes is the one who would write in vain.
    let one = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let pool = one.connect_with(database.options.clone()).await.unwrap();
    sqlx::query("create table written (number bigint)").execute(&pool).await.unwrap();

    let mut polls = 0;
    while !give_up_after(polls, &pool).await {
        sqlx::query("insert into written select count(*) from written")
            .execute(&pool)
            .await
            .unwrap();
        polls += 1;
    }
    pool.close().await;

    let left: i64 =
        sqlx::query_scalar("select count(*) from written").fetch_one(&database.pool).await.unwrap();
    assert!(polls > 1, "it was never given up half-way");
    assert_eq!(left, i64::try_from(polls).unwrap());
}
