//! Makes calls to an app again, after a pause or while the breaker still waits.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::end_outage::end_outage;
use crate::{domain::id::AppId, store};

/// Why nothing changes.
#[derive(Debug, thiserror::Error)]
pub enum ResumeChannelError {
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Calls the app again, and makes due what is late only because it was away; again changes nothing. `by` is who
/// wants it.
pub async fn resume_channel(
    db: &PgPool,
    now: DateTime<Utc>,
    by: &str,
    app: AppId,
) -> Result<(), ResumeChannelError> {
    let mut tx = store::begin(db).await?;
    if !store::channel::resume(&mut tx, app).await? {
        return Err(ResumeChannelError::NoSuchApp);
    }
    store::delivery::wake::wake_workers(&mut tx).await?;
    tx.commit().await?;
    tracing::info!(app.id = %app, by, "channel resumed");

    // With its failures forgotten, the next success does not look like a recovery, so this is done here.
    end_outage(db, now, app).await?;
    Ok(())
}
