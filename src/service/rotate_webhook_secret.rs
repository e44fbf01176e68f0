//! Gives an endpoint a new secret, beside which the old one signs for a while.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use sqlx::PgPool;

use super::secret::Fresh;
use crate::{
    domain::id::AppId,
    store::{self, webhook_endpoint::Endpoint},
    vault::{Place, Vault, VaultError},
};

/// Why there is no new secret.
#[derive(Debug, thiserror::Error)]
pub enum RotateWebhookSecretError {
    /// There is none of this id.
    #[error("no such webhook endpoint")]
    NoSuchEndpoint,
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Makes a new secret, which is known in the clear this once; the old one signs too for `overlap`, and one older than
/// that no more.
pub async fn rotate_webhook_secret(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    id: AppId,
    overlap: TimeDelta,
) -> Result<(Endpoint, Fresh), RotateWebhookSecretError> {
    let (present, former) = (Place::app_secret(id.uuid()), Place::old_webhook_secret(id.uuid()));
    let secret = Fresh::random_webhook().map_err(VaultError::from)?;
    let sealed = vault.seal(present, secret.reveal())?;
    let mut tx = store::begin(db).await?;

    let locked = store::webhook_endpoint::lock(&mut tx, id).await?;
    let mut endpoint = locked.ok_or(RotateWebhookSecretError::NoSuchEndpoint)?;
    let old = store::app::find_secret(&mut tx, id).await?.filter(|_| overlap > TimeDelta::zero());
    let old = match old {
        None => None,
        Some(old) => Some(vault.seal(former, vault.unseal(present, &old)?.expose_secret())?),
    };
    endpoint.old_secret_until = old.as_ref().map(|_| now + overlap);
    endpoint.version += 1;
    endpoint.updated_at = now;
    let until = endpoint.old_secret_until;
    store::webhook_endpoint::set_old_secret(&mut tx, id, old.as_deref(), until).await?;
    store::app::set_secret(&mut tx, id, Some(&sealed)).await?;
    store::webhook_endpoint::update(&mut tx, &endpoint).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "webhook secret rotated");
    Ok((endpoint, secret))
}
