//! Deliveries and attempts, put straight into the tables.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::domain::id::{AppId, DeliveryId};
use sqlx::PgPool;
use uuid::Uuid;

use super::plant::noon;

/// A delivery to plant; by default a pending sync of a coupon of its own, owed at noon and due since.
#[derive(Debug, Clone)]
pub struct Owed {
    pub app: AppId,
    pub kind: &'static str,
    pub state: &'static str,
    pub subject: Uuid,
    pub placement: Option<Uuid>,
    pub attempts: i32,
    pub doubt: bool,
    pub outage: bool,
    pub created_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// When it ended, if its state is an end.
    pub settled_at: DateTime<Utc>,
    pub note: Option<&'static str>,
}

impl Owed {
    pub fn to(app: AppId) -> Self {
        Self {
            app,
            kind: "sync",
            state: "pending",
            subject: Uuid::now_v7(),
            placement: None,
            attempts: 0,
            doubt: false,
            outage: false,
            created_at: noon(),
            due_at: noon(),
            settled_at: noon(),
            note: None,
        }
    }

    /// The same in another state.
    pub fn that_is(self, state: &'static str) -> Self {
        Self { state, ..self }
    }

    /// The same, owed so much later.
    pub fn later(self, by: TimeDelta) -> Self {
        let Self { created_at, due_at, settled_at, .. } = self;
        let (created_at, due_at) = (created_at + by, due_at + by);
        Self { created_at, due_at, settled_at: settled_at + by, ..self }
    }

    pub async fn plant(self, pool: &PgPool) -> DeliveryId {
        let id = DeliveryId::new(self.created_at);
        let leased = self.state == "leased";
        let settled = ["done", "dead", "cancelled"].contains(&self.state);
        sqlx::query(
            "insert into delivery (
                 delivery_id, app_id, kind, subject_id, placement_id, identity, state, attempts, doubt,
                 outage, leased_by, leased_until, due_at, created_at, settled_at, note
             )
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(id.uuid())
        .bind(self.app.uuid())
        .bind(self.kind)
        .bind(self.subject)
        .bind(self.placement)
        .bind(format!("record-{}", self.subject.simple()))
        .bind(self.state)
        .bind(self.attempts)
        .bind(self.doubt)
        .bind(self.outage)
        .bind(leased.then_some(1))
        .bind(leased.then_some(self.due_at + TimeDelta::minutes(1)))
        .bind(self.due_at)
        .bind(self.created_at)
        .bind(settled.then_some(self.settled_at))
        .bind(self.note)
        .execute(pool)
        .await
        .unwrap();
        id
    }
}

/// So many dead ones at once, all of them dead at noon.
pub async fn plant_dead_crowd(pool: &PgPool, app: AppId, number: i32) {
    sqlx::query(
        "insert into delivery (
             delivery_id, app_id, kind, subject_id, identity, state, attempts, due_at, created_at, settled_at
         )
         select gen_random_uuid(), $1, 'sync', gen_random_uuid(), n::text, 'dead', 1, $3, $3, $3
         from generate_series(1, $2) as n",
    )
    .bind(app.uuid())
    .bind(number)
    .bind(noon())
    .execute(pool)
    .await
    .unwrap();
}

/// An attempt that took 41 ms.
pub async fn plant_attempt(
    pool: &PgPool,
    delivery: DeliveryId,
    number: i32,
    outcome: &str,
    answer: Option<&str>,
) {
    sqlx::query(
        "insert into attempt (
             delivery_id, number, fence, instance, started_at, duration_ms, outcome, answer
         )
         values ($1, $2, $2, 1, $3, 41, $4, $5)",
    )
    .bind(delivery.uuid())
    .bind(number)
    .bind(noon() + TimeDelta::seconds(i64::from(number)))
    .bind(outcome)
    .bind(answer)
    .execute(pool)
    .await
    .unwrap();
}

/// Where a delivery is now: state, attempts, what they are counted from, when it is due, when it ended, and why not.
pub async fn look_at(pool: &PgPool, delivery: DeliveryId) -> Row {
    sqlx::query_as(
        "select state, attempts, retries_from, due_at, settled_at, note, outage
         from delivery where delivery_id = $1",
    )
    .bind(delivery.uuid())
    .fetch_one(pool)
    .await
    .unwrap()
}

#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    pub state: String,
    pub attempts: i32,
    pub retries_from: i32,
    pub due_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
    pub outage: bool,
}
