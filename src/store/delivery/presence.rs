//! Workers that live, and what dead ones leave behind.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::delivery::MOST_ATTEMPTS;

/// The first half of the advisory locks by which workers show that they live; the second is their number.
const LIFE: i32 = 0x6b71_646c;

/// Registers a worker, for as long as this connection lives, and forgets those of more than a month ago.
pub async fn register(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        r#"
        with new as (
            insert into delivery_instance (started_at) values ($1) returning instance_id
        ),
        forgotten as (
            delete from delivery_instance
            where started_at < $1 - interval '30 days'
              -- What still holds something is named there until that is taken over.
              and not exists (
                  select
                  from delivery
                  where delivery.state = 'leased' and delivery.leased_by = delivery_instance.instance_id
              )
        )
        select instance_id as "instance!"
        from new, pg_advisory_lock($2, instance_id)
        "#,
        now,
        LIFE,
    )
    .fetch_one(conn)
    .await
}

/// Takes back what workers hold that are gone, and what was held for too long; how many.
pub async fn rescue(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    instance: i32,
) -> sqlx::Result<i64> {
    sqlx::query_file_scalar!(
        "src/store/sql/rescue_deliveries.sql",
        now,
        i64::from(LIFE),
        instance,
        MOST_ATTEMPTS
    )
    .fetch_one(conn)
    .await
}
