//! What platforms pushed, on its way to becoming coupons.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::id::AppId;

/// A push that is still to be applied.
#[derive(Debug, Clone)]
pub struct Push {
    /// Ours.
    pub id: Uuid,
    /// Whose account it came to.
    pub app: AppId,
    /// What it says, in our words; none where it concerns no coupon.
    pub event: Option<Value>,
    /// How often it was tried in vain.
    pub attempts: i32,
}

/// What becomes of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushState {
    /// It is part of what is known.
    Applied,
    /// It is about no coupon.
    Ignored,
    /// Nobody could make anything of it: a person has to look.
    Failed,
}

/// How much waits, and since when.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// How many, counted up to a hundred thousand.
    pub pushes: i64,
    /// When the first of them came.
    pub oldest: Option<DateTime<Utc>>,
}

/// Those that are due, the first ones first; nothing is locked.
pub async fn list_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<Vec<Push>> {
    sqlx::query_as!(
        Push,
        r#"
        select push_id as id, app_id as "app: AppId", event, attempts
        from card_push
        where state = 'pending' and due_at <= $1
        order by due_at, position
        limit $2
        "#,
        now,
        most,
    )
    .fetch_all(conn)
    .await
}

/// Those of some that are still to be applied and that nobody else is applying; they are ours until the transaction ends.
pub async fn keep(conn: &mut PgConnection, pushes: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"
        select push_id
        from card_push
        where push_id = any($1) and state = 'pending'
        order by position
        for no key update skip locked
        "#,
        pushes,
    )
    .fetch_all(conn)
    .await
}

/// Nothing more is to be done about these.
pub async fn settle(
    conn: &mut PgConnection,
    pushes: &[Uuid],
    state: PushState,
    note: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update card_push
        set state = $2, note = $3
        where push_id = any($1) and state = 'pending'
        "#,
        pushes,
        state.as_str(),
        note,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// To be tried again then; `is_vain` when it is this push that is in the way, and not the state of the house.
pub async fn put_off(
    conn: &mut PgConnection,
    push: Uuid,
    due_at: DateTime<Utc>,
    note: &str,
    is_vain: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update card_push
        set due_at = $2, note = $3, attempts = attempts + case when $4 then 1 else 0 end
        where push_id = $1 and state = 'pending'
        "#,
        push,
        due_at,
        note,
        is_vain,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lays these aside, which are about something that the app does not know by this id, until it does. Whether it does is
/// asked once more: somebody may be writing the id down at this moment.
///
/// To be called in a transaction of its own.
pub async fn lay_aside(
    conn: &mut PgConnection,
    (app, card_ref): (AppId, &str),
    pushes: &[Uuid],
) -> sqlx::Result<()> {
    wait_for_name(conn, app, card_ref).await?;
    sqlx::query!(
        r#"
        update card_push
        set state = 'foreign'
        where push_id = any($3) and state = 'pending'
            and not exists (select from placement where app_id = $1 and platform_ref = $2)
        "#,
        app as _,
        card_ref,
        pushes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was laid aside because nobody knew what the id stands for is due. To be called in the transaction in which the id
/// is written down.
pub async fn rearm_foreign(
    conn: &mut PgConnection,
    app: AppId,
    card_ref: &str,
) -> sqlx::Result<u64> {
    wait_for_name(conn, app, card_ref).await?;
    let armed = sqlx::query!(
        r#"
        update card_push
        set state = 'pending', attempts = 0, note = null
        where app_id = $1 and card_ref = $2 and state = 'foreign'
        "#,
        app as _,
        card_ref,
    )
    .execute(conn)
    .await?;
    Ok(armed.rows_affected())
}

/// How much waits.
pub async fn backlog(conn: &mut PgConnection) -> sqlx::Result<Backlog> {
    sqlx::query_as!(
        Backlog,
        r#"
        select count(*) as "pushes!", min(received_at) as oldest
        from (
            select received_at
            from card_push
            where state = 'pending'
            order by due_at, position
            limit 100000
        ) as pending
        "#,
    )
    .fetch_one(conn)
    .await
}

/// One after the other: whoever writes down what an id stands for, and whoever finds that it stands for nothing.
async fn wait_for_name(conn: &mut PgConnection, app: AppId, card_ref: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended('card/' || $1::uuid || '/' || $2::text, 0))"#,
        app as _,
        card_ref,
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl PushState {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
        }
    }
}
