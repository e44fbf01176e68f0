//! Settling: what came of attempts, said by whoever holds the lease.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    delivery::{AttemptOutcome, Verdict},
    id::DeliveryId,
};

/// What came of one attempt.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Of which delivery.
    pub id: DeliveryId,
    /// As the lease had it.
    pub fence: i64,
    /// The worker that tried.
    pub instance: i32,
    /// What becomes of it.
    pub verdict: Verdict,
    /// For the books.
    pub outcome: AttemptOutcome,
    /// Whether it counts as an attempt.
    pub counts: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: i32,
    /// What the platform said, secrets masked, at most 4 KiB.
    pub answer: Option<String>,
    /// What we make of it, for people.
    pub note: Option<String>,
}

impl Settlement {
    fn state(&self) -> &'static str {
        match self.verdict {
            Verdict::Done { .. } => "done",
            Verdict::Again { .. } => "pending",
            Verdict::Dead => "dead",
        }
    }

    fn after_ms(&self) -> i64 {
        match self.verdict {
            Verdict::Again { after, .. } => after.num_milliseconds(),
            Verdict::Done { .. } | Verdict::Dead => 0,
        }
    }
}

/// Settles what is still leased under the fence that is named; the ids of those. The rest was taken over by others.
pub async fn settle(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    said: &[Settlement],
) -> sqlx::Result<Vec<DeliveryId>> {
    fn column<'a, V>(said: &'a [Settlement], value: impl FnMut(&'a Settlement) -> V) -> Vec<V> {
        said.iter().map(value).collect()
    }
    let rows = sqlx::query_file!(
        "src/store/sql/settle_deliveries.sql",
        now,
        &column(said, |s| s.instance),
        &column(said, |s| s.id.uuid()),
        &column(said, |s| s.fence),
        &column(said, Settlement::state) as _,
        &column(said, |s| s.counts),
        &column(said, Settlement::after_ms),
        &column(said, |s| matches!(s.verdict, Verdict::Again { outage: true, .. })),
        &column(said, |s| s.verdict == Verdict::Done { presumed: true }),
        &column(said, |s| s.outcome.as_str()) as _,
        &column(said, |s| s.started_at),
        &column(said, |s| s.duration_ms),
        &column(said, |s| s.answer.as_deref()) as _,
        &column(said, |s| s.note.as_deref()) as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.delivery_id).collect())
}
