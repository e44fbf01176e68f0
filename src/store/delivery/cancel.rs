//! Giving a delivery up.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::DeliveryId;

/// Gives a delivery up; must be locked and neither leased nor done.
pub async fn mark_cancelled(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    delivery: DeliveryId,
) -> sqlx::Result<()> {
    let result = sqlx::query!(
        r#"
        update delivery
        set state = 'cancelled', settled_at = $2
        where delivery_id = $1 and state in ('waiting', 'pending', 'dead')
        "#,
        delivery as _,
        now,
    )
    .execute(conn)
    .await?;
    if result.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
