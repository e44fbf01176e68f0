//! Endpoints: apps of a platform of its own, with what only they have beside.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::AppId;

/// One endpoint, without its secrets.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Ours; it is an app's.
    pub id: AppId,
    /// For people.
    pub name: String,
    /// Where it is called.
    pub url: String,
    /// The kinds of events it wants.
    pub kinds: Vec<String>,
    /// Until when the secret before the present one still signs.
    pub old_secret_until: Option<DateTime<Utc>>,
    /// Since when nothing more is owed to it.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Guards concurrent edits.
    pub version: i32,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a call needs.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where to.
    pub url: String,
    /// With which it is signed, sealed.
    pub secret: Option<Vec<u8>>,
    /// The one before, sealed.
    pub old_secret: Option<Vec<u8>>,
    /// Until when that one counts.
    pub old_secret_until: Option<DateTime<Utc>>,
    /// Whether it is not to be called.
    pub disabled: bool,
}

/// Adds an endpoint without its secret and its channel.
pub async fn insert(conn: &mut PgConnection, endpoint: &Endpoint) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with made as (
            insert into app (
                app_id, platform, app_key, name, version, created_at, updated_at
            )
            -- Nobody else has a name for it.
            values ($1, 'webhook', replace($1::uuid::text, '-', ''), $2, $5, $6, $6)
            returning app_id
        )
        insert into webhook_endpoint (app_id, url, kinds)
        select app_id, $3, $4 from made
        "#,
        endpoint.id as _,
        endpoint.name,
        endpoint.url,
        &endpoint.kinds,
        endpoint.version,
        endpoint.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One endpoint.
pub async fn find(conn: &mut PgConnection, id: AppId) -> sqlx::Result<Option<Endpoint>> {
    sqlx::query_as!(
        Endpoint,
        r#"
        select app_id as "id: AppId", app.name, url, kinds, old_secret_until, disabled_at,
            app.version, app.created_at, app.updated_at
        from webhook_endpoint
        join app using (app_id)
        where app_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// One endpoint, kept from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: AppId) -> sqlx::Result<Option<Endpoint>> {
    sqlx::query_as!(
        Endpoint,
        r#"
        select app_id as "id: AppId", app.name, url, kinds, old_secret_until, disabled_at,
            app.version, app.created_at, app.updated_at
        from app
        join webhook_endpoint using (app_id)
        where app_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<AppId>,
    limit: i64,
) -> sqlx::Result<Vec<Endpoint>> {
    sqlx::query_as!(
        Endpoint,
        r#"
        select app_id as "id: AppId", app.name, url, kinds, old_secret_until, disabled_at,
            app.version, app.created_at, app.updated_at
        from webhook_endpoint
        join app using (app_id)
        where $1::uuid is null or app_id < $1
        order by app_id desc
        limit $2
        "#,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Writes what may change of an endpoint, but for its secrets.
pub async fn update(conn: &mut PgConnection, endpoint: &Endpoint) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with changed as (
            update app
            set name = $2, version = $6, updated_at = $7
            where app_id = $1
            returning app_id
        )
        update webhook_endpoint
        set url = $3, kinds = $4, disabled_at = $5
        from changed
        where webhook_endpoint.app_id = changed.app_id
        "#,
        endpoint.id as _,
        endpoint.name,
        endpoint.url,
        &endpoint.kinds,
        endpoint.disabled_at,
        endpoint.version,
        endpoint.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nothing more is owed to the endpoint; `false` when that was so before.
pub async fn mark_disabled(
    conn: &mut PgConnection,
    id: AppId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with changed as (
            -- The app first, as an edit does it.
            update app
            set version = version + 1, updated_at = $2
            where app_id = $1
            returning app_id
        )
        update webhook_endpoint
        set disabled_at = $2
        from changed
        where webhook_endpoint.app_id = changed.app_id and disabled_at is null
        "#,
        id as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What a call needs.
pub async fn find_target(conn: &mut PgConnection, id: AppId) -> sqlx::Result<Option<Target>> {
    sqlx::query_as!(
        Target,
        r#"
        select url, secret_sealed as secret, old_secret_sealed as old_secret, old_secret_until,
            disabled_at is not null as "disabled!"
        from webhook_endpoint
        join app using (app_id)
        where app_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Keeps the sealed secret that was the present one until now, for a while or not at all.
pub async fn set_old_secret(
    conn: &mut PgConnection,
    id: AppId,
    sealed: Option<&[u8]>,
    until: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update webhook_endpoint
        set old_secret_sealed = $2, old_secret_until = $3
        where app_id = $1
        "#,
        id as _,
        sealed,
        until,
    )
    .execute(conn)
    .await?;
    Ok(())
}
