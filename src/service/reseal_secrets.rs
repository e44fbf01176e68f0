//! Looks at everything that is sealed, and seals it anew with the key in front, while servers go on.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    store::{
        self,
        sealed::{SealedKind, SealedValue},
    },
    vault::{self, KeyId, Place, Vault, VaultError},
};

/// What is sealed, and what of it opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// For each key that a value names.
    pub keys: BTreeMap<KeyId, KeyUse>,
    /// Values that do not open: for want of their key, or because they are not what was sealed there.
    pub closed: Vec<Closed>,
}

/// How much one key is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// Values that name it.
    pub values: u64,
    /// Those of them that it opens.
    pub opened: u64,
}

/// A value that does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Where it stands.
    pub place: Place,
    /// Why, without a word of what is in it.
    pub why: String,
}

/// What was sealed anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// So many values.
    pub values: u64,
    /// Values that stay as they are because they do not open.
    pub closed: Vec<Closed>,
}

/// Why nothing more was sealed anew; what was done stays done, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// There is no key to seal with.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Values that are read at once.
const BATCH: i64 = 200;

impl Survey {
    /// The highest id that a value names; a new key goes above it.
    pub fn highest_key(&self) -> Option<KeyId> {
        self.keys.keys().next_back().copied()
    }

    /// All values, whether they open or not.
    pub fn count(&self) -> u64 {
        self.closed.len() as u64 + self.keys.values().map(|key| key.opened).sum::<u64>()
    }
}

/// Tries every sealed value.
pub async fn survey(conn: &mut PgConnection, vault: &Vault) -> sqlx::Result<Survey> {
    let mut survey = Survey::default();
    let mut last = None;
    loop {
        let values = store::sealed::list(conn, last.as_ref(), BATCH).await?;
        for value in &values {
            let place = place(value.kind, value.row);
            let opened = vault.unseal(place, &value.sealed);
            if let Ok(id) = vault::key_id_of(&value.sealed) {
                let key = survey.keys.entry(id).or_default();
                key.values += 1;
                key.opened += u64::from(opened.is_ok());
            }
            if let Err(error) = opened {
                survey.closed.push(Closed { place, why: error.to_string() });
            }
        }
        last = values.into_iter().next_back();
        if last.is_none() {
            return Ok(survey);
        }
    }
}

/// Seals everything anew that another key than the first has sealed. A value that changes meanwhile is looked at again.
pub async fn reseal_secrets(db: &PgPool, vault: &Vault) -> Result<Resealed, ResealError> {
    let mut resealed = Resealed::default();
    loop {
        let pass = pass(db, vault).await?;
        resealed.values += pass.values;
        resealed.closed = pass.closed;
        if pass.values == 0 && !pass.overtaken {
            tracing::info!(values = resealed.values, "secrets sealed anew");
            return Ok(resealed);
        }
    }
}

/// What one walk over all values did.
#[derive(Default)]
struct Pass {
    values: u64,
    /// Somebody else was faster with one of them.
    overtaken: bool,
    closed: Vec<Closed>,
}

async fn pass(db: &PgPool, vault: &Vault) -> Result<Pass, ResealError> {
    let mut pass = Pass::default();
    let mut last = None;
    loop {
        let mut conn = db.acquire().await?;
        let values = store::sealed::list(&mut conn, last.as_ref(), BATCH).await?;
        for value in &values {
            match seal_anew(vault, value) {
                Ok(None) => {}
                Ok(Some(sealed)) if store::sealed::replace(&mut conn, value, &sealed).await? => {
                    pass.values += 1;
                }
                Ok(Some(_)) => pass.overtaken = true,
                Err(error @ (VaultError::NoKey | VaultError::Randomness(_))) => {
                    return Err(error.into());
                }
                Err(error @ (VaultError::NotOurs | VaultError::UnknownKey { .. })) => {
                    let place = place(value.kind, value.row);
                    pass.closed.push(Closed { place, why: error.to_string() });
                }
            }
        }
        last = values.into_iter().next_back();
        if last.is_none() {
            return Ok(pass);
        }
    }
}

/// The value under the first key; `None` when it is already.
fn seal_anew(vault: &Vault, value: &SealedValue) -> Result<Option<Vec<u8>>, VaultError> {
    let first = *vault.key_ids().first().ok_or(VaultError::NoKey)?;
    let place = place(value.kind, value.row);
    // What does not open is told even when its head names the right key.
    let secret = vault.unseal(place, &value.sealed)?;
    if vault::key_id_of(&value.sealed)? == first {
        return Ok(None);
    }
    vault.seal(place, secret.expose_secret()).map(Some)
}

const fn place(kind: SealedKind, row: Uuid) -> Place {
    match kind {
        SealedKind::AppSecret => Place::app_secret(row),
        SealedKind::CallbackSecret => Place::callback_secret(row),
        SealedKind::PlatformToken => Place::platform_token(row),
        SealedKind::CardTicket => Place::card_ticket(row),
        SealedKind::OldWebhookSecret => Place::old_webhook_secret(row),
        SealedKind::KeptAnswer => Place::kept_answer(row),
        SealedKind::GatewaySecret => Place::gateway_secret(row),
        SealedKind::OldGatewaySecret => Place::old_gateway_secret(row),
        SealedKind::GatewaySalt => Place::gateway_salt(row),
        SealedKind::PushSecret => Place::push_secret(row),
        SealedKind::PushToken => Place::push_token(row),
        SealedKind::PushKey => Place::push_key(row),
        SealedKind::PreviousPushToken => Place::previous_push_token(row),
        SealedKind::PreviousPushKey => Place::previous_push_key(row),
    }
}
