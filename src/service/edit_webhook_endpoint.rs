//! Changes an endpoint, or ends and resumes what it is told.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{
        event::{self, EventKind},
        id::AppId,
        problem::Problem,
    },
    store::{self, webhook_endpoint::Endpoint},
};

/// What to change; `None` stays. The address was checked where it is understood.
#[derive(Debug, Default)]
pub struct EndpointEdit {
    /// The version that the editor saw; `None` for what is to be done whatever it is.
    pub version: Option<i32>,
    /// For people.
    pub name: Option<String>,
    /// Where it is called.
    pub url: Option<String>,
    /// All it wants to hear of.
    pub kinds: Option<Vec<EventKind>>,
    /// Whether it is told of anything from now on.
    pub enabled: Option<bool>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditWebhookEndpointError {
    /// Name or kinds will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such webhook endpoint")]
    NoSuchEndpoint,
    /// Somebody else was faster.
    #[error("changed in the meantime; it is at version {now_at}")]
    VersionConflict {
        /// The version to look at before trying again.
        now_at: i32,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Changes an endpoint. What is owed to one that is disabled ends dead, and can be replayed when it is enabled again.
pub async fn edit_webhook_endpoint(
    db: &PgPool,
    now: DateTime<Utc>,
    id: AppId,
    edit: EndpointEdit,
) -> Result<Endpoint, EditWebhookEndpointError> {
    let mut tx = store::begin(db).await?;

    let locked = store::webhook_endpoint::lock(&mut tx, id).await?;
    let mut endpoint = locked.ok_or(EditWebhookEndpointError::NoSuchEndpoint)?;
    if edit.version.is_some_and(|version| version != endpoint.version) {
        return Err(EditWebhookEndpointError::VersionConflict { now_at: endpoint.version });
    }
    let kinds = edit.kinds.as_deref();
    let name = edit.name.as_deref().unwrap_or(&endpoint.name);
    event::check_endpoint(name, kinds.unwrap_or(&EventKind::TOLD))
        .map_err(EditWebhookEndpointError::Invalid)?;
    if let Some(kinds) = kinds {
        endpoint.kinds = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    }
    endpoint.name = edit.name.unwrap_or(endpoint.name);
    endpoint.url = edit.url.unwrap_or(endpoint.url);
    endpoint.disabled_at = match edit.enabled {
        None => endpoint.disabled_at,
        Some(true) => None,
        Some(false) => endpoint.disabled_at.or(Some(now)),
    };
    endpoint.version += 1;
    endpoint.updated_at = now;
    store::webhook_endpoint::update(&mut tx, &endpoint).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "webhook endpoint edited");
    Ok(endpoint)
}
