//! Gives a front end of the merchant's a new secret, beside which the old one counts for a while.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::create_gateway_client::or_fresh;
use crate::{
    domain::{
        id::GatewayClientId,
        problem::{Problem, Problems},
    },
    store::{self, gateway_client::Client},
    vault::{Place, Vault, VaultError},
};

/// Why there is no new secret.
#[derive(Debug, thiserror::Error)]
pub enum RotateGatewaySecretError {
    /// The chosen secret or the overlap will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such gateway client")]
    NoSuchClient,
    /// A secret cannot be made, sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Apps on people's telephones carry the secret: it takes long until all of them have the new one.
const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(365);

/// Puts a new secret in the place of the present one: the one that is given, or a fresh one, which is known in the clear
/// this once. The old one counts too for `overlap`, and one older than that no more.
pub async fn rotate_gateway_secret(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    id: GatewayClientId,
    secret: Option<SecretString>,
    overlap: TimeDelta,
) -> Result<(Client, SecretString), RotateGatewaySecretError> {
    let (present, former) =
        (Place::gateway_secret(id.uuid()), Place::old_gateway_secret(id.uuid()));
    let mut tx = store::begin(db).await?;

    let locked = store::gateway_client::lock(&mut tx, id).await?;
    let mut client = locked.ok_or(RotateGatewaySecretError::NoSuchClient)?;
    check(&client, secret.as_ref(), overlap).map_err(RotateGatewaySecretError::Invalid)?;
    let secret = or_fresh(secret)?;
    let sealed = vault.seal(present, secret.expose_secret())?;
    let old = store::gateway_client::find_secret(&mut tx, id).await?;
    let old = match old.filter(|_| overlap > TimeDelta::zero()) {
        None => None,
        Some(old) => Some(vault.seal(former, vault.unseal(present, &old)?.expose_secret())?),
    };
    client.old_secret_until = old.as_ref().map(|_| now + overlap);
    client.version += 1;
    client.updated_at = now;
    let old = old.as_deref().zip(client.old_secret_until);
    store::gateway_client::set_secret(&mut tx, id, &sealed, old).await?;
    store::gateway_client::update(&mut tx, &client).await?;
    store::gateway_client::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(gateway_client.id = %id, "gateway secret rotated");
    Ok((client, secret))
}

fn check(
    client: &Client,
    secret: Option<&SecretString>,
    overlap: TimeDelta,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    if let Some(secret) = secret {
        client.protocol.check_secret(&mut problems, secret.expose_secret());
    }
    let fits = (TimeDelta::zero()..=LONGEST_OVERLAP).contains(&overlap);
    problems.expect(fits, "old_counts_for_seconds", "0 to 31536000: up to a year");
    problems.into_result()
}
