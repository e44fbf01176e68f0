//! Recognises the holder of an API key.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::secret;
use crate::{
    domain::access::{Actor, Grant},
    store,
};

/// Somebody at work for the merchant.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who, as history names them.
    pub actor: Actor,
    /// For people.
    pub name: String,
    /// What they may do.
    pub grant: Grant,
}

/// How exact the time of last use is: a busy key is not a write per request.
const USE_IS_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Whose key this is; `None` for a mistyped, an unknown and a revoked one alike.
pub async fn authenticate(
    db: &PgPool,
    now: DateTime<Utc>,
    shown: &str,
) -> sqlx::Result<Option<Caller>> {
    if !secret::is_well_typed(shown) {
        return Ok(None);
    }
    let mut conn = db.acquire().await?;
    let Some(key) = store::api_key::find_live(&mut conn, &secret::hash(shown), now).await? else {
        return Ok(None);
    };
    if key.last_used_at.is_none_or(|last| last + USE_IS_NOTED_EVERY <= now) {
        store::api_key::mark_used(&mut conn, key.id, now).await?;
    }
    Ok(Some(Caller { actor: Actor::Key(key.id), name: key.name, grant: key.grant }))
}
