//! Gives a placement a new secret callback address and lets the old ones run out.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use super::{push_placement_update::owe_update, secret::Fresh};
use crate::{
    domain::{
        delivery::DeliveryKind,
        id::{PlacementId, TokenId},
        placement::PlacementState,
    },
    store::{
        self,
        callback_token::{CallbackToken, Kept},
        delivery::open::Open,
        placement::Placement,
    },
    vault::{Place, Vault, VaultError},
};

/// A rotation.
#[derive(Debug)]
pub struct Rotated {
    /// Whose.
    pub placement: Placement,
    /// The new one.
    pub token: CallbackToken,
    /// Its secret, to be shown once.
    pub secret: Fresh,
    /// What tells the platform; `None` where the merchant does it.
    pub open: Option<Open>,
}

/// Why nothing was rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateCallbackTokenError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Its platform never calls us.
    #[error("the platform of this placement does not call back")]
    NoCallbacks,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The new secret cannot be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// A new token, its secret to be shown once. Older ones live for `old_lives_for` at most, and no longer than they already had.
///
/// Where the platform can be told of the new address by us, that is owed, and the time begins only when it was told: an
/// address that the platform still calls must not go away.
pub async fn rotate_callback_token(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    id: PlacementId,
    old_lives_for: TimeDelta,
) -> Result<Rotated, RotateCallbackTokenError> {
    let secret = Fresh::random("")?;
    let mut tx = store::begin(db).await?;

    let lock = store::placement::lock(&mut tx, id).await?;
    let placement = lock.ok_or(RotateCallbackTokenError::NoSuchPlacement)?;
    if !placement.platform.calls_back() {
        return Err(RotateCallbackTokenError::NoCallbacks);
    }
    let published = store::published::get(&mut tx, id).await?;
    // The newest is the one that was made last, even when a clock stands still or goes back.
    let just_after = published.newest_token_at.map(|at| at + TimeDelta::microseconds(1));
    let created_at = just_after.map_or(now, |earliest| earliest.max(now));
    let token = CallbackToken { id: TokenId::new(created_at), created_at, retires_at: None };
    let sealed = secret.seal(vault, Place::callback_secret(token.id.uuid()))?;
    // More than a life-time is as good as for ever.
    let overlap_seconds = i32::try_from(old_lives_for.num_seconds()).unwrap_or(i32::MAX);
    let kept = Kept { hash: secret.hash(), sealed, overlap_seconds };
    let is_told = published.is_connected && is_there_or_on_its_way(&mut tx, &placement).await?;
    if !is_told {
        store::callback_token::retire(&mut tx, id, now + old_lives_for).await?;
    }
    store::callback_token::insert(&mut tx, id, &token, &kept).await?;
    let mut open = None;
    if is_told && placement.platform_ref.is_some() {
        open = Some(owe_update(&mut tx, now, &placement).await?);
    }
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %id, token.id = %token.id, "callback token rotated");
    Ok(Rotated { placement, token, secret, open })
}

/// Whether the platform calls an address of this placement, or will as soon as a publication has arrived.
async fn is_there_or_on_its_way(
    conn: &mut PgConnection,
    placement: &Placement,
) -> sqlx::Result<bool> {
    if placement.state == PlacementState::Withdrawn {
        return Ok(false);
    }
    let subject = [placement.id.uuid()];
    let unsettled = store::delivery::open::list_unsettled(conn, &subject).await?;
    Ok(placement.platform_ref.is_some()
        || unsettled.iter().any(|owed| owed.kind == DeliveryKind::Publish))
}
