//! What a platform was last told of a placement, beside what it should know now.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::id::{AppId, PlacementId, TemplateId, TokenId};

/// What the platform was told, and what there is to tell.
#[derive(Debug, Clone)]
pub struct Published {
    /// Which placement.
    pub placement: PlacementId,
    /// The version of the terms that it was told; `None` while we told it none.
    pub version: Option<i32>,
    /// With which settings of app and placement it was told, where these matter.
    pub settings: Option<Value>,
    /// The settings of the placement now.
    pub current_settings: Value,
    /// Those of its app.
    pub app_settings: Value,
    /// The callback token that it was told.
    pub token: Option<TokenId>,
    /// The version of the terms now.
    pub current_version: i32,
    /// The token that was made last.
    pub newest_token: Option<TokenId>,
    /// When that was.
    pub newest_token_at: Option<DateTime<Utc>>,
    /// Whether the platform can be called at all.
    pub is_connected: bool,
}

impl Published {
    /// The settings of the placement with which the platform was told.
    pub fn told_settings(&self) -> Option<&Value> {
        self.settings.as_ref().and_then(|settings| settings.get("placement"))
    }

    /// Whether the platform was told something else than there is now.
    pub fn is_behind(&self) -> bool {
        self.version.is_some_and(|version| version != self.current_version)
            || self.version.is_some() && self.token != self.newest_token
            || self.told_settings().is_some_and(|told| *told != self.current_settings)
    }
}

/// Of each of these placements.
pub async fn list(
    conn: &mut PgConnection,
    placements: &[PlacementId],
) -> sqlx::Result<Vec<Published>> {
    let placements: Vec<_> = placements.iter().map(|placement| placement.uuid()).collect();
    sqlx::query_as!(
        Published,
        r#"
        select placement_id as "placement: PlacementId", published_version as version,
            published_token as "token: TokenId", template.version as current_version,
            published_settings as settings, placement.settings as current_settings,
            app.settings as app_settings,
            newest.token_id as "newest_token?: TokenId", newest.created_at as "newest_token_at?",
            app.secret_sealed is not null as "is_connected!"
        from placement
        join template on template.template_id = placement.template_id
        join app on app.app_id = placement.app_id
        left join lateral (
            select token_id, created_at
            from callback_token
            where callback_token.placement_id = placement.placement_id
            order by created_at desc, token_id desc
            limit 1
        ) as newest on true
        where placement_id = any($1)
        "#,
        &placements,
    )
    .fetch_all(conn)
    .await
}

/// Of one placement.
pub async fn get(conn: &mut PgConnection, placement: PlacementId) -> sqlx::Result<Published> {
    list(conn, &[placement]).await?.into_iter().next().ok_or(sqlx::Error::RowNotFound)
}

/// The platform shows nothing of what is new in this version, so whoever was told the one before is not behind.
pub async fn carry(
    conn: &mut PgConnection,
    template: TemplateId,
    version: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update placement
        set published_version = $2
        where template_id = $1 and published_version = $2 - 1
        "#,
        template as _,
        version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Another id stands for another thing, of which the platform was told nothing.
pub async fn forget(conn: &mut PgConnection, placement: PlacementId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update placement
        set published_version = null, published_token = null, published_at = null, published_settings = null,
            review = null, review_note = null, reviewed_at = null
        where placement_id = $1
        "#,
        placement as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down what the platform was told.
pub async fn mark_told(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
    version: i32,
    token: TokenId,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update placement
        set published_version = $3, published_token = $4, published_at = $2
        where placement_id = $1
        "#,
        placement as _,
        now,
        version,
        token as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down what a platform was told that is told no address, but with these settings of app and placement.
pub async fn mark_shown(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: PlacementId,
    version: i32,
    settings: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update placement
        set published_version = $3, published_settings = $4, published_at = $2
        where placement_id = $1
        "#,
        placement as _,
        now,
        version,
        settings,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the platform of an app can be called at all.
pub async fn is_connected(conn: &mut PgConnection, app: AppId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select secret_sealed is not null as "is_connected!"
        from app
        where app_id = $1
        "#,
        app as _,
    )
    .fetch_one(conn)
    .await
}
