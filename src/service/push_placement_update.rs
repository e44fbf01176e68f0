//! Owes a platform what has changed of a placement: its terms as people see them, or the address to call.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        delivery::{DeliveryKind, DeliveryState},
        id::PlacementId,
        placement::PlacementState,
        problem::Problem,
        terms::Lint,
    },
    store::{
        self,
        delivery::{open::Open, owe::Owed},
        placement::Placement,
    },
};

/// Why nothing is owed.
#[derive(Debug, thiserror::Error)]
pub enum PushPlacementUpdateError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Its platform keeps no wallet, so there is nothing to change.
    #[error("the platform of this placement keeps no coupons")]
    NoWallet,
    /// It was withdrawn.
    #[error("a placement that is withdrawn cannot be changed on its platform")]
    Withdrawn,
    /// The platform does not know it.
    #[error("the platform does not know this placement; publish it first")]
    NotPublished,
    /// The platform cannot be called.
    #[error("the app has no secret, so its platform cannot be called")]
    AppHasNoSecret,
    /// The platform would not take the terms.
    #[error("some values are not acceptable to the platform")]
    Invalid(Vec<Problem>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Owes an update, whether or not anything has changed.
pub async fn push_placement_update(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
    lint: Lint,
) -> Result<Open, PushPlacementUpdateError> {
    let mut tx = db.begin().await?;

    let found = store::placement::find(&mut tx, id).await?;
    let template = found.ok_or(PushPlacementUpdateError::NoSuchPlacement)?.template;
    let template = store::template::lock(&mut tx, template).await?;
    let template = template.ok_or(PushPlacementUpdateError::NoSuchPlacement)?;
    let placement = store::placement::lock(&mut tx, id).await?;
    let placement = placement.ok_or(PushPlacementUpdateError::NoSuchPlacement)?;
    if !placement.platform.keeps_a_wallet() {
        return Err(PushPlacementUpdateError::NoWallet);
    }
    if placement.state == PlacementState::Withdrawn {
        return Err(PushPlacementUpdateError::Withdrawn);
    }
    if placement.platform_ref.is_none() {
        return Err(PushPlacementUpdateError::NotPublished);
    }
    if !store::published::get(&mut tx, id).await?.is_connected {
        return Err(PushPlacementUpdateError::AppHasNoSecret);
    }
    lint(placement.platform, &template.terms).map_err(PushPlacementUpdateError::Invalid)?;
    let open = owe_update(&mut tx, now, &placement).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %id, delivery.id = %open.id, "update owed");
    Ok(open)
}

/// Owes an update of a placement that the transaction has locked. One that nobody has begun to send does for this change
/// too, because what is sent is what is so when it is sent.
pub async fn owe_update(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: &Placement,
) -> sqlx::Result<Open> {
    let subject = placement.id.uuid();
    for earlier in store::delivery::open::list_unsettled(conn, &[subject]).await? {
        // One that was given up says nothing that the next one does not, and would keep it waiting.
        if earlier.kind == DeliveryKind::Update && earlier.state == DeliveryState::Dead {
            store::delivery::cancel::mark_cancelled(conn, now, earlier.id).await?;
        }
    }
    let unsent = store::delivery::open::lock_unsent(conn, subject, DeliveryKind::Update).await?;
    if let Some(unsent) = unsent {
        return Ok(unsent);
    }
    let owed = Owed::update(now, placement.app, placement.id);
    store::delivery::owe::owe(conn, now, &owed).await?;
    store::delivery::open::get(conn, owed.id).await
}
