//! Our own REST API: for people in a mini-program, for the merchant's servers and tills, and for the administration.

use std::sync::Arc;

use axum::{Router, middleware};
use chrono::{DateTime, SubsecRound, Utc};
use ipnet::IpNet;
use sqlx::PgPool;
use tokio::sync::Notify;
use url::Url;

use crate::{
    clock::Clock,
    http::{code::Code, error::ApiError, extract::Query, request_id},
    issuing::Issuer,
    platform::{baidu::login::Login, webhooks::target::Reach},
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
pub mod described;
pub mod holder;
pub mod import;
pub mod member;
pub mod mini_session;
pub mod openapi;
pub mod placement;
pub mod platform_rules;
pub mod reader;
pub mod reconciliation;
pub mod redemption;
pub mod route;
pub mod secret;
pub mod statistics;
pub mod stock_addition;
pub mod template;
pub mod webhook_endpoint;

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
    /// Asks the platform who has logged in there.
    pub login: Login,
    /// Proxies in front, whose word for the caller's address is believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Where webhooks may go.
    pub webhook_reach: Reach,
    /// Wakes whoever keeps routes in memory, on this server; others see `route_version`.
    pub changed: Arc<Notify>,
}

impl ApiState {
    /// The moment at which a request happens, as exact as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

/// Everything under `/v1`, and its contract.
pub fn router(state: ApiState) -> Router {
    let mut router = Router::new();
    for route in route::all() {
        let guard = middleware::from_fn_with_state((state.clone(), route.asks), auth::guard);
        let mut handler = (route.handler)();
        if route.doc.query.is_none() {
            handler = handler.route_layer(middleware::from_fn(no_query));
        }
        router = router.route(route.path, handler.route_layer(guard));
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .route("/v1/{*rest}", axum::routing::any(not_found))
        .layer(middleware::from_fn(request_id::name))
        .with_state(state)
}

/// Refuses what the handler would not even look at, and somebody may have meant.
async fn no_query(
    _: Query<NoQuery>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    next.run(request).await
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

async fn not_found() -> ApiError {
    ApiError::not_found("there is nothing at this address")
}

async fn method_not_allowed() -> ApiError {
    ApiError::refused(Code::MethodNotAllowed, "this address knows other methods only")
}
