//! Our own REST API: for people in a mini-program, for the merchant's servers and tills, and for the administration.

use std::sync::Arc;

use axum::{Router, middleware};
use chrono::{DateTime, SubsecRound, Utc};
use sqlx::PgPool;
use tokio::sync::Notify;
use url::Url;

use self::export::Exports;
use crate::{
    clock::Clock,
    http::{error::ApiError, request_id},
    issuing::Issuer,
    service::mini_session::Lifetime,
    vault::Vault,
};

pub mod app;
pub mod auth;
pub mod banner;
pub mod channel;
pub mod claim;
pub mod code_import;
pub mod coupon;
pub mod delivery;
pub mod delivery_brief;
pub mod export;
pub mod import;
pub mod member;
pub mod placement;
pub mod platform_rules;
pub mod reconciliation;
pub mod redemption;
pub mod route;
pub mod secret;
pub mod statistics;
pub mod stock_addition;
pub mod template;

/// What the handlers share.
#[derive(Clone)]
pub struct ApiState {
    /// The database.
    pub db: PgPool,
    /// What seals secrets there.
    pub vault: Vault,
    /// Issues.
    pub issuer: Issuer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where platforms reach us; callback addresses begin with it.
    pub public_url: Url,
    /// How long people stay who came through a mini-program.
    pub lifetime: Lifetime,
    /// Room for exports.
    pub exports: Exports,
    /// Wakes whoever keeps routes in memory, on this server; others see `route_version`.
    pub changed: Arc<Notify>,
}

impl ApiState {
    /// The moment at which a request happens, as exact as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

/// Everything under `/v1`.
pub fn router(state: ApiState) -> Router {
    let mut router = Router::new();
    for route in route::all() {
        let guard = middleware::from_fn_with_state((state.clone(), route.asks), auth::guard);
        router = router.route(route.path, (route.handler)().route_layer(guard));
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .route("/v1/{*rest}", axum::routing::any(not_found))
        .layer(middleware::from_fn(request_id::name))
        .with_state(state)
}

async fn not_found() -> ApiError {
    ApiError::not_found("there is nothing at this address")
}

async fn method_not_allowed() -> ApiError {
    let status = http::StatusCode::METHOD_NOT_ALLOWED;
    ApiError::refused(status, "method_not_allowed", "this address knows other methods only")
}
