//! The pipeline that every call passes: line, path, method, token, kind, parameters, effect.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;

use super::app::TokenRefusal;
use super::calls::{self, Call, Place, What};
use super::fault::CallFault;
use super::fields::Fields;
use super::reply::{Errno, Trouble, json_reply, of_kind};
use super::state::World;
use super::{coupon, oauth};

const MOST_LINE: usize = 16 * 1024;
const MOST_BODY: usize = 1024 * 1024;
/// A body is read a little past its limit, so that its sender lives to see the refusal.
const MOST_READ: usize = 8 * MOST_BODY;
const TOKEN: &str = "access_token";
/// What the platform's own libraries add to every query; it means nothing.
const SDK_MARKS: [&str; 4] = ["sp_sdk_ver", "sp_sdk_lang", "sdk.version", "sdk.type"];

/// One request, read whole.
pub(super) struct Incoming {
    pub head: Parts,
    pub body: Option<Bytes>,
}

impl Incoming {
    /// What follows the question mark.
    pub fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }
}

/// Answers any request to the platform's own surface.
pub(super) async fn serve(Shared(world): Shared<Arc<World>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let line = head.method.as_str().len() + head.uri.to_string().len() + " \u{20}HTTP/1.1".len();
    if line > MOST_LINE {
        world.lock().report.deviation("request line over 16 KiB");
        return of_kind(StatusCode::URI_TOO_LONG, "text/plain", "request line too long");
    }
    let body = to_bytes(body, MOST_READ).await.ok().filter(|bytes| bytes.len() <= MOST_BODY);
    let incoming = Incoming { head, body };

    let fault = world.lock().next_call.pop_front();
    if let Some(answer) = fault.and_then(before_effect) {
        return answer;
    }
    let answer = route(&world, &incoming);
    if fault == Some(CallFault::HangUpAfterAccepting) {
        return hang_up();
    }
    answer
}

fn route(world: &World, incoming: &Incoming) -> Response {
    let path = incoming.head.uri.path();
    if path == oauth::PATH {
        return oauth::token(world, incoming);
    }
    let Some(call) = calls::at(path) else {
        world.lock().report.unknown_path(path);
        return Errno::Number.failed(Trouble::Gateway(3, "Unsupported openapi method"));
    };
    match handle(world, call, incoming) {
        Ok(answer) => answer,
        Err(trouble) => {
            tracing::info!(call = call.name, ?trouble, "Simulator refused a call");
            call.errno.failed(trouble)
        }
    }
}

fn handle(world: &World, call: &Call, incoming: &Incoming) -> Result<Response, Trouble> {
    if incoming.head.method != call.method {
        return Err(Trouble::Business(501, "request method not supported".to_owned()));
    }
    let app_key = owner(world, incoming)?;
    let fields = parameters(world, call, incoming)?;
    note_undocumented(world, call, &fields)?;
    // What is missing is said before what is wrong.
    for name in call.required {
        fields.get(name)?;
    }

    let answer = match call.what {
        What::Create => coupon::create::create(world, &app_key, &fields)?,
        What::List => coupon::list::list(world, &app_key, &fields)?,
        What::AddStock => coupon::add_stock::add_stock(world, &app_key, &fields)?,
    };
    Ok(json_reply(StatusCode::OK, &answer))
}

/// Whose token it is.
fn owner(world: &World, incoming: &Incoming) -> Result<String, Trouble> {
    let now = world.now();
    let mut state = world.lock();
    let mut token = Fields::only(incoming.query(), TOKEN);
    if token.is_none() && state.switches.accept_token_in_form {
        let form = std::str::from_utf8(incoming.body.as_deref().unwrap_or_default());
        token = form.ok().and_then(|form| Fields::only(form, TOKEN));
        if token.is_some() {
            state.report.deviation("token in form");
        }
    }
    state.app_of_token(&token.unwrap_or_default(), now).map_err(|refusal| match refusal {
        TokenRefusal::Garbled => Trouble::Gateway(100, "Invalid parameter"),
        TokenRefusal::Unknown => Trouble::Gateway(110, "Access token invalid or no longer valid"),
        TokenRefusal::Expired => Trouble::Gateway(111, "Access token expired"),
    })
}

