//! Ends what a front end of the merchant's may act for.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::id::GatewayGrantId,
    store::{self, gateway_grant::Grant},
};

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeGatewayGrantError {
    /// There is none of this id.
    #[error("no such gateway grant")]
    NoSuchGrant,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Lets a grant count no more; one that was revoked before stays as it is. Every server knows within a quarter of a second.
pub async fn revoke_gateway_grant(
    db: &PgPool,
    now: DateTime<Utc>,
    id: GatewayGrantId,
) -> Result<Grant, RevokeGatewayGrantError> {
    let mut tx = store::begin(db).await?;

    let locked = store::gateway_grant::lock(&mut tx, id).await?;
    let mut grant = locked.ok_or(RevokeGatewayGrantError::NoSuchGrant)?;
    if grant.revoked_at.is_some() {
        return Ok(grant);
    }
    grant.revoked_at = Some(now);
    store::gateway_grant::mark_revoked(&mut tx, id, now).await?;
    store::gateway_client::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(gateway_grant.id = %id, "gateway grant revoked");
    Ok(grant)
}
