//! Access tokens and their like, one of each purpose for each app, shared by all servers; and who may fetch the next one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::delivery::lease::interval;
use crate::domain::id::AppId;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Purpose {
    /// Goes with every call.
    Access,
    /// Signs what front ends show, so that people may take cards.
    CardTicket,
}

/// The token as it is stored.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// Sealed; `None` until the first one was fetched, and after it was dropped.
    pub sealed: Option<Vec<u8>>,
    /// From here on the platform no longer takes it.
    pub expires_at: Option<DateTime<Utc>>,
    /// From here on a new one is fetched.
    pub refresh_at: Option<DateTime<Utc>>,
    /// Which token it is.
    pub generation: i64,
    /// The database's time.
    pub database_now: DateTime<Utc>,
}

/// The token of an app, if there ever was one.
pub async fn find(
    conn: &mut PgConnection,
    app: AppId,
    purpose: Purpose,
) -> sqlx::Result<Option<StoredToken>> {
    sqlx::query_as!(
        StoredToken,
        r#"
        select token_sealed as sealed, expires_at, refresh_at, generation, clock_timestamp() as "database_now!"
        from platform_token
        where app_id = $1 and purpose = $2
        "#,
        app as _,
        purpose as _,
    )
    .fetch_optional(conn)
    .await
}

/// Asks to be the one who fetches the successor of `generation`; the fence to name, or `None` while somebody else
/// does, or when there is a successor already.
pub async fn lease_refresh(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    (app, purpose): (AppId, Purpose),
    generation: i64,
    patience: std::time::Duration,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"
        insert into platform_token (app_id, purpose, refresh_fence, refreshing_until)
        select $1, $5, 1, coalesce($3::timestamptz, clock_timestamp()) + $4::interval
        where $2::bigint = 0 or exists (select from platform_token where app_id = $1 and purpose = $5)
        on conflict on constraint platform_token_pkey do update
        set refresh_fence = platform_token.refresh_fence + 1,
            refreshing_until = coalesce($3::timestamptz, clock_timestamp()) + $4::interval
        where platform_token.generation = $2
          and (
              platform_token.refreshing_until is null
              or platform_token.refreshing_until <= coalesce($3::timestamptz, clock_timestamp())
          )
        returning refresh_fence
        "#,
        app as _,
        generation,
        now,
        interval(patience),
        purpose as _,
    )
    .fetch_optional(conn)
    .await
}

/// How often a platform may be made to end a token that it would grant again.
#[derive(Debug, Clone, Copy)]
pub struct Forcing {
    /// So many times a day in China.
    pub most: i32,
    /// So far apart.
    pub apart: std::time::Duration,
}

/// Asks for leave to do so, and counts it; `false` where that was done just now, or often enough today.
pub async fn take_force(
    conn: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    (app, purpose): (AppId, Purpose),
    forcing: Forcing,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update platform_token
        set forced_at = at.now,
            forced_count = case when forced_day = at.day then forced_count else 0 end + 1,
            forced_day = at.day
        from (
            select now, (now at time zone 'Asia/Shanghai')::date as day
            from (select coalesce($3::timestamptz, clock_timestamp()) as now) as clock
        ) as at
        where app_id = $1
          and purpose = $2
          and (forced_at is null or forced_at <= at.now - $4::interval)
          and (forced_day is distinct from at.day or forced_count < $5)
        "#,
        app as _,
        purpose as _,
        now,
        interval(forcing.apart),
        forcing.most,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A token that was just fetched.
#[derive(Debug)]
pub struct FetchedToken {
    /// Sealed.
    pub sealed: Vec<u8>,
    /// From here on the platform no longer takes it.
    pub expires_at: DateTime<Utc>,
    /// From here on the next one is fetched.
    pub refresh_at: DateTime<Utc>,
}

/// Stores it; its generation, or `None` when the lease was lost to somebody else.
pub async fn store(
    conn: &mut PgConnection,
    (app, purpose): (AppId, Purpose),
    fence: i64,
    token: &FetchedToken,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"
        update platform_token
        set token_sealed = $3,
            expires_at = $4,
            refresh_at = $5,
            generation = generation + 1,
            refreshing_until = null
        where app_id = $1 and purpose = $6 and refresh_fence = $2
        returning generation
        "#,
        app as _,
        fence,
        token.sealed,
        token.expires_at,
        token.refresh_at,
        purpose as _,
    )
    .fetch_optional(conn)
    .await
}

/// Lets others try, after fetching failed.
pub async fn release_refresh(
    conn: &mut PgConnection,
    (app, purpose): (AppId, Purpose),
    fence: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update platform_token
        set refreshing_until = null
        where app_id = $1 and purpose = $3 and refresh_fence = $2
        "#,
        app as _,
        fence,
        purpose as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
