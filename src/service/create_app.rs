//! Adds an account on a platform.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    domain::{
        app::{self, PlatformKind},
        id::AppId,
        problem::Problem,
    },
    store::{self, app::App, violates},
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
}

/// Why no account was added.
#[derive(Debug, thiserror::Error)]
pub enum CreateAppError {
    /// Name or key will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The platform's account is here already.
    #[error("this account is already here")]
    AlreadyThere,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds an account and the channel on which it is called.
pub async fn create_app(
    db: &PgPool,
    now: DateTime<Utc>,
    new: NewApp,
) -> Result<App, CreateAppError> {
    app::check(&new.name, &new.app_key).map_err(CreateAppError::Invalid)?;
    let app = App {
        id: AppId::new(now),
        platform: new.platform,
        app_key: new.app_key,
        name: new.name,
        settings: new.settings,
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
    store::channel::insert(&mut tx, now, app.id).await?;

    tx.commit().await?;
    tracing::info!(app.id = %app.id, "app added");
    Ok(app)
}
