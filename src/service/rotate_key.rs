//! Exchanges an API key for another one of the same name, with a time in which both count.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::{create_key, secret::Fresh};
use crate::{
    domain::{access::Grant, id::KeyId},
    store::{self, api_key::ApiKey},
};

/// Why no key was exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RotateKeyError {
    /// There is none of this id.
    #[error("no such key")]
    NoSuchKey,
    /// It was revoked, or has retired.
    #[error("this key counts no more; make a new one")]
    Over,
    /// A rotation is under way.
    #[error(
        "two keys of this name count already; revoke one of them, or wait until the older retires"
    )]
    TwoAlready,
    /// Nobody gives what they do not have.
    #[error("nobody can grant more than they have")]
    MoreThanYours,
    /// The overlap is negative or very long.
    #[error("both count for 0 seconds to 30 days")]
    Overlap,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(30);

/// A second key of the same name, grant and sources; the first retires when `overlap` is over. By somebody who has
/// `giver`, or by whoever runs this machine.
pub async fn rotate_key(
    db: &PgPool,
    now: DateTime<Utc>,
    id: KeyId,
    overlap: TimeDelta,
    giver: Option<&Grant>,
) -> Result<(ApiKey, Fresh), RotateKeyError> {
    if !(TimeDelta::zero()..=LONGEST_OVERLAP).contains(&overlap) {
        return Err(RotateKeyError::Overlap);
    }
    let mut tx = store::begin(db).await?;

    let old = store::api_key::find(&mut tx, id).await?.ok_or(RotateKeyError::NoSuchKey)?;
    store::api_key::lock_name(&mut tx, &old.name).await?;
    let old = store::api_key::find(&mut tx, id).await?.ok_or(RotateKeyError::NoSuchKey)?;
    if !old.counts_at(now) {
        return Err(RotateKeyError::Over);
    }
    if giver.is_some_and(|giver| !giver.covers(&old.grant)) {
        return Err(RotateKeyError::MoreThanYours);
    }
    if store::api_key::count_live(&mut tx, &old.name, now).await? > 1 {
        return Err(RotateKeyError::TwoAlready);
    }
    let (key, secret) = create_key::fresh(now, old.name, old.grant, old.sources)?;
    store::api_key::retire(&mut tx, id, now + overlap).await?;
    store::api_key::insert(&mut tx, &key, &secret.hash()).await?;

    tx.commit().await?;
    tracing::info!(key.id = %key.id, old = %id, "API key rotated");
    Ok((key, secret))
}