/// The parameters from where the documents put them, or from where a switch allows them to be.
fn parameters(world: &World, call: &Call, incoming: &Incoming) -> Result<Fields, Trouble> {
    let body = incoming.body.as_ref();
    let body = body.ok_or_else(|| Trouble::Business(40006, "file too large".to_owned()))?;
    let switches = world.lock().switches.clone();
    let query = Fields::from_form(incoming.query())?;
    match call.place {
        Place::Query if body.is_empty() => Ok(query),
        Place::Query if switches.accept_form_for_query_params => {
            world.lock().report.deviation("form for query parameters");
            query.and(form_of(incoming)?)
        }
        Place::Query => {
            depart(world, "body on a call that has none")?;
            Ok(query)
        }
        Place::Form if is_kind(incoming, "application/x-www-form-urlencoded") => {
            if query.names().any(|name| name != TOKEN && call.documents(name)) {
                depart(world, "parameters of a form in the query")?;
            }
            query.and(form_of(incoming)?)
        }
        Place::Form if switches.json_on_form_endpoints && is_kind(incoming, "application/json") => {
            world.lock().report.deviation("JSON on a form endpoint");
            query.and(Fields::from_json(body)?)
        }
        Place::Form => {
            world.lock().report.deviation("wrong content type");
            Err(Trouble::parameter("the content type must be application/x-www-form-urlencoded"))
        }
    }
}

fn note_undocumented(world: &World, call: &Call, fields: &Fields) -> Result<(), Trouble> {
    let mut state = world.lock();
    let strict = state.switches.strict;
    for name in fields.names() {
        if call.documents(name) {
            continue;
        }
        state.report.undocumented(call.name, name);
        if strict && !SDK_MARKS.contains(&name) {
            return Err(Trouble::parameter(format!("{name} is not documented")));
        }
    }
    Ok(())
}

/// Counts a departure from the documents, and refuses it when strict.
pub(super) fn depart(world: &World, what: &str) -> Result<(), Trouble> {
    if world.lock().departs(what) {
        return Err(Trouble::parameter(format!("strict: {what}")));
    }
    Ok(())
}

/// The content type without what follows the semicolon.
pub(super) fn is_kind(incoming: &Incoming, kind: &str) -> bool {
    let sent = incoming.head.headers.get(header::CONTENT_TYPE);
    let sent = sent.and_then(|value| value.to_str().ok()).unwrap_or_default();
    sent.split(';').next().is_some_and(|sent| sent.trim().eq_ignore_ascii_case(kind))
}

/// The body read as a form.
pub(super) fn form_of(incoming: &Incoming) -> Result<Fields, Trouble> {
    let body = incoming.body.as_deref().unwrap_or_default();
    let text =
        std::str::from_utf8(body).map_err(|_| Trouble::parameter("the form is not UTF-8"))?;
    Fields::from_form(text)
}

fn before_effect(fault: CallFault) -> Option<Response> {
    match fault {
        CallFault::HangUpAfterAccepting => None,
        CallFault::HangUp => Some(hang_up()),
        CallFault::Unavailable => {
            let trouble = Trouble::Gateway(2, "Service temporarily unavailable");
            Some(Errno::Number.failed(trouble))
        }
        CallFault::TooFast => {
            Some(Errno::Number.failed(Trouble::Gateway(18, "Open api qps request limit reached")))
        }
        CallFault::BadGateway => {
            Some(of_kind(StatusCode::BAD_GATEWAY, "text/html", "<html>502 Bad Gateway</html>"))
        }
    }
}

/// An answer that breaks off: the connection closes before a whole reply was sent.
fn hang_up() -> Response {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    let body = Body::from_stream(stream::once(async { Err::<Bytes, _>(broken) }));
    of_kind(StatusCode::OK, "application/json", body)
}
