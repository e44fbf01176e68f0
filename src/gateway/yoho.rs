//! The Yoho app promotion API: one address, an operation named by a parameter, requests signed with a key, and answers that
//! carry a digest of what they say.

mod argument;
mod center;
mod claiming;
mod door;
mod envelope;
mod limits;
mod listing;
pub mod method;
mod order;
mod params;
mod refusal;
pub mod settings;
mod sign;
mod wallet;
mod wire;

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::Request,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{Method as Verb, StatusCode, header, request::Parts};
use ipnet::IpNet;
use tower_http::catch_panic::CatchPanicLayer;

use self::{
    envelope::{Said, empty},
    limits::Limits,
    method::Method,
    params::Params,
    refusal::Refusal,
};
use crate::{
    config::yoho::Yoho as Settings,
    domain::{access::Actor, event::Cause},
    http::{
        client_address::{client_address_of, network_of},
        request_id,
    },
    service::{
        desk::Desk,
        gateway_directory::{GatewayClient, GatewayDirectory},
    },
};

/// What the protocol is served with; cheap to clone.
#[derive(Clone)]
pub struct Yoho {
    desk: Desk,
    directory: Arc<GatewayDirectory>,
    settings: Arc<Settings>,
    limits: Arc<Limits>,
    /// Hops whose word about the caller's address is taken.
    trusted_proxies: Arc<[IpNet]>,
}

/// A request whose client is known.
struct Call<'a> {
    params: &'a Params<'a>,
    client: &'a GatewayClient,
    /// Whether the client has signed it; what anybody may send is about nobody.
    is_signed: bool,
}

/// The longest form that is read.
const LONGEST_FORM: usize = 64 * 1024;
/// How long it may take to arrive.
const FORM_PATIENCE: Duration = Duration::from_secs(5);

impl Yoho {
    /// Nobody has called yet.
    pub fn new(
        desk: Desk,
        directory: Arc<GatewayDirectory>,
        settings: &Settings,
        trusted_proxies: Arc<[IpNet]>,
    ) -> Self {
        let limits = Arc::new(Limits::new(settings));
        Self { desk, directory, settings: Arc::new(settings.clone()), limits, trusted_proxies }
    }
}

/// The addresses of the settings.
pub fn router(state: Yoho) -> Router {
    let mut router = Router::new();
    for path in &state.settings.paths {
        // A GET can claim, so nobody may send one whose answer is thrown away.
        let serve = || get(answer).post(answer).head(no_such_verb);
        router = router.route(path, serve());
        if path != "/" {
            router = router.route(&format!("{path}/"), serve());
        }
    }
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(request_id::name))
        .with_state(state)
}

async fn no_such_verb() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("A request was dropped by a panic");
    empty(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn answer(State(state): State<Yoho>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let form = match read_form(&parts, body).await {
        Ok(form) => form,
        Err(refusal) => return unread(refusal),
    };
    let params = match Params::read(parts.uri.query().unwrap_or_default(), &form) {
        Ok(params) => params,
        Err(why) => return tell(None, Err(why.into())),
    };
    let network = || client_address_of(&parts, &state.trusted_proxies).map(network_of);
    let method = params.get("method").and_then(Method::parse);
    tell(method, state.serve(&params, method, network).await)
}

impl Yoho {
    /// What is said, and to whom.
    async fn serve(
        &self,
        params: &Params<'_>,
        method: Option<Method>,
        network: impl Fn() -> Option<IpNet>,
    ) -> Result<(Said<'_>, Arc<GatewayClient>), Refusal> {
        let (client, is_signed) = self.admit(params, method).await?;
        let call = Call { params, client: &client, is_signed };
        let said = match (self.serve_client(&call, method, network).await, method) {
            (Err(refusal), Some(Method::CouponSend)) => claiming::in_full(&refusal)?,
            (said, _) => said?,
        };
        Ok((said, client))
    }

    async fn serve_client(
        &self,
        call: &Call<'_>,
        method: Option<Method>,
        network: impl Fn() -> Option<IpNet>,
    ) -> Result<Said<'_>, Refusal> {
        let now = self.since_start();
        match network() {
            Some(network) if !call.is_signed => self.limits.of_strangers(now, network)?,
            _ => self.limits.of_client(now, call.client.id)?,
        }
        self.perform(method.ok_or(Refusal::UnknownMethod)?, call).await
    }

    async fn perform(&self, method: Method, call: &Call<'_>) -> Result<Said<'_>, Refusal> {
        match method {
            Method::QueryCoupon => self.query_coupon(call).await,
            Method::QueryBirthCoupon => self.query_birth_coupon(call).await,
            Method::GetCoupon => self.get_coupon(call).await,
            Method::GetBatchCoupon => self.get_batch_coupon(call).await,
            Method::QueryCouponCenter => self.query_coupon_center(call).await,
            Method::CouponStatus => self.coupon_status(call).await,
            Method::Lists => self.lists(call).await,
            Method::Li => self.li(call).await,
            Method::Total => self.total(call).await,
            Method::CouponSend => self.coupon_send(call).await,
            Method::UseCoupon => self.use_coupon(call).await,
            Method::ConfirmCouponUse => self.confirm_coupon_use(call).await,
            Method::CancelOrderCouponUse => self.cancel_order_coupon_use(call).await,
        }
    }

    fn since_start(&self) -> Duration {
        self.limits.now(self.desk.clock.instead_of_database())
    }
}

impl Call<'_> {
    /// Who makes something happen, and with which request.
    fn cause(&self) -> Cause {
        Cause { actor: Actor::Client(self.client.id), request: request_id::current() }
    }
}

/// The answer, noted under what was asked and what came of it.
fn tell(method: Option<Method>, said: Result<(Said<'_>, Arc<GatewayClient>), Refusal>) -> Response {
    let outcome = match &said {
        Ok((Said { code: 200, .. }, _)) => "ok",
        Ok(_) => "refused",
        Err(refusal) => refusal.outcome(),
    };
    let method = method.map_or("", Method::name);
    metrics::counter!("kaquan_yoho_requests_total", "method" => method, "outcome" => outcome)
        .increment(1);
    match said {
        Ok((said, client)) => match &client.salt {
            Some(salt) => said.under(salt),
            // A client without one cannot be made.
            None => Refusal::Internal.into_response(),
        },
        Err(refusal) => refusal.into_response(),
    }
}

/// A form of a decent size; what a GET carries is no form.
async fn read_form(parts: &Parts, body: Body) -> Result<Bytes, Refusal> {
    if parts.method != Verb::POST {
        return Ok(Bytes::new());
    }
    let read = axum::body::to_bytes(body, LONGEST_FORM);
    match tokio::time::timeout(FORM_PATIENCE, read).await {
        Ok(Ok(body)) if body.is_empty() || is_form(parts) => Ok(body),
        Ok(Ok(_)) => Err(Refusal::bad("Content-Type")),
        Ok(Err(_)) | Err(_) => Err(Refusal::bad("body")),
    }
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("?"));
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.is_none_or(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// A body that was not read to its end ends the connection; saying so keeps the caller from using it once more.
fn unread(refusal: Refusal) -> Response {
    let mut response = tell(None, Err(refusal));
    response.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}
