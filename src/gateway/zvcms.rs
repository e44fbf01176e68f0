//! The zvcms (智迈) open API v2, as far as it is public, and our extensions of it: one address, dispatched on `Action`.
//!
//! Only one action of the original is public. Its signature and its codes are not: those here are ours, and documented.

pub mod action;
mod cart;
mod claiming;
mod door;
mod envelope;
mod failure;
mod form;
mod limits;
mod once;
mod params;
mod refusal;
pub mod settings;
mod shelf;
mod sign;
mod spelling;
mod steps;
mod view;
mod wallet;
mod wording;

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use serde_json::value::RawValue;
use tower_http::catch_panic::CatchPanicLayer;

use self::{
    action::Action,
    door::Call,
    envelope::Envelope,
    failure::Failure,
    limits::Limits,
    spelling::{Outcome, Spelling},
};
use crate::{
    config::zvcms::Zvcms as Settings,
    http::request_id::{self, to_its_end},
    service::{desk::Desk, gateway_directory::GatewayDirectory, nonces::Nonces},
};

/// What the protocol is served with; cheap to clone.
#[derive(Clone)]
pub struct Zvcms {
    desk: Desk,
    directory: Arc<GatewayDirectory>,
    nonces: Nonces,
    settings: Arc<Settings>,
    limits: Arc<Limits>,
    /// Whether only programs on this machine reach us.
    is_loopback: bool,
}

/// What was asked for, as it is sent.
type Data = Box<RawValue>;

/// An answer, and what is noted of it.
struct Answer {
    told: Result<Data, Failure>,
    spelling: Spelling,
    action: Option<Action>,
}

/// The longest body that is read.
const LONGEST_BODY: usize = 64 * 1024;
/// How long it may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

impl Zvcms {
    /// Nobody has called yet. `is_loopback` says that only programs on this machine can: others have to sign.
    pub fn new(
        desk: Desk,
        directory: Arc<GatewayDirectory>,
        nonces: Nonces,
        settings: &Settings,
        is_loopback: bool,
    ) -> Self {
        let limits = Arc::new(Limits::new(settings));
        let settings = Arc::new(settings.clone());
        Self { desk, directory, nonces, settings, limits, is_loopback }
    }
}

/// The address of the settings.
pub fn router(state: Zvcms) -> Router {
    if state.settings.path.is_empty() {
        return Router::new();
    }
    Router::new()
        .route(&state.settings.path, post(answer))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(request_id::name))
        .with_state(state)
}

async fn answer(State(state): State<Zvcms>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Some(body) = read_body(body).await else {
        // A body that was not read to its end ends the connection; the caller is told not to use it once more.
        let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
        return (close, Answer::refused(Failure::BadBody)).into_response();
    };
    let answer = match envelope::read(&parts.headers, body).await {
        Ok(envelope) => Box::pin(state.serve(envelope, door::is_near(&parts))).await,
        Err(failure) => Answer::refused(failure),
    };
    answer.into_response()
}

/// A body of a decent size that arrives in a decent time.
async fn read_body(body: Body) -> Option<Bytes> {
    let read = axum::body::to_bytes(body, LONGEST_BODY);
    tokio::time::timeout(BODY_PATIENCE, read).await.ok()?.ok()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("A request was dropped by a panic");
    Answer::refused(Failure::Internal).into_response()
}

impl Zvcms {
    async fn serve(&self, envelope: Envelope, is_near: bool) -> Answer {
        let (client, spelling) = match self.client(&envelope).await {
            Ok(client) => {
                let spelling = settings::Settings::read(&client.settings).spelling();
                (client, spelling)
            }
            Err(failure) => return Answer::refused(failure),
        };
        let action = Action::parse(&envelope.action);
        let told = match self.admit(client, envelope, is_near).await {
            Ok(call) if call.action.changes() => {
                let state = self.clone();
                to_its_end(Box::pin(async move { state.perform(&call).await })).await
            }
            Ok(call) => self.perform(&call).await,
            Err(failure) => Err(failure),
        };
        Answer { told, spelling, action }
    }

    async fn perform(&self, call: &Call) -> Result<Data, Failure> {
        match call.action {
            Action::UserCouponList => self.user_coupon_list(call).await,
            Action::UserCouponInfo => self.user_coupon_info(call).await,
            Action::CouponList => self.coupon_list(call).await,
            Action::Receive => self.receive(call).await,
            Action::BatchReceive => self.batch_receive(call).await,
            Action::Lock => self.lock(call).await,
            Action::Unlock => self.unlock(call).await,
            Action::Verify => self.verify(call).await,
            Action::CancelVerify => self.cancel_verify(call).await,
        }
    }
}

impl Answer {
    /// To somebody of whom nothing is known.
    const fn refused(failure: Failure) -> Self {
        Self { told: Err(failure), spelling: Spelling::Declared, action: None }
    }
}

/// The status is 200 whatever is told: the envelope carries its own.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self { told, spelling, action } = self;
        let code = told.as_ref().err().map_or(0, Failure::code).to_string();
        let action = action.map_or("", Action::name);
        metrics::counter!("kaquan_zvcms_requests_total", "action" => action, "code" => code)
            .increment(1);
        let outcome = Outcome { told: told.as_deref(), spelling };
        let body = serde_json::to_vec(&outcome).unwrap_or_default();
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, body).into_response()
    }
}
