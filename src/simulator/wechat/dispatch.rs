//! From a request to an answer, in WeChat's order: path, token, method, body, permission, and the call itself.

use serde_json::{Map, Value, json};

use super::calls::{self, Call, Needs};
use super::quota::Limits;
use super::request::Incoming;
use super::state::members;
use super::token;
use super::trouble::Trouble;
use super::turn::Turn;
use crate::simulator::json as strict_json;

/// Answers a request, with all its effects; nothing for a path that does not exist.
pub(super) fn answer(turn: &mut Turn<'_>, incoming: &mut Incoming) -> Option<Value> {
    let Some(call) = calls::at(incoming.path()) else {
        turn.state.report.unknown_path(incoming.path());
        turn.notes.push("no such path".to_owned());
        return None;
    };
    let done = handle(turn, call, incoming);
    Some(match done {
        Ok(data) if call.is_bare => data,
        Ok(data) => {
            let mut body = members(json!({ "errcode": 0, "errmsg": "ok" }));
            body.extend(members(data));
            Value::Object(body)
        }
        Err(trouble) => refused(turn, &trouble),
    })
}

fn refused(turn: &mut Turn<'_>, trouble: &Trouble) -> Value {
    if trouble.is_misuse() {
        let said = format!("{}: {} {}", turn.call, trouble.code, trouble.words);
        turn.state.report.deviation(&said);
    }
    let rid = turn.state.rid(turn.now);
    json!({ "errcode": trouble.code, "errmsg": format!("{} {rid}", trouble.words) })
}

fn handle(turn: &mut Turn<'_>, call: &Call, incoming: &mut Incoming) -> Result<Value, Trouble> {
    if call.needs != Needs::Nothing {
        let token = incoming.parameter("access_token");
        let token = token.ok_or_else(|| Trouble::new(41001, "access_token missing"))?;
        turn.appid = turn.state.app_of_token(token, turn.now)?;
    }
    if call.needs == Needs::Cards {
        let may = token::check_capability(turn);
        // A foreign token is refused with the token, a missing permission after the body.
        if let Err(trouble) = &may
            && trouble.code == 40001
        {
            return may.map(|()| Value::Null);
        }
    }
    if call.path != calls::LOGIN && call.path != "/cgi-bin/token" {
        check_method(call, incoming)?;
    }
    if call.is_post && call.path != calls::UPLOAD {
        incoming.json = body(turn, incoming)?;
    }
    if call.needs == Needs::Cards {
        token::check_capability(turn)?;
    }
    if call.needs != Needs::Nothing {
        let switches = &turn.state.switches;
        let limits =
            Limits { per_day: switches.calls_per_day, per_minute: switches.calls_per_minute };
        turn.state.quotas.spend(&turn.appid, call.path, limits, turn.now)?;
    }
    (call.act)(turn, incoming)
}

fn check_method(call: &Call, incoming: &Incoming) -> Result<(), Trouble> {
    match (call.is_post, incoming.is_post()) {
        (true, false) => Err(Trouble::new(43002, "require POST method")),
        (false, true) => Err(Trouble::new(43001, "require GET method")),
        (true, true) | (false, false) => Ok(()),
    }
}

/// The JSON object that a body holds.
fn body(turn: &Turn<'_>, incoming: &Incoming) -> Result<Map<String, Value>, Trouble> {
    let sent = incoming.body.as_deref().ok_or_else(|| Trouble::format("too large"))?;
    if sent.is_empty() {
        return Err(Trouble::new(44002, "empty post data"));
    }
    if turn.is_strict()
        && let Some(at) = first_escape(sent)
    {
        let before = String::from_utf8_lossy(sent.get(at..).unwrap_or_default());
        let before: String = before.chars().take(16).collect();
        return Err(Trouble::format(format!("Error before {before}")));
    }
    let read = strict_json::object(sent).map_err(|_| Trouble::format("no JSON object"))?;
    Ok(members(read))
}

/// Where a body has an escape that WeChat's own reader stumbles over: `\u` or `\/`.
fn first_escape(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        if *byte == b'\\' {
            if matches!(body.get(at + 1), Some(b'u' | b'/')) {
                return Some(at);
            }
            at += 1;
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_escapes_are_found() {
        assert_eq!(first_escape(br#"{"a":"\u4e00"}"#), Some(6));
        assert_eq!(first_escape(br#"{"a":"b\/c"}"#), Some(7));
        assert_eq!(first_escape(br#"{"a":"\\u \n \" /"}"#), None);
    }
}
