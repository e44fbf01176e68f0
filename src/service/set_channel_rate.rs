//! Sets how fast an app may be called.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{channel, id::AppId, problem::Problem},
    store::{self, channel::Rate},
};

/// Why the rate stays.
#[derive(Debug, thiserror::Error)]
pub enum SetChannelRateError {
    /// The rate will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// The rate that is wanted; `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateEdit {
    /// In the long run.
    pub calls_per_second: Option<f64>,
    /// At once, after a rest.
    pub burst: Option<f64>,
}

/// Calls the app so fast from now on, all servers together. `by` is who wants it.
pub async fn set_channel_rate(
    db: &PgPool,
    now: DateTime<Utc>,
    by: &str,
    app: AppId,
    edit: RateEdit,
) -> Result<(), SetChannelRateError> {
    let RateEdit { calls_per_second, burst } = edit;
    channel::check_rate(calls_per_second, burst).map_err(SetChannelRateError::Invalid)?;
    let mut tx = store::begin(db).await?;

    let set = store::channel::set_rate(&mut tx, now, app, calls_per_second, burst).await?;
    let Rate { calls_per_second, burst } = set.ok_or(SetChannelRateError::NoSuchApp)?;
    store::delivery::wake::wake_workers(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(app.id = %app, calls_per_second, burst, by, "channel rate set");
    Ok(())
}
