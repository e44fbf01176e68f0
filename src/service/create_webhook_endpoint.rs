//! Adds an endpoint of the merchant's that is told of what happens.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::secret::Fresh;
use crate::{
    domain::{
        event::{self, EventKind},
        id::AppId,
        problem::Problem,
    },
    store::{self, webhook_endpoint::Endpoint},
    vault::{Place, Vault, VaultError},
};

/// The endpoint to add. Its address was checked where it is understood.
#[derive(Debug)]
pub struct NewEndpoint {
    /// For people.
    pub name: String,
    /// Where it is called.
    pub url: String,
    /// What it wants to hear of.
    pub kinds: Vec<EventKind>,
}

/// Why no endpoint was added.
#[derive(Debug, thiserror::Error)]
pub enum CreateWebhookEndpointError {
    /// Name or kinds will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The secret cannot be sealed, so it is not made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// A rush of claims is to arrive while it lasts, and a small server is to stand it; the channel's route changes it.
const CALLS_PER_SECOND: f64 = 100.0;
const BURST: f64 = 200.0;

/// Adds it with a secret, which is known in the clear this once, and the channel on which it is called.
pub async fn create_webhook_endpoint(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    new: NewEndpoint,
) -> Result<(Endpoint, Fresh), CreateWebhookEndpointError> {
    let NewEndpoint { name, url, kinds } = new;
    event::check_endpoint(&name, &kinds).map_err(CreateWebhookEndpointError::Invalid)?;
    let id = AppId::new(now);
    let secret = Fresh::random_webhook().map_err(VaultError::from)?;
    let sealed = vault.seal(Place::app_secret(id.uuid()), secret.reveal())?;
    let endpoint = Endpoint {
        id,
        name,
        url,
        kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        old_secret_until: None,
        disabled_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let mut tx = store::begin(db).await?;

    store::webhook_endpoint::insert(&mut tx, &endpoint).await?;
    store::app::set_secret(&mut tx, id, Some(&sealed)).await?;
    store::channel::insert(&mut tx, now, id).await?;
    let (rate, burst) = (Some(CALLS_PER_SECOND), Some(BURST));
    store::channel::set_rate(&mut tx, now, id, rate, burst).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "webhook endpoint added");
    Ok((endpoint, secret))
}
