//! Stops calls to an app until somebody resumes them.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{channel, id::AppId, problem::Problem},
    store,
};

/// Why calls go on.
#[derive(Debug, thiserror::Error)]
pub enum PauseChannelError {
    /// The reason will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Begins no call to the app from now on; what is under way ends. Again replaces the reason. `by` is who wants it.
pub async fn pause_channel(
    db: &PgPool,
    now: DateTime<Utc>,
    by: &str,
    app: AppId,
    reason: &str,
) -> Result<(), PauseChannelError> {
    channel::check_reason(reason).map_err(PauseChannelError::Invalid)?;
    let mut conn = db.acquire().await?;
    if !store::channel::pause(&mut conn, now, app, reason).await? {
        return Err(PauseChannelError::NoSuchApp);
    }
    tracing::info!(app.id = %app, reason, by, "channel paused");
    Ok(())
}
