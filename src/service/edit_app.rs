//! Changes what may change of an account: its name and its settings.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    domain::{app, id::AppId, problem::Problem},
    store::{self, app::App},
};

/// What to change; `None` stays. Settings were checked where they are understood.
#[derive(Debug)]
pub struct AppEdit {
    /// The version that the editor saw.
    pub version: i32,
    /// For people.
    pub name: Option<String>,
    /// All settings; those left out are gone.
    pub settings: Option<Value>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditAppError {
    /// The name will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
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

/// Changes an account; every server then reads its routes again.
pub async fn edit_app(
    db: &PgPool,
    now: DateTime<Utc>,
    id: AppId,
    edit: AppEdit,
) -> Result<App, EditAppError> {
    let mut tx = db.begin().await?;

    let mut app = store::app::lock(&mut tx, id).await?.ok_or(EditAppError::NoSuchApp)?;
    if app.version != edit.version {
        return Err(EditAppError::VersionConflict { now_at: app.version });
    }
    app.name = edit.name.unwrap_or(app.name);
    app.settings = edit.settings.unwrap_or(app.settings);
    app::check(&app.name, &app.app_key).map_err(EditAppError::Invalid)?;
    app.version += 1;
    app.updated_at = now;
    store::app::update(&mut tx, &app).await?;
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "app edited");
    Ok(app)
}
