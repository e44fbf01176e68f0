//! Adds an account on a platform.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    domain::{
        app::{self, PlatformKind},
        id::AppId,
        problem::Problem,
    },
    store::{self, app::App, violates},
    vault::{Place, Vault, VaultError},
};

/// The account to add. Its settings were checked where they are understood.
#[derive(Debug)]
pub struct NewApp {
    /// Where it lives.
    pub platform: PlatformKind,
    /// The platform's public name of it.
    pub app_key: String,
    /// For people.
    pub name: String,
    /// What only its platform's room understands.
    pub settings: Value,
    /// With which its platform is called, if the merchant has told it.
    pub secret: Option<SecretString>,
}

/// Why no account was added.
#[derive(Debug, thiserror::Error)]
pub enum CreateAppError {
    /// Name, key or secret will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The platform's account is here already.
    #[error("this account is already here")]
    AlreadyThere,
    /// The secret cannot be sealed, so it is not kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds an account, with its secret or without, and the channel on which it is called.
pub async fn create_app(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    new: NewApp,
) -> Result<App, CreateAppError> {
    let secret = new.secret.as_ref().map(ExposeSecret::expose_secret);
    app::check(&new.name, &new.app_key, secret).map_err(CreateAppError::Invalid)?;
    let id = AppId::new(now);
    let place = Place::app_secret(id.uuid());
    let sealed = secret.map(|secret| vault.seal(place, secret)).transpose()?;
    let app = App {
        id,
        platform: new.platform,
        app_key: new.app_key,
        name: new.name,
        settings: new.settings,
        has_secret: sealed.is_some(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let mut tx = db.begin().await?;

    store::app::insert(&mut tx, &app).await.map_err(|error| {
        if violates(&error, "app_one_per_key") {
            CreateAppError::AlreadyThere
        } else {
            error.into()
        }
    })?;
    store::app::set_secret(&mut tx, id, sealed.as_deref()).await?;
    store::channel::insert(&mut tx, now, id).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "app added");
    Ok(app)
}
