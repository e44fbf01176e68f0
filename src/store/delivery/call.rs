//! Leave for a call that belongs to no delivery: it comes out of the same bucket.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::domain::id::AppId;

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq)]
pub enum CallLeave {
    /// It may, and is counted.
    Granted,
    /// The app's rate stands in the way for so long.
    Later(TimeDelta),
    /// Somebody has stopped all calls.
    Paused(String),
    /// The platform was away, and is left alone until then.
    Resting(DateTime<Utc>),
    /// Without its secret no call can be made.
    NoSecret,
}

/// Takes one call out of the app's bucket, if its channel allows; `None` for an app that has no channel yet.
pub async fn take(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    app: AppId,
) -> sqlx::Result<Option<CallLeave>> {
    let row = sqlx::query!(
        r#"
        with clock as materialized (
            select coalesce($1::timestamptz, clock_timestamp()) as now
        ),
        standing as materialized (
            select
                channel.app_id,
                channel.paused_at,
                channel.pause_reason,
                channel.open_until,
                channel.calls_per_second,
                app.secret_sealed is not null as has_secret,
                least(
                    channel.burst,
                    channel.tokens
                        + greatest(0, extract(epoch from clock.now - channel.refilled_at)) * channel.calls_per_second
                ) as tokens
            from channel
            cross join clock
            join app on app.app_id = channel.app_id
            where channel.app_id = $2
            -- Leases of deliveries take from the same bucket.
            for no key update of channel
        ),
        spent as (
            update channel
            set tokens = standing.tokens - 1, refilled_at = clock.now
            from standing, clock
            where channel.app_id = standing.app_id
              and standing.has_secret
              and standing.paused_at is null
              and (standing.open_until is null or standing.open_until <= clock.now)
              and standing.tokens >= 1
            returning channel.app_id
        )
        select
            exists (select from spent) as "granted!",
            has_secret as "has_secret!",
            paused_at is not null as "paused!",
            pause_reason,
            case when open_until > clock.now then open_until end as resting_until,
            greatest(0, (1 - tokens) / calls_per_second) as "wait!"
        from standing, clock
        "#,
        now,
        app as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| match row.resting_until {
        _ if row.granted => CallLeave::Granted,
        _ if !row.has_secret => CallLeave::NoSecret,
        _ if row.paused => CallLeave::Paused(row.pause_reason.unwrap_or_default()),
        Some(until) => CallLeave::Resting(until),
        #[expect(clippy::cast_possible_truncation, reason = "at most some minutes")]
        None => CallLeave::Later(TimeDelta::milliseconds((row.wait * 1000.0).ceil() as i64)),
    }))
}
