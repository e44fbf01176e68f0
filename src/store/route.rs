//! Where secret callback addresses lead, and the counter that tells when that changed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::{
    app::PlatformKind,
    id::{AppId, PlacementId, TemplateId},
};

/// What a callback is about.
#[derive(Debug, Clone)]
pub struct Route {
    /// The account that calls.
    pub app: AppId,
    /// Where that account lives.
    pub platform: PlatformKind,
    /// What the platform's room keeps with the account.
    pub settings: Value,
    /// The placement that the address was made for.
    pub placement: PlacementId,
    /// Its template.
    pub template: TemplateId,
    /// The platform's id of the placement.
    pub platform_ref: Option<String>,
}

/// A token that has not retired.
#[derive(Debug, Clone)]
pub struct LiveToken {
    /// By which it is recognised.
    pub secret_hash: [u8; 32],
    /// From when on it is unknown.
    pub retires_at: Option<DateTime<Utc>>,
    /// Where it leads.
    pub route: Arc<Route>,
}

/// Counts up whenever a token, a placement or an app changes.
pub async fn version(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select version from route_version").fetch_one(conn).await
}

/// Tells all servers to read the addresses again; belongs into the transaction that changes them.
pub async fn mark_changed(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("update route_version set version = version + 1").execute(conn).await?;
    Ok(())
}

/// All tokens that live at `now`.
pub async fn list_live(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<LiveToken>> {
    let rows = sqlx::query!(
        r#"
        select
            token.secret_hash,
            token.retires_at,
            app.app_id as "app_id: AppId",
            app.platform as "platform: PlatformKind",
            app.settings,
            placement.placement_id as "placement_id: PlacementId",
            placement.template_id as "template_id: TemplateId",
            placement.platform_ref
        from callback_token token
        join placement using (placement_id)
        join app using (app_id)
        where token.retires_at is null or token.retires_at > $1
        "#,
        now,
    )
    .fetch_all(conn)
    .await?;
    let tokens = rows.into_iter().filter_map(|row| {
        Some(LiveToken {
            secret_hash: row.secret_hash.try_into().ok()?,
            retires_at: row.retires_at,
            route: Arc::new(Route {
                app: row.app_id,
                platform: row.platform,
                settings: row.settings,
                placement: row.placement_id,
                template: row.template_id,
                platform_ref: row.platform_ref,
            }),
        })
    });
    Ok(tokens.collect())
}
