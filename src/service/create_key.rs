//! Makes an API key.

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use sqlx::PgPool;

use super::secret::Fresh;
use crate::{
    domain::{
        access::Grant,
        id::KeyId,
        problem::{Problem, Problems},
    },
    store::{self, api_key::ApiKey},
};

/// A key that is wanted.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// For people.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// Networks it may come from; empty for anywhere.
    pub sources: Vec<IpNet>,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// Name, scopes or sources will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// A key of this name counts; its successor is made by rotating it.
    #[error("a key of this name is in use; rotate it, or choose another name")]
    NameTaken,
    /// Nobody gives what they do not have.
    #[error("nobody can grant more than they have")]
    MoreThanYours,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// So much of a key is kept readable, for people to tell keys apart; the other 214 random bits are not.
const SHOWN: usize = 10;

/// A new key for use from anywhere; the secret is to be shown once.
pub async fn create_key(
    db: &PgPool,
    now: DateTime<Utc>,
    name: &str,
    grant: impl Into<Grant>,
) -> Result<(ApiKey, Fresh), CreateKeyError> {
    let new = NewKey { name: name.to_owned(), grant: grant.into(), sources: Vec::new() };
    create_key_by(db, now, new, None).await
}

/// A new key, made by somebody who has `giver`, or by whoever runs this machine; the secret is to be shown once.
pub async fn create_key_by(
    db: &PgPool,
    now: DateTime<Utc>,
    new: NewKey,
    giver: Option<&Grant>,
) -> Result<(ApiKey, Fresh), CreateKeyError> {
    check(&new).map_err(CreateKeyError::Invalid)?;
    if giver.is_some_and(|giver| !giver.covers(&new.grant)) {
        return Err(CreateKeyError::MoreThanYours);
    }
    let sources = new.sources.iter().map(ToString::to_string).collect();
    let (key, secret) = fresh(now, new.name, new.grant, sources)?;
    let mut tx = store::begin(db).await?;

    store::api_key::lock_name(&mut tx, &key.name).await?;
    if store::api_key::count_live(&mut tx, &key.name, now).await? > 0 {
        return Err(CreateKeyError::NameTaken);
    }
    store::api_key::insert(&mut tx, &key, &secret.hash()).await?;

    tx.commit().await?;
    tracing::info!(key.id = %key.id, grant = ?key.grant, "API key made");
    Ok((key, secret))
}

/// A key that is nowhere yet.
pub(super) fn fresh(
    now: DateTime<Utc>,
    name: String,
    grant: Grant,
    sources: Vec<String>,
) -> Result<(ApiKey, Fresh), rand::rngs::SysError> {
    let secret = Fresh::random_checked("kq_")?;
    let key = ApiKey {
        id: KeyId::new(now),
        name,
        grant,
        sources,
        prefix: secret.reveal().chars().take(SHOWN).collect(),
        created_at: now,
        last_used_at: None,
        retires_at: None,
        revoked_at: None,
    };
    Ok((key, secret))
}

fn check(new: &NewKey) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let name = &new.name;
    let fits = (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control);
    problems.expect(fits, "name", "1 to 64 characters");
    let scopes = match &new.grant {
        Grant::Role(_) => true,
        Grant::Scopes(scopes) => (1..=4).contains(&scopes.len()),
    };
    problems.expect(scopes, "scopes", "1 to 4 scopes, each once");
    problems.expect(new.sources.len() <= 64, "sources", "at most 64 networks");
    problems.into_result()
}
