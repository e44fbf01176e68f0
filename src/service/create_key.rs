//! Makes an API key.

use chrono::{DateTime, Utc};
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

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// The name will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// So much of a key is kept readable, for people to tell keys apart; the other 214 random bits are not.
const SHOWN: usize = 10;

/// A new key; the secret is to be shown once.
pub async fn create_key(
    db: &PgPool,
    now: DateTime<Utc>,
    name: &str,
    grant: impl Into<Grant>,
) -> Result<(ApiKey, Fresh), CreateKeyError> {
    check(name).map_err(CreateKeyError::Invalid)?;
    let secret = Fresh::random_checked("kq_")?;
    let key = ApiKey {
        id: KeyId::new(now),
        name: name.to_owned(),
        grant: grant.into(),
        sources: Vec::new(),
        prefix: secret.reveal().chars().take(SHOWN).collect(),
        created_at: now,
        last_used_at: None,
        retires_at: None,
        revoked_at: None,
    };
    let mut conn = db.acquire().await?;
    store::api_key::insert(&mut conn, &key, &secret.hash()).await?;
    tracing::info!(key.id = %key.id, grant = ?key.grant, "API key made");
    Ok((key, secret))
}

fn check(name: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let fits = (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control);
    problems.expect(fits, "name", "1 to 64 characters");
    problems.into_result()
}
