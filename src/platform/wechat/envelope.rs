//! What every reply has: an `errcode`, or none when all went well.
//!
//! WeChat leaves it out of some successes, so what was asked for has to be there instead. What only looks like zero is none.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{
    error::{Failure, Garble},
    json::integer,
};
use crate::http::strict_json;

/// Statuses that are never WeChat's own: nothing in it, a part of it, somebody's joke.
const NEVER_WECHATS: [u16; 3] = [204, 206, 418];

/// A reply without an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// All of it.
    pub reply: Map<String, Value>,
    /// Whether it says by itself that all went well; otherwise what was asked for has to say so.
    pub says_done: bool,
}

/// Opens a reply, whatever its content type.
pub fn open(status: u16, body: &[u8]) -> Result<Opened, Failure> {
    if (300..400).contains(&status) || status < 200 || NEVER_WECHATS.contains(&status) {
        return Err(Failure::Http { status });
    }
    let good = (200..300).contains(&status);
    match read(body) {
        // An error of WeChat's is one whatever its status; anything else comes from something between us.
        Ok(_) | Err(Failure::Decode(_)) if !good => Err(Failure::Http { status }),
        read => read,
    }
}

fn read(body: &[u8]) -> Result<Opened, Failure> {
    let reply: Map<String, Value> =
        strict_json::read(body).map_err(|_| Failure::Decode(Garble::NotJson))?;
    let errcode = match reply.get("errcode") {
        None => None,
        Some(said) => Some(integer(said).ok_or(Failure::Decode(Garble::OddError))?),
    };
    let message = reply.get("errmsg").and_then(Value::as_str).unwrap_or_default();
    match errcode {
        None | Some(0) => {
            let says_done = errcode == Some(0) || is_ok(message);
            Ok(Opened { reply, says_done })
        }
        Some(code) => Err(Failure::Business { code, rid: request_id(message) }),
    }
}

/// `ok`, perhaps with a diagnostic tail.
fn is_ok(message: &str) -> bool {
    message == "ok" || message.starts_with("ok ")
}

/// What WeChat's support asks for, in the new form ` rid: 608d…` or the old ` hint: [W0HW.a0437ent2]`.
fn request_id(message: &str) -> Option<String> {
    let (_, tail) = message.rsplit_once("rid: ").or_else(|| message.rsplit_once("hint: ["))?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let end = tail.find(|letter| !plain(letter)).unwrap_or(tail.len());
    Some(tail[..end].to_owned()).filter(|id| (1..=64).contains(&id.len()))
}
