//! Adds a front end of the merchant's that calls in a protocol of its own.

use std::{collections::HashSet, fmt};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::secret::{Fresh, random_hex};
use crate::{
    domain::{
        gateway::{self, Protocol, SettingsLint},
        id::{AppId, GatewayClientId},
        problem::{Problem, Problems},
        sight::Sight,
    },
    store::{
        self,
        gateway_client::{Client, SealedSecrets},
        violates,
    },
    vault::{Place, Vault, VaultError},
};

/// The client to add.
pub struct NewGatewayClient {
    /// In which it speaks.
    pub protocol: Protocol,
    /// By which it names itself; made up where the protocol asks for nothing in particular.
    pub name: Option<String>,
    /// What only the protocol's room understands.
    pub settings: Value,
    /// What it sees; everything where it has grants, which say it instead.
    pub sight: Sight,
    /// With which it signs, if it does so already; otherwise one is made.
    pub secret: Option<SecretString>,
    /// With which it expects answers to be signed, if it does so already; otherwise one is made where there is any.
    pub salt: Option<SecretString>,
}

/// A client that was made, with what is shown this once.
#[derive(Debug)]
pub struct MadeGatewayClient {
    /// As it is now.
    pub client: Client,
    /// With which it signs.
    pub secret: SecretString,
    /// With which answers to it are signed, in protocols that do.
    pub salt: Option<SecretString>,
}

/// Why no client was added.
#[derive(Debug, thiserror::Error)]
pub enum CreateGatewayClientError {
    /// Something that was said will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// It is to see an app that is none.
    #[error("there is no app {0}")]
    NoSuchApp(AppId),
    /// There is a client of this name, if only a disabled one.
    #[error("there is a client of this name; give it a new secret, or choose another name")]
    NameTaken,
    /// The secrets cannot be made or sealed, so there are none.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds it; what is secret is known in the clear this once.
pub async fn create_gateway_client(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    new: NewGatewayClient,
    lint: SettingsLint,
) -> Result<MadeGatewayClient, CreateGatewayClientError> {
    check(&new, lint).map_err(CreateGatewayClientError::Invalid)?;
    let (protocol, id) = (new.protocol, GatewayClientId::new(now));
    let secret = or_fresh(new.secret)?;
    let salt = match new.salt {
        None if protocol.salts_answers() => Some(random_hex(16).map_err(VaultError::from)?.into()),
        salt => salt,
    };
    let sealed = seal(vault, id, &secret, salt.as_ref())?;
    let client = Client {
        id,
        protocol,
        name: new.name.map_or_else(|| random_hex(16).map_err(VaultError::from), Ok)?,
        settings: new.settings,
        apps: new.sight.into(),
        old_secret_until: None,
        version: 1,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    let mut tx = store::begin(db).await?;

    if let Some(app) = find_unknown(&mut tx, client.apps.as_deref()).await? {
        return Err(CreateGatewayClientError::NoSuchApp(app));
    }
    store::gateway_client::insert(&mut tx, &client, &sealed).await.map_err(|error| {
        if violates(&error, "gateway_client_one_per_name") {
            CreateGatewayClientError::NameTaken
        } else {
            error.into()
        }
    })?;
    store::gateway_client::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(gateway_client.id = %id, %protocol, "gateway client added");
    Ok(MadeGatewayClient { client, secret, salt })
}

/// The first of these that is no app of the merchant's.
pub(super) async fn find_unknown(
    conn: &mut PgConnection,
    apps: Option<&[AppId]>,
) -> sqlx::Result<Option<AppId>> {
    let Some(apps) = apps else { return Ok(None) };
    let ids: Vec<_> = apps.iter().map(|app| app.uuid()).collect();
    Ok(store::app::list_missing(conn, &ids).await?.into_iter().next())
}

/// The one that somebody chose, or a random one of 256 bits.
pub(super) fn or_fresh(secret: Option<SecretString>) -> Result<SecretString, VaultError> {
    match secret {
        Some(secret) => Ok(secret),
        None => Ok(Fresh::random("")?.reveal().into()),
    }
}

/// Checks which apps somebody is to see.
pub(super) fn check_sight(problems: &mut Problems, sight: &Sight) {
    if let Sight::Only(apps) = sight {
        let once = apps.iter().collect::<HashSet<_>>().len() == apps.len();
        let fits = (1..=100).contains(&apps.len()) && once;
        problems.expect(fits, "apps", "1 to 100 apps, each once; left out for all");
    }
}

/// Checks what a client sees where its grants say it.
pub(super) fn check_whose_sight(problems: &mut Problems, protocol: Protocol, sight: &Sight) {
    let fits = !protocol.has_grants() || *sight == Sight::All;
    problems.expect(fits, "apps", "left out: each grant says which apps it sees");
}

fn check(new: &NewGatewayClient, lint: SettingsLint) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let protocol = new.protocol;
    match &new.name {
        Some(name) => protocol.check_name(&mut problems, name),
        None => problems.expect(
            protocol == Protocol::Zvcms,
            "name",
            "the client_type that front ends send",
        ),
    }
    check_sight(&mut problems, &new.sight);
    check_whose_sight(&mut problems, protocol, &new.sight);
    if let Some(secret) = &new.secret {
        protocol.check_secret(&mut problems, secret.expose_secret());
    }
    if let Some(salt) = &new.salt {
        problems.expect(protocol.salts_answers(), "salt", "left out: answers are not signed");
        gateway::check_salt(&mut problems, salt.expose_secret());
    }
    problems.join(lint(protocol, &new.settings));
    problems.into_result()
}

fn seal(
    vault: &Vault,
    id: GatewayClientId,
    secret: &SecretString,
    salt: Option<&SecretString>,
) -> Result<SealedSecrets, VaultError> {
    let seal_salt =
        |salt: &SecretString| vault.seal(Place::gateway_salt(id.uuid()), salt.expose_secret());
    Ok(SealedSecrets {
        client: id,
        secret: vault.seal(Place::gateway_secret(id.uuid()), secret.expose_secret())?,
        old_secret: None,
        salt: salt.map(seal_salt).transpose()?,
    })
}

/// Neither the name nor a secret.
impl fmt::Debug for NewGatewayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewGatewayClient").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}
