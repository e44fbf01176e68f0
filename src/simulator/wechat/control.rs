//! The control surface under `/__sim`: what a test, a developer or the page may ask of WeChat itself.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::app::{AppKind, AppSeed, Callback};
use super::card::review;
use super::trouble::Refused;
use super::world::World;
use crate::simulator::reply::{json_reply, of_kind};

mod books;
mod faults;
mod people;

type Answer = Result<Response, Refused>;
type Sim = Shared<Arc<World>>;

/// The page, whole: it loads nothing from anywhere.
pub(super) async fn page() -> Response {
    of_kind(StatusCode::OK, "text/html;charset=UTF-8", include_str!("page.html"))
}

/// Every route of the control surface.
pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/__sim/reset", post(reset))
        .route("/__sim/clock", get(read_clock).post(move_clock))
        .route("/__sim/apps", get(books::apps).post(put_app))
        .route("/__sim/bind", post(bind))
        .route("/__sim/verify", post(verify))
        .route("/__sim/review", post(review_card))
        .route("/__sim/switches", get(read_switches).post(set_switches))
        .route("/__sim/users", get(books::people).post(people::person))
        .route("/__sim/mp/login", post(people::login))
        .route("/__sim/mp/addCard", post(people::add_card))
        .route("/__sim/mp/openCard", post(people::open_card))
        .route("/__sim/user/{act}", post(people::act))
        .route("/__sim/take", post(people::take))
        .route("/__sim/scan", post(people::scan))
        .route("/__sim/tap", post(people::tap))
        .route("/__sim/cards", get(books::cards))
        .route("/__sim/wallet", get(books::wallet))
        .route("/__sim/wallets", get(books::wallets))
        .route("/__sim/effects", get(books::effects))
        .route("/__sim/pushes", get(books::pushes))
        .route("/__sim/calls", get(books::calls))
        .route("/__sim/report", get(books::report))
        .route("/__sim/tokens/kill", post(faults::kill_tokens))
        .route("/__sim/tokens/expire", post(faults::expire_tokens))
        .route("/__sim/tickets/rotate", post(faults::rotate_tickets))
        .route("/__sim/faults", get(faults::list).post(faults::add))
        .route("/__sim/faults/clear", post(faults::clear))
        .route("/__sim/down", get(faults::is_down).post(faults::set_down))
        .route("/__sim/pushes/again", post(faults::push_again))
        .route("/__sim/pushes/release", post(faults::release))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NoSuch(_) => StatusCode::NOT_FOUND,
            Self::Input(_) => StatusCode::BAD_REQUEST,
            Self::WeChat { .. } => StatusCode::CONFLICT,
        };
        let mut body = json!({ "error": self.to_string() });
        if let Self::WeChat { errcode, .. } = self {
            body["errcode"] = json!(errcode);
        }
        json_reply(status, &body)
    }
}

fn wrong(what: impl std::fmt::Display) -> Refused {
    Refused::Input(what.to_string())
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(wrong)
}

#[expect(clippy::unnecessary_wraps, reason = "every handler answers alike")]
fn said(body: &impl Serialize) -> Answer {
    Ok(json_reply(StatusCode::OK, body))
}

/// A parameter of a query.
fn parameter(query: &RawQuery, name: &str) -> Option<String> {
    let query = query.0.as_deref().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum MoveClock {
    /// Unix seconds.
    Now(i64),
    /// Seconds.
    Advance(i64),
}

async fn move_clock(Shared(world): Sim, body: Bytes) -> Answer {
    match read(&body)? {
        MoveClock::Now(at) => {
            let at: Option<DateTime<Utc>> = DateTime::from_timestamp(at, 0);
            world.set_clock(at.ok_or_else(|| wrong("no such moment"))?);
        }
        MoveClock::Advance(seconds) => {
            world.advance(TimeDelta::try_seconds(seconds).ok_or_else(|| wrong("too far"))?);
        }
    }
    read_clock(Shared(world)).await
}

async fn put_app(Shared(world): Sim, body: Bytes) -> Answer {
    let seed: AppSeed = read(&body)?;
    said(&world.act(|state, _| state.put_app(seed))?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bind {
    appid: String,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    callback: Option<Callback>,
}

/// Binds an app to an Open Platform account, or gives an account its callback.
async fn bind(Shared(world): Sim, body: Bytes) -> Answer {
    let Bind { appid, group, callback } = read(&body)?;
    let app = world.act(|state, _| {
        let app = state.apps.get_mut(&appid).ok_or(Refused::NoSuch("app"))?;
        if group.is_some() {
            app.group = group;
        }
        if let Some(callback) = callback {
            if app.kind == AppKind::Mp {
                return Err(wrong("events go to the official account"));
            }
            super::app::check(&callback)?;
            app.callback = Some(callback);
        }
        Ok(app.clone())
    })?;
    said(&app)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichApp {
    appid: String,
}

async fn verify(Shared(world): Sim, body: Bytes) -> Answer {
    let WhichApp { appid } = read(&body)?;
    let is_verified = super::post::verify(&world, &appid).await.map_err(wrong)?;
    said(&json!({ "verified": is_verified }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    card_id: String,
    pass: bool,
    #[serde(default)]
    reason: String,
}

async fn review_card(Shared(world): Sim, body: Bytes) -> Answer {
    let Review { card_id, pass, reason } = read(&body)?;
    world.act(|state, now| review::review(state, now, &card_id, pass, &reason))?;
    said(&json!({}))
}

async fn read_switches(Shared(world): Sim) -> Answer {
    said(&world.lock().switches)
}

/// Changes the named switches and leaves the others.
async fn set_switches(Shared(world): Sim, body: Bytes) -> Answer {
    let changes: Map<String, Value> = read(&body)?;
    let mut state = world.lock();
    let mut all = serde_json::to_value(&state.switches).map_err(wrong)?;
    for (name, value) in changes {
        all[name] = value;
    }
    state.switches = serde_json::from_value(all).map_err(wrong)?;
    said(&state.switches)
}
