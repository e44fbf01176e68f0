//! Adds the notes that were left in passing to the daily sums, so that nobody who is busy waits for a busy sum.
//! The sums that are read include the notes that still lie there.

use sqlx::PgPool;

use crate::store;

/// How many notes one transaction folds.
const PORTION: i64 = 5000;

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
