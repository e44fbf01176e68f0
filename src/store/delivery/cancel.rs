//! Giving a delivery up.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::DeliveryId;

/// Gives a delivery up, so that those behind it are due; `false` when a worker holds it, or when it is settled otherwise.
pub async fn mark_cancelled(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    delivery: DeliveryId,
) -> sqlx::Result<bool> {
    let cancelled = sqlx::query_scalar!(
        r#"
        with cancelled as (
            update delivery
            set state = 'cancelled', settled_at = $2
            where delivery_id = $1 and state in ('waiting', 'pending', 'dead')
            returning delivery_id, subject_id, position
        ),
        followers as (
            -- They waited for it, and have to wait no longer.
            update delivery
            set due_at = $2
            from cancelled
            where delivery.subject_id = cancelled.subject_id
              and delivery.position > cancelled.position
              and delivery.state = 'pending'
              and delivery.due_at > $2
        )
        select delivery_id from cancelled
        "#,
        delivery as _,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(cancelled.is_some())
}
