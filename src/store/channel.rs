//! The channels to the apps: how fast each may be called, and whether at all.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::domain::{channel::Breaker, id::AppId};

/// One channel, and how much stands before it.
#[derive(Debug, Clone)]
pub struct Channel {
    /// To whom.
    pub app: AppId,
    /// The platform's public name of the app.
    pub app_key: String,
    /// The app's name, for people.
    pub name: String,
    /// How fast it may be called.
    pub rate: Rate,
    /// How many calls may be made at once now.
    pub tokens: f64,
    /// Since when no call is made, and why; `None` while calls are made.
    pub paused: Option<Pause>,
    /// Whether the platform is there.
    pub breaker: Breaker,
    /// What is owed.
    pub owed: Owed,
}

/// How fast an app may be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub calls_per_second: f64,
    /// At once, after a rest.
    pub burst: f64,
}

/// Why no call is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub at: DateTime<Utc>,
    /// For people.
    pub reason: String,
}

/// How many deliveries of an app are in which state. Those that are over are not counted: they are many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owed {
    /// For the platform to know their placement.
    pub waiting: i64,
    /// To be tried, now or later.
    pub pending: i64,
    /// Being tried.
    pub leased: i64,
    /// Left to a person.
    pub dead: i64,
    /// The earliest moment at which a pending one is or was due.
    pub oldest_due_at: Option<DateTime<Utc>>,
}

impl Owed {
    /// How late the oldest is at `now`; `None` when nothing is due.
    pub fn late(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.oldest_due_at.map(|due_at| now - due_at).filter(|late| *late >= TimeDelta::zero())
    }
}

/// Gives a channel to each app that has none yet: those that a server of before has added.
pub async fn insert_missing(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into channel (app_id, refilled_at)
        select app_id, $1
        from app
        where not exists (select from channel where channel.app_id = app.app_id)
        on conflict do nothing
        "#,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives an app its channel, with the usual rate.
pub async fn insert(conn: &mut PgConnection, now: DateTime<Utc>, app: AppId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into channel (app_id, refilled_at)
        values ($1, $2)
        "#,
        app as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The channel of one app, as it is at `now`.
pub async fn find(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
) -> sqlx::Result<Option<Channel>> {
    Ok(read(conn, now, Some(app)).await?.into_iter().next())
}

/// The channels of all apps, as they are at `now`; the app that was added first comes first.
pub async fn list(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<Channel>> {
    read(conn, now, None).await
}

async fn read(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: Option<AppId>,
) -> sqlx::Result<Vec<Channel>> {
    let rows = sqlx::query!(
        r#"
        -- Each state is counted from an index of its own, so that what is over costs nothing.
        with waiting as materialized (
            select app_id, count(*) as number
            from delivery
            where state = 'waiting' and ($2::uuid is null or app_id = $2)
            group by app_id
        ),
        leased as materialized (
            select app_id, count(*) as number
            from delivery
            where state = 'leased' and ($2::uuid is null or app_id = $2)
            group by app_id
        )
        select channel.app_id as "app: AppId", app.app_key, app.name, calls_per_second, burst,
            least(
                burst,
                tokens + calls_per_second
                    * greatest(0, extract(epoch from $1::timestamptz - refilled_at)::double precision)
            ) as "tokens!",
            paused_at, pause_reason, failures, open_until,
            coalesce(waiting.number, 0) as "waiting!",
            pending.number as "pending!",
            coalesce(leased.number, 0) as "leased!",
            dead.number as "dead!",
            pending.oldest_due_at as "oldest_due_at?"
        from channel
        join app on app.app_id = channel.app_id
        left join waiting on waiting.app_id = channel.app_id
        left join leased on leased.app_id = channel.app_id
        cross join lateral (
            select count(*) as number, min(due_at) as oldest_due_at
            from delivery
            where state = 'pending' and delivery.app_id = channel.app_id
        ) as pending
        cross join lateral (
            select count(*) as number
            from delivery
            where state = 'dead' and delivery.app_id = channel.app_id
        ) as dead
        where $2::uuid is null or channel.app_id = $2
        order by channel.app_id
        "#,
        now,
        app as _,
    )
    .fetch_all(conn)
    .await?;
    let channels = rows.into_iter().map(|row| Channel {
        app: row.app,
        app_key: row.app_key,
        name: row.name,
        rate: Rate { calls_per_second: row.calls_per_second, burst: row.burst },
        tokens: row.tokens,
        paused: row.paused_at.map(|at| Pause { at, reason: row.pause_reason.unwrap_or_default() }),
        breaker: Breaker { failures: row.failures, open_until: row.open_until },
        owed: Owed {
            waiting: row.waiting,
            pending: row.pending,
            leased: row.leased,
            dead: row.dead,
            oldest_due_at: row.oldest_due_at,
        },
    });
    Ok(channels.collect())
}

/// No call is made from now on; `false` when there is no such app. Paused again, it has a new reason and its old moment.
pub async fn pause(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    reason: &str,
) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        r#"
        update channel
        set paused_at = coalesce(paused_at, $2), pause_reason = $3
        where app_id = $1
        "#,
        app as _,
        now,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Calls are made again, and failures of before are forgotten; `false` when there is no such app.
pub async fn resume(conn: &mut PgConnection, app: AppId) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        r#"
        update channel
        set paused_at = null, pause_reason = null, failures = 0, open_until = null,
            probing_until = null
        where app_id = $1
        "#,
        app as _,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Sets the rate from now on, or the part of it that is given; `None` when there is no such app.
pub async fn set_rate(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    calls_per_second: Option<f64>,
    burst: Option<f64>,
) -> sqlx::Result<Option<Rate>> {
    sqlx::query_as!(
        Rate,
        r#"
        update channel
        set
            -- What was earned until now was earned at the old rate.
            tokens = least(
                coalesce($4, burst),
                burst,
                tokens + calls_per_second
                    * greatest(0, extract(epoch from $2::timestamptz - refilled_at)::double precision)
            ),
            refilled_at = greatest(refilled_at, $2),
            calls_per_second = coalesce($3, calls_per_second),
            burst = coalesce($4, burst)
        where app_id = $1
        returning calls_per_second, burst
        "#,
        app as _,
        now,
        calls_per_second,
        burst,
    )
    .fetch_optional(conn)
    .await
}
