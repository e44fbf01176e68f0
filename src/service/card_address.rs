//! Whose address a platform pushes what happens to cards to: kept in memory, as fresh as the database a quarter of a
//! second ago.

use std::{collections::HashMap, fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;

use super::{
    mirror::{Mirror, Original},
    secret::{self, SecretHash},
};
use crate::{
    clock::Clock,
    domain::id::AppId,
    store::{self, push_address::LiveAddress},
    vault::{KeyId, Place, Vault, VaultError},
};

/// Whom pushes to an address concern, and what they are proved with.
#[derive(Clone)]
pub struct CardAddress {
    /// The account.
    pub app: AppId,
    /// The platform's public name of it.
    pub app_key: String,
    /// What only its platform's room understands.
    pub settings: Value,
    /// Those that count: the present ones first, then those of before while they do.
    pub secrets: Vec<PushSecrets>,
}

/// What pushes are proved with.
#[derive(Clone)]
pub struct PushSecrets {
    /// With which they are signed.
    pub token: SecretString,
    /// With which they are encrypted.
    pub key: SecretString,
}

/// How long those of before count beside the present ones: pushes are sent again for a day.
pub const OVERLAP: TimeDelta = TimeDelta::days(1);

/// All addresses.
pub struct CardAddresses {
    clock: Arc<dyn Clock>,
    mirror: Mirror<Addresses>,
}

/// Where they are read, and what opens their secrets.
struct Addresses {
    vault: Vault,
}

/// What was read.
struct Known {
    by_secret: HashMap<SecretHash, Entry>,
    /// With these keys not everything opened; with others it may.
    closed_with: Option<Vec<KeyId>>,
}

struct Entry {
    address: Arc<CardAddress>,
    /// The same with the secrets of before as well, and until when those count.
    with_previous: Option<(Arc<CardAddress>, DateTime<Utc>)>,
}

impl CardAddresses {
    /// Reads all addresses; `changed` tells of changes made on this server.
    pub async fn open(
        db: PgPool,
        clock: Arc<dyn Clock>,
        vault: Vault,
        changed: Arc<Notify>,
    ) -> sqlx::Result<Self> {
        Ok(Self { clock, mirror: Mirror::open(db, Addresses { vault }, changed).await? })
    }

    /// Whom the address with this secret concerns. One that is not known is looked for in the database once more, since it
    /// may be newer than what is in memory.
    pub async fn find(&self, secret: &str) -> sqlx::Result<Option<Arc<CardAddress>>> {
        match self.look(&secret::hash(secret)) {
            Some(address) => Ok(Some(address)),
            None => self.find_anew(secret).await,
        }
    }

    /// As [`Self::find`], as fresh as the database: for a push that does not fit what is in memory.
    pub async fn find_anew(&self, secret: &str) -> sqlx::Result<Option<Arc<CardAddress>>> {
        self.mirror.refresh().await?;
        Ok(self.look(&secret::hash(secret)))
    }

    /// Keeps up with the database for as long as the server runs.
    pub async fn keep_fresh(&self) {
        self.mirror.keep_fresh().await;
    }

    fn look(&self, hash: &SecretHash) -> Option<Arc<CardAddress>> {
        let known = self.mirror.image();
        let entry = known.by_secret.get(hash)?;
        let previous = entry.with_previous.as_ref().filter(|(_, until)| self.clock.now() < *until);
        Some(Arc::clone(previous.map_or(&entry.address, |(address, _)| address)))
    }
}

impl Original for Addresses {
    type Image = Known;
    const NAME: &'static str = "addresses for pushes";

    async fn version(&self, conn: &mut PgConnection) -> sqlx::Result<i64> {
        store::route::version(conn).await
    }

    async fn read(&self, conn: &mut PgConnection) -> sqlx::Result<Known> {
        let mut known = Known { by_secret: HashMap::new(), closed_with: None };
        for address in store::push_address::list_live(conn).await? {
            let (app, hash) = (address.sealed.app, address.sealed.secret_hash);
            match open(&self.vault, address) {
                Ok(entry) => drop(known.by_secret.insert(hash, entry)),
                Err(error) => {
                    tracing::error!(
                        app.id = %app,
                        error = %error,
                        "What pushes are proved with does not open; they are turned away"
                    );
                    known.closed_with = Some(self.vault.key_ids());
                }
            }
        }
        Ok(known)
    }

    fn is_stale(&self, known: &Known) -> bool {
        known.closed_with.as_ref().is_some_and(|keys| *keys != self.vault.key_ids())
    }
}

fn open(vault: &Vault, address: LiveAddress) -> Result<Entry, VaultError> {
    let LiveAddress { app_key, settings, sealed } = address;
    let row = sealed.app.uuid();
    let present = PushSecrets {
        token: vault.unseal(Place::push_token(row), &sealed.token)?,
        key: vault.unseal(Place::push_key(row), &sealed.key)?,
    };
    let alone = CardAddress { app: sealed.app, app_key, settings, secrets: vec![present] };
    let with_previous = match sealed.previous_token.zip(sealed.previous_key) {
        None => None,
        Some((token, key)) => {
            let mut both = alone.clone();
            both.secrets.push(PushSecrets {
                token: vault.unseal(Place::previous_push_token(row), &token)?,
                key: vault.unseal(Place::previous_push_key(row), &key)?,
            });
            Some((Arc::new(both), sealed.changed_at + OVERLAP))
        }
    };
    Ok(Entry { address: Arc::new(alone), with_previous })
}

/// Without secrets.
impl fmt::Debug for CardAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardAddress").field("app", &self.app).finish_non_exhaustive()
    }
}
