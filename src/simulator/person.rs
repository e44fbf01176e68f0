//! Who somebody is: login codes for open ids, open ids for union ids.

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::dispatch::query_or_form;
use super::oauth::{Refusal, client, required};
use super::reply::{Answer, Trouble};
use super::sent::{Incoming, Sent};
use super::state::State;
use super::turn::Turn;

/// The older way from a login code to an open id, on its own host in the platform's documents.
pub(super) const OLD_PATH: &str = "/oauth/jscode2sessionkey";
/// The oldest name of the same.
pub(super) const OLDEST_PATH: &str = "/nalogin/getSessionKeyByCode";

const LOGIN_LIVES: TimeDelta = TimeDelta::minutes(10);

/// A person who has just signed in inside the mini-program.
#[derive(Debug, Clone)]
pub(super) struct Login {
    app_key: String,
    open_id: String,
    until: DateTime<Utc>,
}

impl State {
    /// What `swan.login` would have handed the mini-program: valid ten minutes, for one use.
    pub fn login_code(&mut self, app_key: &str, open_id: &str, now: DateTime<Utc>) -> String {
        self.meet(app_key, open_id);
        let code = self.alphanumeric(32);
        let login = Login {
            app_key: app_key.to_owned(),
            open_id: open_id.to_owned(),
            until: now + LOGIN_LIVES,
        };
        self.logins.insert(code.clone(), login);
        code
    }

    /// From now on the person is known to be one of the app's.
    pub fn meet(&mut self, app_key: &str, open_id: &str) {
        let known = self.people.entry(app_key.to_owned()).or_default();
        if !known.contains(open_id) {
            known.insert(open_id.to_owned());
        }
    }

    /// Uses the code up; a code of another app stays.
    fn sign_in(&mut self, app_key: &str, code: &str, now: DateTime<Utc>) -> Option<String> {
        let theirs = self.logins.get(code).is_some_and(|login| login.app_key == app_key);
        let login = if theirs { self.logins.remove(code) } else { None };
        login.filter(|login| now < login.until).map(|login| login.open_id)
    }
}

/// `POST /rest/2.0/smartapp/getsessionkey`.
pub(super) fn session_key(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let code = sent.fields.get("code")?;
    let app_key = turn.app_key.clone();
    let open_id = turn.state.sign_in(&app_key, code, turn.now);
    let Some(open_id) = open_id else {
        turn.undocumented("how a bad login code is refused");
        return Err(Trouble::parameter("the code is unknown, used or over"));
    };
    // Thirty-two letters that are read as base64 and give 24 bytes.
    Ok(json!({ "open_id": open_id, "session_key": turn.state.alphanumeric(32) }))
}

/// `POST /rest/2.0/smartapp/getunionid`: also tells whether the app knows an open id.
pub(super) fn union_id(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let open_id = sent.fields.get("openid")?;
    let known = turn.state.people.get(&turn.app_key).is_some_and(|all| all.contains(open_id));
    if !known {
        return Err(Trouble::Business(1, "error".to_owned()));
    }
    Ok(json!({ "unionid": format!("St6PVMkg{}", hex::encode(Md5::digest(open_id))) }))
}

/// `GET|POST /oauth/jscode2sessionkey`, which proves itself with the app's secret.
pub(super) fn old_session_key(turn: &mut Turn<'_>, incoming: &Incoming) -> Answer {
    match old_sign_in(turn, incoming) {
        Ok(body) => Answer::oauth(StatusCode::OK, body),
        Err(Refusal(status, error, description)) => Answer::oauth(
            status,
            json!({ "errno": 1, "error": error, "error_description": description }),
        ),
    }
}

fn old_sign_in(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Refusal> {
    let fields = query_or_form(incoming).map_err(|why| Refusal::bad("invalid_request", why))?;
    for name in fields.names().filter(|name| !["code", "client_id", "sk"].contains(name)) {
        turn.state.report.undocumented("jscode2sessionkey", name);
        turn.notes.push(format!("undocumented field {name}"));
    }
    let app_key = client(turn, &fields, "sk")?;
    let open_id = turn.state.sign_in(&app_key, required(&fields, "code")?, turn.now);
    let refusal = Refusal::bad("invalid_grant", "the code is unknown, used or over");
    Ok(json!({ "openid": open_id.ok_or(refusal)?, "session_key": turn.state.alphanumeric(32) }))
}
