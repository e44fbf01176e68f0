//! Changes a front end of the merchant's, or ends and resumes what it may do.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;

use super::create_gateway_client::{check_sight, check_whose_sight, find_unknown};
use crate::{
    domain::{
        gateway::{Protocol, SettingsLint},
        id::{AppId, GatewayClientId},
        problem::{Problem, Problems},
        sight::Sight,
    },
    store::{self, gateway_client::Client},
};

/// What to change; `None` stays.
#[derive(Debug, Default)]
pub struct GatewayClientEdit {
    /// The version that the editor saw; `None` for what is to be done whatever it is.
    pub version: Option<i32>,
    /// What only the protocol's room understands, all of it.
    pub settings: Option<Value>,
    /// What it sees.
    pub sight: Option<Sight>,
    /// Whether anybody is known by its name from now on.
    pub enabled: Option<bool>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditGatewayClientError {
    /// Something that was said will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such gateway client")]
    NoSuchClient,
    /// It is to see an app that is none.
    #[error("there is no app {0}")]
    NoSuchApp(AppId),
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

/// Changes a client; every server knows within a quarter of a second.
pub async fn edit_gateway_client(
    db: &PgPool,
    now: DateTime<Utc>,
    id: GatewayClientId,
    edit: GatewayClientEdit,
    lint: SettingsLint,
) -> Result<Client, EditGatewayClientError> {
    let mut tx = store::begin(db).await?;

    let locked = store::gateway_client::lock(&mut tx, id).await?;
    let mut client = locked.ok_or(EditGatewayClientError::NoSuchClient)?;
    if edit.version.is_some_and(|version| version != client.version) {
        return Err(EditGatewayClientError::VersionConflict { now_at: client.version });
    }
    check(client.protocol, &edit, lint).map_err(EditGatewayClientError::Invalid)?;
    client.settings = edit.settings.unwrap_or(client.settings);
    if let Some(sight) = edit.sight {
        client.apps = sight.into();
    }
    if let Some(app) = find_unknown(&mut tx, client.apps.as_deref()).await? {
        return Err(EditGatewayClientError::NoSuchApp(app));
    }
    client.disabled_at = match edit.enabled {
        None => client.disabled_at,
        Some(true) => None,
        Some(false) => client.disabled_at.or(Some(now)),
    };
    client.version += 1;
    client.updated_at = now;
    store::gateway_client::update(&mut tx, &client).await?;
    store::gateway_client::mark_changed(&mut tx).await?;

    tx.commit().await?;
    let enabled = client.disabled_at.is_none();
    tracing::info!(gateway_client.id = %id, enabled, "gateway client edited");
    Ok(client)
}

fn check(
    protocol: Protocol,
    edit: &GatewayClientEdit,
    lint: SettingsLint,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    if let Some(settings) = &edit.settings {
        problems.join(lint(protocol, settings));
    }
    if let Some(sight) = &edit.sight {
        check_sight(&mut problems, sight);
        check_whose_sight(&mut problems, protocol, sight);
    }
    problems.into_result()
}
