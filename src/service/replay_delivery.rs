//! Has a dead delivery tried anew.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{delivery::by_hand::ReplayRefusal, id::DeliveryId},
    store,
};

/// Why a delivery is not tried anew.
#[derive(Debug, thiserror::Error)]
pub enum ReplayDeliveryError {
    /// There is none of this id.
    #[error("no such delivery")]
    NoSuchDelivery,
    /// It is not the time for it.
    #[error(transparent)]
    Refused(#[from] ReplayRefusal),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Makes a dead delivery due at once, with as many attempts before it as a new one; `by` is who wants it.
pub async fn replay_delivery(
    db: &PgPool,
    now: DateTime<Utc>,
    by: &str,
    id: DeliveryId,
) -> Result<(), ReplayDeliveryError> {
    let mut tx = store::begin(db).await?;

    let locked = store::delivery::show::lock(&mut tx, id).await?;
    let (app, _, state) = locked.ok_or(ReplayDeliveryError::NoSuchDelivery)?;
    state.replay()?;
    store::delivery::replay::mark_replayed(&mut tx, now, id).await?;
    store::delivery::wake::wake_workers(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(delivery.id = %id, app.id = %app, by, "delivery replayed");
    Ok(())
}
