//! The secret part of the address that a platform is told to call.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool};

use super::secret::Fresh;
use crate::{
    domain::id::{PlacementId, TokenId},
    store::{
        self,
        callback_token::{CallbackToken, Kept},
    },
    vault::{Place, Vault, VaultError},
};

/// Why there is no secret to tell.
#[derive(Debug, thiserror::Error)]
pub enum CallbackSecretError {
    /// The master key is missing, or the value is not ours.
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// How long older addresses live on beside one that nobody asked for.
const OVERLAP_SECONDS: i32 = 24 * 60 * 60;

/// The newest secret of a placement in the clear. Where that one was never sealed, a new one is made.
pub async fn callback_secret(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> Result<(TokenId, SecretString), CallbackSecretError> {
    let mut tx = store::begin(db).await?;

    let mut newest = store::callback_token::newest_sealed(&mut tx, placement).await?;
    if newest.is_none() {
        // Two that miss it at once must not make two.
        store::placement::lock(&mut tx, placement).await?;
        newest = store::callback_token::newest_sealed(&mut tx, placement).await?;
    }
    let told = match newest {
        Some((token, sealed, _)) => {
            (token, vault.unseal(Place::callback_secret(token.uuid()), &sealed)?)
        }
        None => make_callback_secret(&mut tx, vault, now, placement).await?,
    };

    tx.commit().await?;
    Ok(told)
}

/// Makes a new secret that can be told again; older ones live until the platform was told.
pub async fn make_callback_secret(
    conn: &mut PgConnection,
    vault: &Vault,
    now: DateTime<Utc>,
    placement: PlacementId,
) -> Result<(TokenId, SecretString), CallbackSecretError> {
    let secret = Fresh::random("")?;
    let newest = store::published::get(conn, placement).await?.newest_token_at;
    let created_at = newest.map_or(now, |at| now.max(at + TimeDelta::microseconds(1)));
    let token = CallbackToken { id: TokenId::new(created_at), created_at, retires_at: None };
    let sealed = vault.seal(Place::callback_secret(token.id.uuid()), secret.reveal())?;
    let kept = Kept { hash: secret.hash(), sealed: Some(sealed), overlap_seconds: OVERLAP_SECONDS };
    store::callback_token::insert(conn, placement, &token, &kept).await?;
    store::route::mark_changed(conn).await?;
    Ok((token.id, SecretString::from(secret.reveal())))
}
