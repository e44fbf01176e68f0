//! The four envelopes of a reply, tried in their order: gateway error, OAuth error, business reply, business reply with
//! its message under another key.
//!
//! A success has to say so: nothing that is missing counts as zero, and nothing that only looks like zero does.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{
    errno,
    error::{Failure, Garble},
};
use crate::http::strict_json;

/// What a success looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// `errno` is 0; what was asked for stands under `data`.
    Numbered,
    /// No `errno` need be there; what was asked for stands at the top: tokens and old session keys.
    Bare,
    /// Numbered, and if it names a record, then this one; an answer to somebody else's question is none.
    About(&'a str),
}

/// Statuses that are never Baidu's own: nothing in it, a part of it, an address elsewhere, somebody's joke.
const NEVER_BAIDUS: [u16; 3] = [204, 206, 418];

/// Opens a reply: `data` of a numbered success, the whole object of a bare one.
pub fn open(shape: Shape<'_>, status: u16, body: &[u8]) -> Result<Value, Failure> {
    if (300..400).contains(&status) || status < 200 || NEVER_BAIDUS.contains(&status) {
        return Err(Failure::Http { status });
    }
    match read(shape, body) {
        // An error page of something between us and Baidu; the status says more than the page.
        Err(Failure::Decode(_)) if !(200..300).contains(&status) => Err(Failure::Http { status }),
        read => read,
    }
}

fn read(shape: Shape<'_>, body: &[u8]) -> Result<Value, Failure> {
    let mut reply: Map<String, Value> =
        strict_json::read(body).map_err(|_| Failure::Decode(Garble::NotJson))?;
    if let Some(code) = number(&reply, "error_code", Garble::OddError)?
        && code != 0
    {
        return Err(Failure::Gateway { code });
    }
    if let Some(error) = present(&reply, "error") {
        let word = error.as_str().filter(|word| is_oauth_word(word));
        // Java servers write `"error": "Internal Server Error"` about themselves.
        let word = word.ok_or(Failure::Decode(Garble::OddError))?;
        return Err(Failure::OAuth { error: word.to_owned() });
    }
    match (number(&reply, "errno", Garble::NoErrno)?, shape) {
        (Some(0), Shape::About(record)) if !may_be_about(&reply, record) => {
            return Err(Failure::Decode(Garble::Other));
        }
        (Some(0), Shape::Numbered | Shape::About(_)) => {}
        (Some(0) | None, Shape::Bare) => return Ok(Value::Object(reply)),
        (None, Shape::Numbered | Shape::About(_)) => {
            return Err(Failure::Decode(Garble::NoErrno));
        }
        (Some(errno), _) => return Err(refusal(errno, &reply)),
    }
    match reply.remove("data") {
        Some(Value::Bool(false)) => Err(Failure::DataFalse),
        data => Ok(data.unwrap_or_default()),
    }
}

fn refusal(errno: i64, reply: &Map<String, Value>) -> Failure {
    let request_id = request_id(reply);
    if errno == errno::BANNER_EXISTS {
        return Failure::BannerExists { request_id };
    }
    let message = ["msg", "errmsg"].iter().find_map(|key| reply.get(*key)?.as_str());
    let before = message.is_some_and(errno::says_done_before);
    Failure::Business { errno, before, request_id }
}

/// Whether no other record is named, at the top or in the data. The documents show none at all.
fn may_be_about(reply: &Map<String, Value>, record: &str) -> bool {
    let data = reply.get("data").and_then(Value::as_object);
    let places = [Some(reply), data].into_iter().flatten();
    let mut named = places.flat_map(|place| [place.get("record_id"), place.get("recordId")]);
    named.all(|named| named.is_none_or(|named| named.is_null() || named == record))
}

/// A field that is there and not `null`.
fn present<'a>(reply: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    reply.get(key).filter(|value| !value.is_null())
}

fn number(reply: &Map<String, Value>, key: &str, odd: Garble) -> Result<Option<i64>, Failure> {
    let Some(value) = present(reply, key) else { return Ok(None) };
    integer(value).map(Some).ok_or(Failure::Decode(odd))
}

/// An integer, as JSON writes it or as a text with the same digits: `0` and `"0"`, not `"00"`, `0.0` or `true`.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_oauth_word(word: &str) -> bool {
    let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (1..=64).contains(&word.len()) && plain
}

/// What Baidu's support asks for, under any of its names; only if it looks like one.
fn request_id(reply: &Map<String, Value>) -> Option<String> {
    ["request_id", "requestId", "traceId"].iter().find_map(|key| {
        let id = match reply.get(*key)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        ((1..=64).contains(&id.len()) && plain).then_some(id)
    })
}
