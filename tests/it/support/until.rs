//! Waiting for what nobody announces: looking again every few milliseconds, for a limited time.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::MissedTickBehavior;

/// Longer than anything takes on a machine with much else to do.
const DEADLINE: Duration = Duration::from_mins(2);

/// Looks until it holds.
pub async fn until(what: &str, holds: impl AsyncFnMut() -> bool) {
    until_within(DEADLINE, what, holds).await;
}

/// The same where it has to hold soon.
pub async fn until_within(deadline: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looking = async {
        while !holds().await {
            looks.tick().await;
        }
    };
    tokio::time::timeout(deadline, looking).await.expect(what);
}

/// Asks the database until the answer is yes.
pub async fn until_true(pool: &PgPool, question: &'static str) {
    until(question, async || sqlx::query_scalar(question).fetch_one(pool).await.unwrap()).await;
}
