//! Our own REST API: for people in a mini-program, for the merchant's servers and tills, and for the administration.

use std::sync::Arc;

use axum::{Router, middleware};
use chrono::{DateTime, SubsecRound, Utc};
use http::{HeaderValue, header::CACHE_CONTROL};
use ipnet::IpNet;
use sqlx::PgPool;
use tokio::sync::Notify;
use tower_http::set_header::SetResponseHeaderLayer;
use url::Url;

use self::{door::Door, export::Exports, limits::Limits};
use crate::{
    clock::Clock,
    http::{code::Code, error::ApiError, request_id},
    issuing::Issuer,
    platform::{baidu::login::Login, webhooks::target::Reach, wechat},
    service::{
        authenticate::Keys, known_terms::KnownTerms, mini_session::Lifetime, password::Passwords,
        redeem::Redeemer,
    },
    vault::Vault,
};

pub mod app;
pub mod auth;
pub mod banner;
pub mod card;
pub mod cart_match;
pub mod channel;
pub mod claim;
pub mod code_import;
pub mod coupon;
pub mod delivery;
pub mod delivery_brief;
pub mod described;
pub mod door;
pub mod dry_run;
pub mod event;
pub mod export;
pub mod gateway_client;
pub mod gateway_grant;
pub mod gateway_rules;
pub mod give_back;
pub mod guessing;
pub mod history;
pub mod holder;
pub mod import;
pub mod key;
pub mod life;
pub mod limits;
pub mod list;
pub mod lock;
pub mod lookup;
pub mod member;
pub mod mini_session;
pub mod offer;
pub mod openapi;
pub mod operator;
pub mod operator_session;
pub mod page;
pub mod person;
pub mod picture;
pub mod placement;
pub mod platform_rules;
pub mod push_address;
pub mod reader;
pub mod reconciliation;
pub mod redemption;
pub mod repetition;
pub mod route;
pub mod secret;
pub mod statistics;
pub mod stock_addition;
pub mod template;
pub mod void;
pub mod wallet;
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
    /// Asks WeChat for people who wait.
    pub wechat: wechat::desk::Desk,
    /// Makes hashes of the passwords of people at work.
    pub passwords: Passwords,
    /// Proxies in front, whose word for the caller's address is believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Where webhooks may go.
    pub webhook_reach: Reach,
    /// Terms that were read before.
    pub known_terms: KnownTerms,
    /// Recognises those at work for the merchant.
    pub keys: Keys,
    /// Uses coupons.
    pub redeemer: Redeemer,
    /// How often callers may ask.
    pub limits: Arc<Limits>,
    /// Room for exports.
    pub exports: Exports,
    /// Wakes whoever keeps routes in memory, on this server; others see `route_version`.
    pub changed: Arc<Notify>,
    /// Wakes whoever keeps gateways' clients in memory, on this server; others see `gateway_version`.
    pub gateway_changed: Arc<Notify>,
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
        let door = || Door { state: state.clone(), route };
        let guard = middleware::from_fn_with_state(door(), auth::guard);
        let remember = middleware::from_fn_with_state(door(), history::remember);
        let once = middleware::from_fn_with_state(door(), repetition::once);
        let guessing = middleware::from_fn_with_state(door(), guessing::slow_guessing);
        let limit = middleware::from_fn_with_state(door(), limits::limit);
        let no_query = middleware::from_fn_with_state(door(), door::refuse_unread_query);
        // The last is the outermost.
        let handler = (route.handler)()
            .route_layer(remember)
            .route_layer(once)
            .route_layer(guessing)
            .route_layer(no_query)
            .route_layer(limit)
            .route_layer(guard);
        router = router.route(route.path, handler);
    }
    // What is told here may be personal, and is true for now, where a handler does not say otherwise.
    let no_store =
        SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    router
        .method_not_allowed_fallback(method_not_allowed)
        .route("/v1/{*rest}", axum::routing::any(not_found))
        .layer(no_store)
        .layer(middleware::from_fn(request_id::name))
        .with_state(state)
}

async fn not_found() -> ApiError {
    ApiError::not_found("there is nothing at this address")
}

async fn method_not_allowed() -> ApiError {
    ApiError::refused(Code::MethodNotAllowed, "this address knows other methods only")
}
