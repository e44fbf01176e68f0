//! Accounts on the platforms. Endpoints of webhooks have rows there too, but are no accounts: they have a file of their own.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    app::{PlatformKind, ReturnRule},
    id::AppId,
};

/// One account as it is stored.
#[derive(Debug, Clone)]
pub struct App {
    /// Ours.
    pub id: AppId,
    /// Where it lives; never changes.
    pub platform: PlatformKind,
    /// The platform's public name of it; never changes.
    pub app_key: String,
    /// For people.
    pub name: String,
    /// What only its platform's room understands.
    pub settings: Value,
    /// Of a mini-program: the account whose cards its people take.
    pub cards_app: Option<AppId>,
    /// Whether what was used may be given back.
    pub give_back: ReturnRule,
    /// Whether its secret is here, sealed.
    pub has_secret: bool,
    /// Guards concurrent edits.
    pub version: i32,
    /// When it was added here.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Adds an account without its secret; breaks `app_one_per_key` when it is there already.
pub async fn insert(conn: &mut PgConnection, app: &App) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into app
            (app_id, platform, app_key, name, settings, version, created_at, updated_at, cards_app_id, give_back)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        app.id as _,
        app.platform as _,
        app.app_key,
        app.name,
        app.settings,
        app.version,
        app.created_at,
        app.updated_at,
        app.cards_app as _,
        app.give_back as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One account.
pub async fn find(conn: &mut PgConnection, id: AppId) -> sqlx::Result<Option<App>> {
    sqlx::query_as!(
        App,
        r#"
        select app_id as "id: AppId", platform as "platform: PlatformKind", app_key, name, settings,
            cards_app_id as "cards_app: AppId", give_back as "give_back: ReturnRule",
            secret_sealed is not null as "has_secret!", version, created_at, updated_at
        from app
        where app_id = $1 and platform <> 'webhook'
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// One account, kept from changing until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: AppId) -> sqlx::Result<Option<App>> {
    sqlx::query_as!(
        App,
        r#"
        select app_id as "id: AppId", platform as "platform: PlatformKind", app_key, name, settings,
            cards_app_id as "cards_app: AppId", give_back as "give_back: ReturnRule",
            secret_sealed is not null as "has_secret!", version, created_at, updated_at
        from app
        where app_id = $1 and platform <> 'webhook'
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// The accounts of this key, at most one on each platform.
pub async fn list_by_key(conn: &mut PgConnection, app_key: &str) -> sqlx::Result<Vec<App>> {
    sqlx::query_as!(
        App,
        r#"
        select app_id as "id: AppId", platform as "platform: PlatformKind", app_key, name, settings,
            cards_app_id as "cards_app: AppId", give_back as "give_back: ReturnRule",
            secret_sealed is not null as "has_secret!", version, created_at, updated_at
        from app
        where app_key = $1 and platform <> 'webhook'
        order by app_id
        "#,
        app_key,
    )
    .fetch_all(conn)
    .await
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<AppId>,
    limit: i64,
) -> sqlx::Result<Vec<App>> {
    sqlx::query_as!(
        App,
        r#"
        select app_id as "id: AppId", platform as "platform: PlatformKind", app_key, name, settings,
            cards_app_id as "cards_app: AppId", give_back as "give_back: ReturnRule",
            secret_sealed is not null as "has_secret!", version, created_at, updated_at
        from app
        where ($1::uuid is null or app_id < $1) and platform <> 'webhook'
        order by app_id desc
        limit $2
        "#,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Those of the ids that are no account's.
pub async fn list_missing(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<AppId>> {
    sqlx::query_scalar!(
        r#"
        select asked.app_id as "app_id!: AppId"
        from unnest($1::uuid[]) as asked (app_id)
        where not exists (
            select from app where app.app_id = asked.app_id and platform <> 'webhook'
        )
        order by 1
        "#,
        ids,
    )
    .fetch_all(conn)
    .await
}

/// Writes what may change of an account, but for its secret.
pub async fn update(conn: &mut PgConnection, app: &App) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update app
        set name = $2, settings = $3, version = $4, updated_at = $5, cards_app_id = $6, give_back = $7
        where app_id = $1
        "#,
        app.id as _,
        app.name,
        app.settings,
        app.version,
        app.updated_at,
        app.cards_app as _,
        app.give_back as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The secret of an account as it is sealed; `None` until the merchant has told it.
pub async fn find_secret(conn: &mut PgConnection, id: AppId) -> sqlx::Result<Option<Vec<u8>>> {
    let found = sqlx::query_scalar!("select secret_sealed from app where app_id = $1", id as _);
    found.fetch_optional(conn).await.map(Option::flatten)
}

/// Keeps a sealed secret, or none.
pub async fn set_secret(
    conn: &mut PgConnection,
    id: AppId,
    sealed: Option<&[u8]>,
) -> sqlx::Result<()> {
    sqlx::query!("update app set secret_sealed = $2 where app_id = $1", id as _, sealed)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the token with which the platform is called, and lets no refresh that is under way bring it back.
pub async fn forget_platform_token(conn: &mut PgConnection, id: AppId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update platform_token
        set token_sealed = null,
            expires_at = null,
            refresh_at = null,
            generation = generation + 1,
            -- Whoever is asking for a token asks with the old secret; the answer comes with a fence that is gone.
            refresh_fence = refresh_fence + 1,
            refreshing_until = null
        where app_id = $1
        "#,
        id as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
