//! Makes due what is late only because a platform was away.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{domain::id::AppId, store};

/// So many at a time, so that workers can begin with the first of them.
const PORTION: i64 = 2000;

/// Makes all of it due, and wakes the workers for each portion; how many.
pub async fn end_outage(db: &PgPool, now: DateTime<Utc>, app: AppId) -> sqlx::Result<u64> {
    let mut due = 0;
    loop {
        let mut tx = store::begin(db).await?;
        let some = store::delivery::replay::bring_forward(&mut tx, now, app, PORTION).await?;
        if some == 0 {
            return Ok(due);
        }
        store::delivery::wake::wake_workers(&mut tx).await?;
        tx.commit().await?;
        due += some;
    }
}
