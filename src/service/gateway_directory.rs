//! Who calls in a protocol of the merchant's: kept in memory, as fresh as the database a quarter of a second ago.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;

use super::mirror::{Mirror, Original};
use crate::{
    clock::Clock,
    domain::{
        gateway::Protocol,
        id::{GatewayClientId, GatewayGrantId},
        sight::Sight,
    },
    store::{
        self,
        gateway_client::{Client, SealedSecrets},
        gateway_grant::Grant,
    },
    vault::{KeyId, Place, Vault, VaultError},
};

/// A front end of the merchant's, as it is at one moment.
#[derive(Clone)]
pub struct GatewayClient {
    /// Ours.
    pub id: GatewayClientId,
    /// In which it speaks.
    pub protocol: Protocol,
    /// By which it names itself.
    pub name: String,
    /// What only the protocol's room understands.
    pub settings: Value,
    /// What it sees, where it has no grants.
    pub sight: Sight,
    /// Those that count: the present one first, then the one before while it does.
    pub secrets: Vec<SecretString>,
    /// With which answers are signed, in protocols that do.
    pub salt: Option<SecretString>,
    /// What it acts for, where it has grants; only those that count.
    pub grants: Vec<GatewayGrant>,
}

/// What a front end acts for.
#[derive(Clone)]
pub struct GatewayGrant {
    /// Ours.
    pub id: GatewayGrantId,
    /// By which the client names it.
    pub code: String,
    /// What it sees.
    pub sight: Sight,
    /// What it may do, in the protocol's words; `None` for everything.
    pub actions: Option<Vec<String>>,
    /// Which shops exist for it; `None` for any.
    pub stores: Option<Vec<String>>,
}

/// All clients that are not disabled.
pub struct GatewayDirectory {
    clock: Arc<dyn Clock>,
    mirror: Mirror<Clients>,
}

/// Where they are read, and what opens their secrets.
struct Clients {
    vault: Vault,
}

/// What was read.
struct Known {
    by_name: HashMap<Protocol, HashMap<String, Entry>>,
    /// With these keys not everything opened; with others it may.
    closed_with: Option<Vec<KeyId>>,
}

struct Entry {
    client: Arc<GatewayClient>,
    /// The same with the secret before the present one as well, and until when that counts.
    with_old_secret: Option<(Arc<GatewayClient>, DateTime<Utc>)>,
}

impl GatewayDirectory {
    /// Reads all clients; `changed` tells of changes made on this server.
    pub async fn open(
        db: PgPool,
        clock: Arc<dyn Clock>,
        vault: Vault,
        changed: Arc<Notify>,
    ) -> sqlx::Result<Self> {
        Ok(Self { clock, mirror: Mirror::open(db, Clients { vault }, changed).await? })
    }

    /// Who names itself so; one that is not known is looked for in the database once more, since it may be newer than what
    /// is in memory.
    pub async fn find(
        &self,
        protocol: Protocol,
        name: &str,
    ) -> sqlx::Result<Option<Arc<GatewayClient>>> {
        match self.look(protocol, name) {
            Some(client) => Ok(Some(client)),
            None => self.find_anew(protocol, name).await,
        }
    }

    /// As [`Self::find`], as fresh as the database: for a signature or a grant that does not fit what is in memory.
    pub async fn find_anew(
        &self,
        protocol: Protocol,
        name: &str,
    ) -> sqlx::Result<Option<Arc<GatewayClient>>> {
        self.mirror.refresh().await?;
        Ok(self.look(protocol, name))
    }

    /// Keeps up with the database for as long as the server runs.
    pub async fn keep_fresh(&self) {
        self.mirror.keep_fresh().await;
    }

    fn look(&self, protocol: Protocol, name: &str) -> Option<Arc<GatewayClient>> {
        let known = self.mirror.image();
        let entry = known.by_name.get(&protocol)?.get(name)?;
        let old = entry.with_old_secret.as_ref().filter(|(_, until)| self.clock.now() < *until);
        Some(Arc::clone(old.map_or(&entry.client, |(client, _)| client)))
    }
}

impl Original for Clients {
    type Image = Known;
    const NAME: &'static str = "gateways' clients";

    async fn version(&self, conn: &mut PgConnection) -> sqlx::Result<i64> {
        store::gateway_client::version(conn).await
    }

    async fn read(&self, conn: &mut PgConnection) -> sqlx::Result<Known> {
        let clients = store::gateway_client::list_live(conn).await?;
        let mut grants: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for grant in store::gateway_grant::list_live(conn).await? {
            grants.entry(grant.client).or_default().push(GatewayGrant::from(grant));
        }
        let keys = self.vault.key_ids();
        let mut known = Known { by_name: HashMap::new(), closed_with: None };
        for (client, sealed) in clients {
            let (id, protocol, name) = (client.id, client.protocol, client.name.clone());
            let grants = grants.remove(&id).unwrap_or_default();
            match open(&self.vault, client, &sealed, grants) {
                Ok(entry) => {
                    known.by_name.entry(protocol).or_default().insert(name, entry);
                }
                Err(error) => {
                    tracing::error!(
                        gateway_client.id = %id,
                        error = %error,
                        "A secret of a gateway's client does not open; the client is turned away"
                    );
                    known.closed_with = Some(keys.clone());
                }
            }
        }
        Ok(known)
    }

    fn is_stale(&self, known: &Known) -> bool {
        known.closed_with.as_ref().is_some_and(|keys| *keys != self.vault.key_ids())
    }
}

fn open(
    vault: &Vault,
    client: Client,
    sealed: &SealedSecrets,
    grants: Vec<GatewayGrant>,
) -> Result<Entry, VaultError> {
    let row = client.id.uuid();
    let secret = vault.unseal(Place::gateway_secret(row), &sealed.secret)?;
    let unseal = |place, sealed: &Option<Vec<u8>>| {
        sealed.as_deref().map(|sealed| vault.unseal(place, sealed)).transpose()
    };
    let old_secret = unseal(Place::old_gateway_secret(row), &sealed.old_secret)?;
    let salt = unseal(Place::gateway_salt(row), &sealed.salt)?;
    let alone = GatewayClient {
        id: client.id,
        protocol: client.protocol,
        name: client.name,
        settings: client.settings,
        sight: client.apps.into(),
        secrets: vec![secret],
        salt,
        grants,
    };
    let with_old_secret = old_secret.zip(client.old_secret_until).map(|(old, until)| {
        let mut both = alone.clone();
        both.secrets.push(old);
        (Arc::new(both), until)
    });
    Ok(Entry { client: Arc::new(alone), with_old_secret })
}

impl From<Grant> for GatewayGrant {
    fn from(grant: Grant) -> Self {
        let Grant { id, code, apps, actions, stores, .. } = grant;
        Self { id, code, sight: apps.into(), actions, stores }
    }
}

/// Neither the name nor a secret.
impl fmt::Debug for GatewayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, protocol, .. } = self;
        f.debug_struct("GatewayClient")
            .field("id", id)
            .field("protocol", protocol)
            .finish_non_exhaustive()
    }
}

/// Without the code.
impl fmt::Debug for GatewayGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayGrant").field("id", &self.id).finish_non_exhaustive()
    }
}
