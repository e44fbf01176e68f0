//! `GET|POST /oauth/2.0/token`: an access token for an app.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::app::SCOPE;
use super::fields::Fields;
use super::gate::{Incoming, form_of, is_kind};
use super::reply::{Trouble, json_reply};
use super::state::World;

pub(super) const PATH: &str = "/oauth/2.0/token";
const DOCUMENTED: [&str; 4] = ["grant_type", "client_id", "client_secret", "scope"];

struct Refusal(StatusCode, &'static str, &'static str);

impl Refusal {
    fn bad(error: &'static str, description: &'static str) -> Self {
        Self(StatusCode::BAD_REQUEST, error, description)
    }

    fn client(description: &'static str) -> Self {
        Self(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }
}

/// Answers with a token or an OAuth error; neither may be stored on the way.
pub(super) fn token(world: &World, incoming: &Incoming) -> Response {
    let mut answer = match grant(world, incoming) {
        Ok(body) => json_reply(StatusCode::OK, &body),
        Err(Refusal(status, error, description)) => {
            json_reply(status, &json!({ "error": error, "error_description": description }))
        }
    };
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn grant(world: &World, incoming: &Incoming) -> Result<serde_json::Value, Refusal> {
    let fields = parameters(incoming)?;
    let now = world.now();
    let mut state = world.lock();
    for name in fields.names().filter(|name| !DOCUMENTED.contains(name)) {
        state.report.undocumented("token", name);
    }
    match required(&fields, "grant_type")? {
        "client_credentials" => {}
        _ => {
            return Err(Refusal::bad("unsupported_grant_type", "The grant type is not supported"));
        }
    }
    let key = required(&fields, "client_id")?;
    let secret = required(&fields, "client_secret")?;
    let app = state.apps.get(key).ok_or(Refusal::client("unknown client id"))?;
    if app.app_secret != secret {
        return Err(Refusal::client("Client authentication failed"));
    }
    if required(&fields, "scope")? != SCOPE {
        return Err(Refusal::bad("invalid_scope", "The requested scope is invalid"));
    }
    let token = state.issue_token(key, now);
    let refresh = format!("25{}", token.strip_prefix("24").unwrap_or_default());
    Ok(json!({
        "access_token": token,
        "expires_in": state.switches.token_ttl,
        "refresh_token": refresh,
        "scope": SCOPE,
        "session_key": "",
        "session_secret": "",
    }))
}

fn parameters(incoming: &Incoming) -> Result<Fields, Refusal> {
    let unreadable = |_: Trouble| Refusal::bad("invalid_request", "malformed parameters");
    let query = Fields::from_form(incoming.query());
    let query = query.map_err(unreadable)?;
    let body = incoming.body.as_ref().ok_or(Refusal::bad("invalid_request", "body too large"))?;
    match incoming.head.method {
        Method::GET => Ok(query),
        Method::POST if body.is_empty() => Ok(query),
        Method::POST if is_kind(incoming, "application/x-www-form-urlencoded") => {
            form_of(incoming).and_then(|form| query.and(form)).map_err(unreadable)
        }
        Method::POST => Err(Refusal::bad("invalid_request", "the body must be a form")),
        _ => Err(Refusal::bad("invalid_request", "use GET or POST")),
    }
}

fn required<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Refusal> {
    fields.find(name).ok_or(Refusal::bad("invalid_request", "a required parameter is missing"))
}
