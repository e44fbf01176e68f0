//! Owes an endpoint a message that says nothing, so that people see whether it arrives.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    domain::{
        delivery::DeliveryKind,
        id::{AppId, DeliveryId, EventId},
    },
    store::{self, delivery::owe::Owed},
};

/// Why nothing is sent.
#[derive(Debug, thiserror::Error)]
pub enum TestWebhookEndpointError {
    /// There is none of this id.
    #[error("no such webhook endpoint")]
    NoSuchEndpoint,
    /// It is told of nothing.
    #[error("the endpoint is disabled")]
    Disabled,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Owes it a `webhook.test`; the delivery shows what became of it.
pub async fn test_webhook_endpoint(
    db: &PgPool,
    now: DateTime<Utc>,
    id: AppId,
) -> Result<DeliveryId, TestWebhookEndpointError> {
    let delivery = DeliveryId::new(now);
    let mut tx = store::begin(db).await?;

    let locked = store::webhook_endpoint::lock(&mut tx, id).await?;
    let endpoint = locked.ok_or(TestWebhookEndpointError::NoSuchEndpoint)?;
    if endpoint.disabled_at.is_some() {
        return Err(TestWebhookEndpointError::Disabled);
    }
    let owed = Owed {
        id: delivery,
        app: id,
        kind: DeliveryKind::Webhook,
        subject: delivery.uuid(),
        placement: None,
        identity: EventId::new(now).to_string(),
        payload: json!({
            "type": "webhook.test",
            "timestamp": now.to_rfc3339_opts(SecondsFormat::Micros, true),
            "data": { "endpoint_id": id },
        }),
    };
    store::delivery::owe::owe(&mut tx, now, &owed).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, delivery.id = %delivery, "webhook test owed");
    Ok(delivery)
}
