//! From a request to an answer: path, method, token, limits, kind, parameters, effect.

use axum::http::Method;
use serde_json::Value;

use super::app::TokenRefusal;
use super::calls::{self, Call, Place};
use super::fields::Fields;
use super::json;
use super::reply::{Answer, Shape, Trouble};
use super::sent::{Incoming, Sent};
use super::turn::Turn;
use super::{oauth, person};

const TOKEN: &str = "access_token";
const FORM: &str = "application/x-www-form-urlencoded";
/// What the platform's own libraries add to every query; it means nothing.
const SDK_MARKS: [&str; 4] = ["sp_sdk_ver", "sp_sdk_lang", "sdk.version", "sdk.type"];

/// How reports, faults and the journal name what is at a path.
pub(super) fn name_of(path: &str) -> &'static str {
    match path {
        oauth::PATH => calls::TOKEN,
        person::OLD_PATH | person::OLDEST_PATH => calls::OLD_SESSION,
        _ => calls::at(path).map_or("unknown", |call| call.name),
    }
}

/// Answers a request, with all its effects.
pub(super) fn answer(turn: &mut Turn<'_>, incoming: &Incoming) -> Answer {
    let path = incoming.head.uri.path();
    match path {
        oauth::PATH => return oauth::token(turn, incoming),
        person::OLD_PATH | person::OLDEST_PATH => return person::old_session_key(turn, incoming),
        _ => {}
    }
    let Some(call) = calls::at(path) else {
        turn.state.report.unknown_path(path);
        turn.notes.push("no such path".to_owned());
        return Answer::ok(Shape::DATA.failed(Trouble::Gateway(3, "Unsupported openapi method")));
    };
    let done = handle(turn, call, incoming);
    let shape = call.shape.switched(&turn.state.switches, call.name);
    Answer::ok(match done {
        Ok(data) => shape.succeeded(data, turn.now),
        Err(trouble) => {
            tracing::debug!(call = call.name, ?trouble, "Simulator refused a call");
            shape.failed(trouble)
        }
    })
}

fn handle(turn: &mut Turn<'_>, call: &Call, incoming: &Incoming) -> Result<Value, Trouble> {
    if incoming.head.method != call.method {
        return Err(Trouble::Business(501, "request method not supported".to_owned()));
    }
    turn.app_key = owner(turn, incoming)?;
    let app_key = turn.app_key.clone();
    turn.state.spend(&app_key, turn.now)?;
    let sent = parameters(turn, call, incoming)?;
    note_undocumented(turn, call, &sent.fields)?;
    // What is missing is said before what is wrong.
    for name in call.required {
        sent.fields.get(name)?;
    }
    (call.act)(turn, &sent)
}

/// Whose token it is.
fn owner(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<String, Trouble> {
    let mut token = Fields::only(incoming.query(), TOKEN);
    if token.is_none() && turn.state.switches.accept_token_in_form {
        let form = std::str::from_utf8(incoming.body.as_deref().unwrap_or_default());
        token = form.ok().and_then(|form| Fields::only(form, TOKEN));
        if token.is_some() {
            turn.tolerate("token in form");
        }
    }
    let found = turn.state.app_of_token(&token.unwrap_or_default(), turn.now);
    found.map_err(|refusal| match refusal {
        TokenRefusal::Garbled => Trouble::Gateway(100, "Invalid parameter"),
        TokenRefusal::Unknown => Trouble::Gateway(110, "Access token invalid or no longer valid"),
        TokenRefusal::Expired => Trouble::Gateway(111, "Access token expired"),
    })
}

/// The parameters from where the documents put them, or from where a switch allows them to be.
fn parameters<'a>(
    turn: &mut Turn<'_>,
    call: &Call,
    incoming: &'a Incoming,
) -> Result<Sent<'a>, Trouble> {
    let body = incoming.body.as_ref();
    let body = body.ok_or_else(|| Trouble::Business(40006, "file too large".to_owned()))?;
    let query = Fields::from_form(incoming.query())?;
    let mut sent = Sent { fields: query, json: Value::Null, files: &incoming.files };
    match call.place {
        Place::Query | Place::QueryOrForm if body.is_empty() => {}
        Place::QueryOrForm if incoming.is_kind(FORM) => {
            sent.fields = sent.fields.and(incoming.form()?)?;
        }
        Place::Query if turn.state.switches.accept_form_for_query_params => {
            turn.tolerate("form for query parameters");
            sent.fields = sent.fields.and(incoming.form()?)?;
        }
        Place::Query => turn.depart("body on a call that has none")?,
        Place::Form if incoming.is_kind(FORM) => {
            not_in_query(turn, call, &sent.fields)?;
            sent.fields = sent.fields.and(incoming.form()?)?;
        }
        Place::Form
            if turn.state.switches.json_on_form_endpoints
                && incoming.is_kind("application/json") =>
        {
            turn.tolerate("JSON on a form endpoint");
            sent.fields = sent.fields.and(Fields::from_json(body)?)?;
        }
        Place::Json if incoming.is_kind("application/json") => {
            not_in_query(turn, call, &sent.fields)?;
            sent.json = json::object(body)?;
            sent.fields = sent.fields.and(Fields::from_leaves(&sent.json))?;
        }
        Place::Multipart if incoming.is_kind("multipart/form-data") => {}
        Place::Form | Place::Json | Place::Multipart | Place::QueryOrForm => {
            turn.tolerate("wrong content type");
            return Err(Trouble::parameter(format!(
                "the content type must be {}",
                call.place.kind()
            )));
        }
    }
    Ok(sent)
}

/// What belongs into the body may not come in the query.
fn not_in_query(turn: &mut Turn<'_>, call: &Call, query: &Fields) -> Result<(), Trouble> {
    if query.names().any(|name| name != TOKEN && call.documents(name)) {
        let place = if call.place == Place::Json { "of a body" } else { "of a form" };
        turn.depart(&format!("parameters {place} in the query"))?;
    }
    Ok(())
}

fn note_undocumented(turn: &mut Turn<'_>, call: &Call, fields: &Fields) -> Result<(), Trouble> {
    for name in fields.names() {
        if call.documents(name) {
            continue;
        }
        turn.state.report.undocumented(call.name, name);
        turn.notes.push(format!("undocumented field {name}"));
        if turn.state.switches.strict && !SDK_MARKS.contains(&name) {
            return Err(Trouble::parameter(format!("{name} is not documented")));
        }
    }
    Ok(())
}

impl Place {
    fn kind(self) -> &'static str {
        match self {
            Self::Query | Self::Form | Self::QueryOrForm => FORM,
            Self::Json => "application/json",
            Self::Multipart => "multipart/form-data",
        }
    }
}

/// The parameters of a call that takes them from the query, or from a form when it is posted.
pub(super) fn query_or_form(incoming: &Incoming) -> Result<Fields, &'static str> {
    let unreadable = |_: Trouble| "malformed parameters";
    let query = Fields::from_form(incoming.query()).map_err(unreadable)?;
    let body = incoming.body.as_ref().ok_or("body too large")?;
    match incoming.head.method {
        Method::GET => Ok(query),
        Method::POST if body.is_empty() => Ok(query),
        Method::POST if incoming.is_kind(FORM) => {
            incoming.form().and_then(|form| query.and(form)).map_err(unreadable)
        }
        Method::POST => Err("the body must be a form"),
        _ => Err("use GET or POST"),
    }
}
