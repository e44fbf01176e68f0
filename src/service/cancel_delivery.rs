//! Gives a delivery up, so that those behind it may go.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{delivery::by_hand::CancelRefusal, id::DeliveryId},
    store,
};

/// Why a delivery was not given up.
#[derive(Debug, thiserror::Error)]
pub enum CancelDeliveryError {
    /// There is none of this id.
    #[error("no such delivery")]
    NoSuchDelivery,
    /// It is not the time for it, or too late.
    #[error(transparent)]
    Refused(#[from] CancelRefusal),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Owes it no longer; again changes nothing. `by` is who wants it.
pub async fn cancel_delivery(
    db: &PgPool,
    now: DateTime<Utc>,
    by: &str,
    id: DeliveryId,
) -> Result<(), CancelDeliveryError> {
    let mut tx = store::begin(db).await?;

    let locked = store::delivery::show::lock(&mut tx, id).await?;
    let (app, kind, state) = locked.ok_or(CancelDeliveryError::NoSuchDelivery)?;
    if state.cancel(kind)? == state {
        return Ok(());
    }
    if !store::delivery::cancel::mark_cancelled(&mut tx, now, id).await? {
        return Err(CancelRefusal::UnderWay.into());
    }
    store::delivery::wake::wake_workers(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(delivery.id = %id, app.id = %app, was = state.as_str(), by, "delivery cancelled");
    Ok(())
}
