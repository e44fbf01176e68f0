//! What watchers ask: are you alive, are you ready, how are you.

use std::time::Duration;

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use http::{StatusCode, header};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::telemetry;

#[derive(Clone)]
struct Health {
    db: PgPool,
    stop: CancellationToken,
}

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// `/health/live` and `/health/ready`.
pub(super) fn router(db: PgPool, stop: CancellationToken) -> Router {
    Router::new()
        .route("/health/live", get(async || "alive"))
        .route("/health/ready", get(ready))
        .with_state(Health { db, stop })
}

/// Ready is who can answer a callback now: not stopping, and with a database.
async fn ready(State(health): State<Health>) -> impl IntoResponse {
    if health.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match tokio::time::timeout(PATIENCE, crate::store::ping(&health.db)).await {
        Ok(Ok(())) => (StatusCode::OK, "ready"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "no database"),
    }
}

/// `/metrics`, in the text format of Prometheus.
pub(super) fn metrics_router() -> Router {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics() -> impl IntoResponse {
    let text = telemetry::metrics().map(metrics_exporter_prometheus::PrometheusHandle::render);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, text.unwrap_or_default())
}
