//! Leasing: which deliveries are due, and what the worker needs to know to pay them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

use crate::domain::id::{AppId, DeliveryId, PlacementId};

/// The statement, so that a test can look at its plan.
pub const LEASE: &str = include_str!("../sql/lease_deliveries.sql");

/// A delivery that is ours until the lease runs out.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Which.
    pub id: DeliveryId,
    /// As the row has it; a worker that is older than the row may not know it.
    pub kind: String,
    /// The coupon, placement, banner or addition.
    pub subject: Uuid,
    /// The placement it is about.
    pub placement: Option<PlacementId>,
    /// To be sent with every attempt.
    pub identity: String,
    /// What cannot be read from the rows of the subject.
    pub payload: Value,
    /// How many attempts were made before.
    pub attempts: i32,
    /// How many of them an operator's replay has forgiven.
    pub retries_from: i32,
    /// Whether one of them may have taken effect although we never heard so.
    pub doubt: bool,
    /// To be named when it is settled.
    pub fence: i64,
    /// The platform's id of the placement.
    pub platform_ref: Option<String>,
    /// The settings of the placement, which only its platform's room understands.
    pub settings: Value,
    /// For those about a coupon.
    pub letter: Option<Letter>,
}

/// A coupon as the platform is told of it.
#[derive(Clone)]
pub struct Letter {
    /// The act of claiming.
    pub record: String,
    /// Whose it is.
    pub open_id: String,
    /// What the holder shows.
    pub code: String,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
}

/// A letter holds a code and an open id, so logs see its record only.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({})", self.record)
    }
}

/// How a channel stood when something was leased from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// In the bucket, before this lease.
    pub tokens: f64,
    /// In a row.
    pub failures: i32,
    /// Of the app, so that a changed secret or address is noticed.
    pub app_version: i32,
}

/// What a lease asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Of which app.
    pub app: AppId,
    /// At most so many.
    pub limit: i64,
    /// The worker.
    pub instance: i32,
    /// For so long.
    pub lease: std::time::Duration,
    /// Failures in a row from which on the channel is on probation.
    pub trips_at: i32,
}

/// The apps that have something due, as far as their channels allow.
pub async fn list_ready(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    trips_at: i32,
) -> sqlx::Result<Vec<AppId>> {
    sqlx::query_scalar!(
        r#"
        select channel.app_id as "app: AppId"
        from channel
        join app on app.app_id = channel.app_id
        cross join (select coalesce($1::timestamptz, clock_timestamp()) as now) as clock
        where channel.paused_at is null
          and (channel.open_until is null or channel.open_until <= clock.now)
          and (
              channel.failures < $2
              or channel.probing_until is null
              or channel.probing_until <= clock.now
          )
          and app.secret_sealed is not null
          and exists (
              select
              from delivery
              where delivery.app_id = channel.app_id
                and delivery.state = 'pending'
                and delivery.due_at <= clock.now
          )
        order by channel.app_id
        "#,
        now,
        trips_at,
    )
    .fetch_all(conn)
    .await
}

/// Leases what is due; `None` when the channel is paused or open.
pub async fn lease(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    ask: Ask,
) -> sqlx::Result<Option<(Standing, Vec<Leased>)>> {
    let rows = sqlx::query_file!(
        "src/store/sql/lease_deliveries.sql",
        now,
        ask.app as _,
        ask.limit,
        ask.trips_at,
        ask.instance,
        interval(ask.lease),
    )
    .fetch_all(conn)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let standing =
        Standing { tokens: first.tokens, failures: first.failures, app_version: first.version };
    let leased = rows.into_iter().filter_map(|row| {
        let letter = Letter {
            record: row.record.unwrap_or_default(),
            open_id: row.open_id.unwrap_or_default(),
            code: row.code.unwrap_or_default(),
            valid_from: row.valid_from.unwrap_or_default(),
            valid_until: row.valid_until.unwrap_or_default(),
        };
        let whole = !letter.record.is_empty() && !letter.open_id.is_empty();
        Some(Leased {
            id: row.delivery_id?,
            kind: row.kind?,
            subject: row.subject_id?,
            placement: row.placement_id,
            identity: row.identity?,
            payload: row.payload?,
            attempts: row.attempts?,
            retries_from: row.retries_from?,
            doubt: row.doubt?,
            fence: row.fence?,
            platform_ref: row.platform_ref,
            settings: row.settings.unwrap_or_default(),
            letter: whole.then_some(letter),
        })
    });
    Ok(Some((standing, leased.collect())))
}

pub(in crate::store) fn interval(span: std::time::Duration) -> PgInterval {
    let microseconds = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
