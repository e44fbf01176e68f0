//! What waited for the platform to know its placement.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::PlacementId;

/// Makes due what waited for the placement, which must be locked, and wakes the workers; says how much there was.
pub async fn release(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> sqlx::Result<i64> {
    let released = sqlx::query!(
        r#"
        with released as (
            update delivery
            set state = 'pending', due_at = $2
            where placement_id = $1 and state = 'waiting'
            returning delivery_id
        )
        select
            count(*) as "count!",
            -- The trigger that wakes them sees new rows only.
            (select pg_notify('kaquan_delivery', '')::text where exists (select from released)) as "woken?"
        from released
        "#,
        placement as _,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(released.count)
}
