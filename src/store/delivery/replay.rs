//! Bringing deliveries back: dead ones because a person says so, late ones because their platform is back.
//!
//! Attempts keep their numbers; `retries_from` is where the count towards giving up begins again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    delivery::DeliveryKind,
    id::{AppId, DeliveryId},
};

/// Makes a dead delivery due; must be locked and dead. Why it died stays in its note until the next attempt.
pub async fn mark_replayed(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    delivery: DeliveryId,
) -> sqlx::Result<()> {
    let result = sqlx::query!(
        r#"
        update delivery
        set state = 'pending', due_at = least($2, clock_timestamp()), settled_at = null, outage = false,
            retries_from = attempts,
            -- Whoever replays what nobody could tell has looked, and has it begin anew.
            payload = case when payload->'unclear' = 'true' then '{}' else payload end
        where delivery_id = $1 and state = 'dead'
        "#,
        delivery as _,
        now,
    )
    .execute(conn)
    .await?;
    // Exactly one, or the caller did not look.
    if result.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Which of the dead are to be tried anew.
#[derive(Debug, Clone, Copy)]
pub struct Dead {
    /// Of this app only; `None` does not filter.
    pub app: Option<AppId>,
    /// Of this kind only; `None` does not filter.
    pub kind: Option<DeliveryKind>,
    /// Died at this moment or later.
    pub since: DateTime<Utc>,
}

/// How far the replay of many has come.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// How many are due now.
    pub replayed: i64,
    /// The position of the last of them; `None` when there were none.
    pub last: Option<i64>,
}

/// Makes a portion of the dead due, in their order and from behind `after` on.
///
/// By position, so that one that dies again at once is not met again.
pub async fn take_back(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    dead: Dead,
    after: i64,
    limit: i64,
) -> sqlx::Result<Portion> {
    sqlx::query_as!(
        Portion,
        r#"
        with wanted as (
            select delivery_id
            from delivery
            where state = 'dead'
                and settled_at >= $1
                and ($2::uuid is null or app_id = $2)
                and ($3::text is null or kind = $3)
                and position > $4
            order by position
            limit $5
            -- One that somebody else replays or cancels at this moment is theirs.
            for no key update skip locked
        ),
        replayed as (
            update delivery
            set state = 'pending', due_at = least($6, clock_timestamp()), settled_at = null, outage = false,
                retries_from = attempts
            from wanted
            where delivery.delivery_id = wanted.delivery_id
            returning position
        )
        select count(*) as "replayed!", max(position) as last
        from replayed
        "#,
        dead.since,
        dead.app as _,
        dead.kind as _,
        after,
        limit,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Makes a portion of those due that are late only because the platform was away; how many.
pub async fn bring_forward(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    limit: i64,
) -> sqlx::Result<u64> {
    let result = sqlx::query!(
        r#"
        with late as (
            select delivery_id
            from delivery
            where state = 'pending' and app_id = $1 and outage and due_at > $2
            order by due_at, position
            limit $3
            -- One that a worker leases at this moment is on its way already.
            for no key update skip locked
        )
        update delivery
        set due_at = least($2, clock_timestamp()), outage = false
        from late
        where delivery.delivery_id = late.delivery_id
        "#,
        app as _,
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected())
}
