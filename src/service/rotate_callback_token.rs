//! Gives a placement a new secret callback address and lets the old ones run out.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::secret::Fresh;
use crate::{
    domain::id::{PlacementId, TokenId},
    store::{
        self,
        callback_token::{CallbackToken, Kept},
        placement::Placement,
    },
    vault::{Place, Vault, VaultError},
};

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
pub async fn rotate_callback_token(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    id: PlacementId,
    old_lives_for: TimeDelta,
) -> Result<(Placement, CallbackToken, Fresh), RotateCallbackTokenError> {
    let secret = Fresh::random("")?;
    let token = CallbackToken { id: TokenId::new(now), created_at: now, retires_at: None };
    let sealed = secret.seal(vault, Place::callback_secret(token.id.uuid()))?;
    // More than a life-time is as good as for ever.
    let overlap_seconds = i32::try_from(old_lives_for.num_seconds()).unwrap_or(i32::MAX);
    let kept = Kept { hash: secret.hash(), sealed, overlap_seconds };
    let mut tx = db.begin().await?;

    let lock = store::placement::lock(&mut tx, id).await?;
    let placement = lock.ok_or(RotateCallbackTokenError::NoSuchPlacement)?;
    if !placement.platform.calls_back() {
        return Err(RotateCallbackTokenError::NoCallbacks);
    }
    store::callback_token::retire(&mut tx, id, now + old_lives_for).await?;
    store::callback_token::insert(&mut tx, id, &token, &kept).await?;
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %id, token.id = %token.id, "callback token rotated");
    Ok((placement, token, secret))
}
