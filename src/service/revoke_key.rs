//! Stops an API key.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::id::KeyId,
    store::{self, api_key::ApiKey},
};

/// Stops a key from its next request on; again changes nothing. `None` when there is no such key.
pub async fn revoke_key(
    db: &PgPool,
    now: DateTime<Utc>,
    key: KeyId,
) -> sqlx::Result<Option<ApiKey>> {
    let mut conn = db.acquire().await?;
    let revoked = store::api_key::revoke(&mut conn, key, now).await?;
    if revoked.is_some() {
        tracing::info!(key.id = %key, "API key revoked");
    }
    Ok(revoked)
}
