//! `GET|POST /oauth/2.0/token`: an access token for an app.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::app::SCOPE;
use super::dispatch::query_or_form;
use super::fields::Fields;
use super::reply::Answer;
use super::sent::Incoming;
use super::turn::Turn;

pub(super) const PATH: &str = "/oauth/2.0/token";
const DOCUMENTED: [&str; 4] = ["grant_type", "client_id", "client_secret", "scope"];

/// A refusal of the OAuth kind: status, error, description.
pub(super) struct Refusal(pub StatusCode, pub &'static str, pub &'static str);

impl Refusal {
    pub fn bad(error: &'static str, description: &'static str) -> Self {
        Self(StatusCode::BAD_REQUEST, error, description)
    }

    pub fn client(description: &'static str) -> Self {
        Self(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }
}

/// Answers with a token or an OAuth error; neither may be stored on the way.
pub(super) fn token(turn: &mut Turn<'_>, incoming: &Incoming) -> Answer {
    match grant(turn, incoming) {
        Ok(body) => Answer::oauth(StatusCode::OK, body),
        Err(Refusal(status, error, description)) => {
            Answer::oauth(status, json!({ "error": error, "error_description": description }))
        }
    }
}

fn grant(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Refusal> {
    let fields = query_or_form(incoming).map_err(|why| Refusal::bad("invalid_request", why))?;
    for name in fields.names().filter(|name| !DOCUMENTED.contains(name)) {
        turn.state.report.undocumented("token", name);
        turn.notes.push(format!("undocumented field {name}"));
    }
    match required(&fields, "grant_type")? {
        "client_credentials" => {}
        _ => {
            return Err(Refusal::bad("unsupported_grant_type", "The grant type is not supported"));
        }
    }
    let key = client(turn, &fields, "client_secret")?;
    if required(&fields, "scope")? != SCOPE {
        return Err(Refusal::bad("invalid_scope", "The requested scope is invalid"));
    }
    let token = turn.state.issue_token(&key, turn.now);
    let refresh = format!("25{}", token.strip_prefix("24").unwrap_or_default());
    Ok(json!({
        "access_token": token,
        "expires_in": turn.state.switches.token_ttl,
        "refresh_token": refresh,
        "scope": SCOPE,
        "session_key": "",
        "session_secret": "",
    }))
}

/// The app whose key and secret were sent.
pub(super) fn client(
    turn: &mut Turn<'_>,
    fields: &Fields,
    secret_name: &'static str,
) -> Result<String, Refusal> {
    let key = required(fields, "client_id")?;
    let secret = required(fields, secret_name)?;
    let app = turn.state.apps.get(key).ok_or(Refusal::client("unknown client id"))?;
    if app.app_secret != secret {
        return Err(Refusal::client("Client authentication failed"));
    }
    key.clone_into(&mut turn.app_key);
    Ok(key.to_owned())
}

pub(super) fn required<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Refusal> {
    fields.find(name).ok_or(Refusal::bad("invalid_request", "a required parameter is missing"))
}
