//! Has many dead deliveries tried anew, for instance after something was mended at the platform.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::store::{self, delivery::replay::Dead};

/// Why nothing is tried anew.
#[derive(Debug, thiserror::Error)]
pub enum ReplayDeadError {
    /// There is no app of this id.
    #[error("no such app")]
    NoSuchApp,
    /// The database failed; what was replayed until then stays so.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// So many at a time, so that nobody waits for the whole of a large number.
const PORTION: i64 = 2000;

/// Makes those due that `dead` describes, in their order; `by` is who wants it. How many they were.
pub async fn replay_dead(
    db: &PgPool,
    now: DateTime<Utc>,
    by: &str,
    dead: Dead,
) -> Result<i64, ReplayDeadError> {
    if let Some(app) = dead.app {
        let app = store::app::find(&mut *db.acquire().await?, app).await?;
        app.ok_or(ReplayDeadError::NoSuchApp)?;
    }
    let (mut replayed, mut after) = (0, 0);
    loop {
        let mut tx = store::begin(db).await?;
        let portion =
            store::delivery::replay::take_back(&mut tx, now, dead, after, PORTION).await?;
        let Some(last) = portion.last else { break };
        store::delivery::wake::wake_workers(&mut tx).await?;
        tx.commit().await?;
        replayed += portion.replayed;
        after = last;
    }
    let (app, kind) = (dead.app.map(tracing::field::display), dead.kind);
    tracing::info!(replayed, app.id = app, kind = ?kind, since = %dead.since, by, "dead deliveries replayed");
    Ok(replayed)
}
