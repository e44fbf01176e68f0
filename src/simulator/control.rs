//! The control surface under `/_sim`: what a developer or a test may ask of the platform itself.

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::AppSeed;
use super::fault::Fault;
use super::ledger::TakeError;
use super::reply::json_reply;
use super::state::World;

mod books;
mod faults;
mod takes;

type Answer = Result<Response, Wrong>;
type Sim = Shared<Arc<World>>;

/// Every route of the control surface.
pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/_sim/apps", get(list_apps).post(put_app))
        .route("/_sim/reset", post(reset))
        .route("/_sim/clock", get(read_clock).post(move_clock))
        .route("/_sim/switches", get(read_switches).post(set_switches))
        .route("/_sim/templates", get(templates))
        .route("/_sim/stock", post(set_stock))
        .route("/_sim/tokens/revoke", post(revoke_tokens))
        .route("/_sim/tokens/expire", post(expire_tokens))
        .route("/_sim/login_code", post(login_code))
        .route("/_sim/wallet", get(books::wallet))
        .route("/_sim/wallets", get(books::wallets))
        .route("/_sim/people", get(books::people))
        .route("/_sim/records", get(books::records))
        .route("/_sim/banners", get(books::banners))
        .route("/_sim/figures", get(books::figures))
        .route("/_sim/effects", get(books::effects))
        .route("/_sim/journal", get(books::journal))
        .route("/_sim/transcript", get(books::transcript))
        .route("/_sim/report", get(books::report))
        .route("/_sim/next", post(next))
        .route("/_sim/next_call", post(faults::next_call))
        .route("/_sim/faults", get(faults::list).post(faults::add))
        .route("/_sim/faults/clear", post(faults::clear))
        .route("/_sim/down", get(faults::is_down).post(faults::set_down))
        .route("/_sim/take", post(takes::take))
        .route("/_sim/retake", post(takes::retake))
}

/// Why the control surface did nothing.
struct Wrong(StatusCode, String);

impl Wrong {
    fn input(what: impl Display) -> Self {
        Self(StatusCode::BAD_REQUEST, what.to_string())
    }
}

impl From<TakeError> for Wrong {
    fn from(error: TakeError) -> Self {
        let status = match error {
            TakeError::NoSuchTemplate | TakeError::NoSuchRecord => StatusCode::NOT_FOUND,
            TakeError::RecordExists => StatusCode::CONFLICT,
            TakeError::NothingToSwap => StatusCode::BAD_REQUEST,
        };
        Self(status, error.to_string())
    }
}

impl axum::response::IntoResponse for Wrong {
    fn into_response(self) -> Response {
        json_reply(self.0, &json!({ "error": self.1 }))
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Wrong> {
    let nothing = body.is_empty() || &body[..] == b"null";
    let body: &[u8] = if nothing { b"{}" } else { body };
    serde_json::from_slice(body).map_err(Wrong::input)
}

#[expect(clippy::unnecessary_wraps, reason = "every handler answers alike")]
fn said(body: &impl Serialize) -> Answer {
    Ok(json_reply(StatusCode::OK, body))
}

async fn list_apps(Shared(world): Sim) -> Answer {
    said(&world.lock().apps.values().collect::<Vec<_>>())
}

async fn put_app(Shared(world): Sim, body: Bytes) -> Answer {
    let seed: AppSeed = read(&body)?;
    said(&world.lock().put_app(seed))
}

async fn reset(Shared(world): Sim) -> Answer {
    world.reset();
    said(&json!({}))
}

async fn read_clock(Shared(world): Sim) -> Answer {
    let now = world.now();
    said(&json!({ "now": now, "unix": now.timestamp() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    seconds: i64,
}

async fn move_clock(Shared(world): Sim, body: Bytes) -> Answer {
    let MoveClock { seconds } = read(&body)?;
    let step = TimeDelta::try_seconds(seconds).ok_or_else(|| Wrong::input("too far"))?;
    world.advance(step);
    read_clock(Shared(world)).await
}

async fn read_switches(Shared(world): Sim) -> Answer {
    said(&world.lock().switches)
}

/// Changes the named switches and leaves the others.
async fn set_switches(Shared(world): Sim, body: Bytes) -> Answer {
    let changes: serde_json::Map<String, Value> = read(&body)?;
    let mut state = world.lock();
    let mut all = serde_json::to_value(&state.switches).map_err(Wrong::input)?;
    for (name, value) in changes {
        all[name] = value;
    }
    state.switches = serde_json::from_value(all).map_err(Wrong::input)?;
    said(&state.switches)
}

async fn templates(Shared(world): Sim) -> Answer {
    said(&world.templates())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetStock {
    coupon_template_id: i64,
    stock: i64,
}

async fn set_stock(Shared(world): Sim, body: Bytes) -> Answer {
    let SetStock { coupon_template_id, stock } = read(&body)?;
    world.set_stock(coupon_template_id, stock)?;
    said(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhoseTokens {
    app_key: Option<String>,
}

async fn revoke_tokens(Shared(world): Sim, body: Bytes) -> Answer {
    let WhoseTokens { app_key } = read(&body)?;
    world.lock().revoke_tokens(app_key.as_deref());
    said(&json!({}))
}

async fn expire_tokens(Shared(world): Sim, body: Bytes) -> Answer {
    let WhoseTokens { app_key } = read(&body)?;
    let now = world.now();
    world.lock().expire_tokens(app_key.as_deref(), now);
    said(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhoSignsIn {
    app_key: String,
    open_id: String,
}

async fn login_code(Shared(world): Sim, body: Bytes) -> Answer {
    let WhoSignsIn { app_key, open_id } = read(&body)?;
    let now = world.now();
    let mut state = world.lock();
    if !state.apps.contains_key(&app_key) {
        return Err(Wrong(StatusCode::NOT_FOUND, "no such app".to_owned()));
    }
    said(&json!({ "code": state.login_code(&app_key, &open_id, now) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    faults: Vec<Fault>,
}

async fn next(Shared(world): Sim, body: Bytes) -> Answer {
    let Next { faults } = read(&body)?;
    world.lock().next.push_back(faults);
    said(&json!({}))
}
