//! Asks a platform again how the review of a placement stands: its own word of that may never come.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::push_placement_update::owe_update;
use crate::store;

/// So many at a time.
pub const PORTION: i64 = 50;
/// How often each is asked for.
const PACE: TimeDelta = TimeDelta::minutes(10);

/// One portion of placements whose review is open; how many. An update that changes nothing only looks.
pub async fn look_at_reviews(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let open = {
        let mut conn = db.acquire().await?;
        store::upkeep::cards::list_unreviewed(&mut conn, now - PACE, PORTION).await?
    };
    for &placement in &open {
        let mut tx = store::begin(db).await?;
        if let Some(placement) = store::placement::lock(&mut tx, placement).await? {
            owe_update(&mut tx, now, &placement).await?;
        }
        tx.commit().await?;
    }
    Ok(i64::try_from(open.len()).unwrap_or(i64::MAX))
}
