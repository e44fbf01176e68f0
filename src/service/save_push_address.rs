//! Gives an account an address for pushes, or what is there other secrets; and takes it away.

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::{
    card_address::PushSecrets,
    secret::{self, Fresh},
};
use crate::{
    domain::{id::AppId, problem::Problem},
    store::{self, push_address::SealedAddress},
    vault::{Place, Vault, VaultError},
};

/// What pushes are to be proved with; what is left out is made up.
#[derive(Default)]
pub struct NewPushSecrets {
    /// With which they are signed.
    pub token: Option<SecretString>,
    /// With which they are encrypted.
    pub key: Option<SecretString>,
}

/// Checks token and key, as their platform understands them.
pub type PushSecretsLint = fn(Option<&str>, Option<&str>) -> Result<(), Vec<Problem>>;

/// An address in the clear.
#[derive(Clone)]
pub struct PushAddress {
    /// The secret part of it.
    pub secret: SecretString,
    /// What pushes to it are proved with.
    pub secrets: PushSecrets,
    /// When there first was one.
    pub created_at: DateTime<Utc>,
    /// Since when token and key are what they are.
    pub changed_at: DateTime<Utc>,
    /// Whether those of before may count beside them.
    pub has_previous: bool,
}

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub enum PushAddressError {
    /// Token or key will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// Its platform pushes nothing.
    #[error("the platform of this app pushes nothing about cards")]
    PushesNothing,
    /// It was never made, or is gone.
    #[error("this app has no address for pushes")]
    NoAddress,
    /// A secret cannot be made, sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Letters of a token and of a key that are made up; as many as WeChat takes, for it is the only platform that pushes.
const TOKEN: usize = 32;
const KEY: usize = 43;

/// Gives the account an address, in the clear. One that it has stays what it is, with another token and another key; those of
/// before count beside them for [`OVERLAP`](super::card_address::OVERLAP).
pub async fn save_push_address(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    app: AppId,
    new: NewPushSecrets,
    lint: PushSecretsLint,
) -> Result<PushAddress, PushAddressError> {
    let (token, key) = (new.token.as_ref(), new.key.as_ref());
    lint(token.map(ExposeSecret::expose_secret), key.map(ExposeSecret::expose_secret))
        .map_err(PushAddressError::Invalid)?;
    let secrets =
        PushSecrets { token: or_random::<TOKEN>(new.token)?, key: or_random::<KEY>(new.key)? };
    let row = app.uuid();
    let mut tx = store::begin(db).await?;

    let locked = store::app::lock(&mut tx, app).await?.ok_or(PushAddressError::NoSuchApp)?;
    if !locked.platform.gives_by_itself() {
        return Err(PushAddressError::PushesNothing);
    }
    let present = store::push_address::find(&mut tx, app).await?;
    let present = present.map(|sealed| open(vault, &sealed)).transpose()?;
    let secret = match &present {
        Some(present) => present.secret.clone(),
        None => Fresh::random("").map_err(VaultError::from)?.reveal().into(),
    };
    let seal = |place, secret: &SecretString| vault.seal(place, secret.expose_secret());
    let sealed = SealedAddress {
        app,
        secret_hash: secret::hash(secret.expose_secret()),
        secret: seal(Place::push_secret(row), &secret)?,
        token: seal(Place::push_token(row), &secrets.token)?,
        key: seal(Place::push_key(row), &secrets.key)?,
        previous_token: present
            .as_ref()
            .map(|present| seal(Place::previous_push_token(row), &present.secrets.token))
            .transpose()?,
        previous_key: present
            .as_ref()
            .map(|present| seal(Place::previous_push_key(row), &present.secrets.key))
            .transpose()?,
        created_at: present.as_ref().map_or(now, |present| present.created_at),
        changed_at: now,
    };
    store::push_address::put(&mut tx, &sealed).await?;
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(app.id = %app, "push address saved");
    Ok(PushAddress {
        secret,
        secrets,
        created_at: sealed.created_at,
        changed_at: now,
        has_previous: present.is_some(),
    })
}

/// The address of an account, in the clear.
pub async fn show_push_address(
    db: &PgPool,
    vault: &Vault,
    app: AppId,
) -> Result<PushAddress, PushAddressError> {
    let mut conn = db.acquire().await?;
    if store::app::find(&mut conn, app).await?.is_none() {
        return Err(PushAddressError::NoSuchApp);
    }
    let sealed = store::push_address::find(&mut conn, app).await?;
    Ok(open(vault, &sealed.ok_or(PushAddressError::NoAddress)?)?)
}

/// Takes the address of an account away: from now on nobody is known there.
pub async fn remove_push_address(db: &PgPool, app: AppId) -> Result<(), PushAddressError> {
    let mut tx = store::begin(db).await?;

    store::app::lock(&mut tx, app).await?.ok_or(PushAddressError::NoSuchApp)?;
    if !store::push_address::delete(&mut tx, app).await? {
        return Err(PushAddressError::NoAddress);
    }
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(app.id = %app, "push address removed");
    Ok(())
}

fn open(vault: &Vault, sealed: &SealedAddress) -> Result<PushAddress, VaultError> {
    let row = sealed.app.uuid();
    Ok(PushAddress {
        secret: vault.unseal(Place::push_secret(row), &sealed.secret)?,
        secrets: PushSecrets {
            token: vault.unseal(Place::push_token(row), &sealed.token)?,
            key: vault.unseal(Place::push_key(row), &sealed.key)?,
        },
        created_at: sealed.created_at,
        changed_at: sealed.changed_at,
        has_previous: sealed.previous_key.is_some(),
    })
}

/// The one that somebody chose, or one of random letters and digits.
fn or_random<const LENGTH: usize>(
    secret: Option<SecretString>,
) -> Result<SecretString, VaultError> {
    match secret {
        Some(secret) => Ok(secret),
        None => Ok(secret::random_letters::<LENGTH>()?.into()),
    }
}

/// Only when it came to be what it is.
impl fmt::Debug for PushAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushAddress").field("changed_at", &self.changed_at).finish_non_exhaustive()
    }
}
