//! Adds the notes that were left in passing to the daily sums, so that nobody who is busy waits for a busy sum.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::MissedTickBehavior;

use crate::store;

/// How many notes one transaction folds.
const PORTION: i64 = 5000;
/// How often it is done; the sums that are read include the notes that still lie there.
const PAUSE: Duration = Duration::from_secs(1);

/// Folds until fewer notes than a portion were left; how many it took.
pub async fn fold_tally(db: &PgPool) -> sqlx::Result<i64> {
    let mut taken = 0;
    loop {
        let portion = store::tally::fold(&mut *db.acquire().await?, PORTION).await?;
        taken += portion;
        if portion < PORTION {
            return Ok(taken);
        }
    }
}

/// Folds from time to time for as long as the server runs.
pub async fn keep_folding(db: PgPool) {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = fold_tally(&db).await {
            tracing::warn!(error = %error, "Cannot fold the daily sums; they grow longer to read");
        }
    }
}
