//! What is known about one delivery: each attempt, and what holds it back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    delivery::{AttemptOutcome, DeliveryKind, DeliveryState},
    id::{AppId, DeliveryId},
};

/// One try and what came of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// From one on.
    pub number: i32,
    /// When the platform was asked.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the platform said, secrets masked; somebody else's text.
    pub answer: Option<String>,
    /// What we made of it.
    pub note: Option<String>,
}

/// An earlier delivery of the same order, which has to be settled first.
#[derive(Debug, Clone, Copy)]
pub struct Blocker {
    /// Ours.
    pub id: DeliveryId,
    /// What it owes.
    pub kind: DeliveryKind,
    /// Where it is: a dead one waits for a person.
    pub state: DeliveryState,
}

/// All attempts, the first one first.
pub async fn list_attempts(
    conn: &mut PgConnection,
    delivery: DeliveryId,
) -> sqlx::Result<Vec<Attempt>> {
    sqlx::query_as!(
        Attempt,
        r#"
        select number, started_at, duration_ms, outcome as "outcome: AttemptOutcome", answer, note
        from attempt
        where delivery_id = $1
        order by number
        "#,
        delivery as _,
    )
    .fetch_all(conn)
    .await
}

/// The first that is still owed of those before it in its order; `None` when it may go, or is settled.
pub async fn find_blocker(
    conn: &mut PgConnection,
    delivery: DeliveryId,
) -> sqlx::Result<Option<Blocker>> {
    sqlx::query_as!(
        Blocker,
        r#"
        select earlier.delivery_id as "id: DeliveryId", earlier.kind as "kind: DeliveryKind",
            earlier.state as "state: DeliveryState"
        from delivery as held
        join delivery as earlier on earlier.subject_id = held.subject_id
        where held.delivery_id = $1
            and held.state in ('waiting', 'pending')
            and earlier.position < held.position
            and earlier.state not in ('done', 'cancelled')
        order by earlier.position
        limit 1
        "#,
        delivery as _,
    )
    .fetch_optional(conn)
    .await
}

/// Whose a delivery is and where it is in its life, kept from changing until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    delivery: DeliveryId,
) -> sqlx::Result<Option<(AppId, DeliveryKind, DeliveryState)>> {
    let row = sqlx::query!(
        r#"
        select app_id as "app: AppId", kind as "kind: DeliveryKind", state as "state: DeliveryState"
        from delivery
        where delivery_id = $1
        for no key update
        "#,
        delivery as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.app, row.kind, row.state)))
}
