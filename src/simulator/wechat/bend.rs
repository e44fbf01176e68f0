//! What a fault makes of an answer, before or after the effect, and how it goes over the wire.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::fault::CallFault;
use crate::simulator::caller::pause;
use crate::simulator::reply::of_kind;
use crate::simulator::serve::HungUp;

const MOST_WAIT: u64 = 600_000;
const JSON: &str = "application/json; encoding=utf-8";

/// An answer on its way.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub status: StatusCode,
    kind: &'static str,
    pub body: String,
    /// Whether anything arrives at all.
    pub arrives: bool,
    wait: u64,
}

impl Wire {
    pub fn text(status: StatusCode, kind: &'static str, body: impl Into<String>) -> Self {
        Self { status, kind, body: body.into(), arrives: true, wait: 0 }
    }

    pub fn json(body: &Value) -> Self {
        Self::text(StatusCode::OK, JSON, body.to_string())
    }

    /// A connection that closes without a word.
    pub fn never() -> Self {
        Self { arrives: false, ..Self::text(StatusCode::OK, JSON, "") }
    }

    fn bad_gateway() -> Self {
        let page = "<html><head><title>502 Bad Gateway</title></head></html>";
        Self::text(StatusCode::BAD_GATEWAY, "text/html", page)
    }

    /// Waits as long as it must and goes.
    pub async fn send(self, answer_after_ms: u64) -> Response {
        pause(Duration::from_millis(self.wait.saturating_add(answer_after_ms).min(MOST_WAIT)))
            .await;
        let mut response = of_kind(self.status, self.kind, self.body);
        if !self.arrives {
            response.extensions_mut().insert(HungUp);
        }
        response
    }
}

/// The answer instead of every effect; nothing when the call goes on.
pub(super) fn instead(fault: CallFault, rid: &str) -> Option<Wire> {
    match fault {
        CallFault::Errcode(code) => {
            let words = if code == -1 { "system error" } else { "by order of a test" };
            Some(Wire::json(&json!({ "errcode": code, "errmsg": format!("{words} {rid}") })))
        }
        CallFault::HangUp => Some(Wire::never()),
        CallFault::BadGateway => Some(Wire::bad_gateway()),
        CallFault::Slow { .. }
        | CallFault::HangUpAfterAccepting
        | CallFault::BadGatewayAfterAccepting
        | CallFault::CutJson
        | CallFault::ErrcodeAsText
        | CallFault::MissingErrcode
        | CallFault::PlainText
        | CallFault::TokenKilled
        | CallFault::TicketRotated => None,
    }
}

/// The answer after the effect, as the fault leaves it.
pub(super) fn bent(fault: Option<CallFault>, mut body: Value) -> Wire {
    match fault {
        Some(CallFault::Slow { ms }) => Wire { wait: ms, ..Wire::json(&body) },
        Some(CallFault::HangUpAfterAccepting) => Wire::never(),
        Some(CallFault::BadGatewayAfterAccepting) => Wire::bad_gateway(),
        Some(CallFault::CutJson) => {
            let whole = body.to_string();
            let half = (0..=whole.len() / 2).rev().find(|end| whole.is_char_boundary(*end));
            Wire::text(StatusCode::OK, JSON, whole.get(..half.unwrap_or(0)).unwrap_or_default())
        }
        Some(CallFault::ErrcodeAsText) => {
            let code = body.get("errcode").and_then(Value::as_i64).unwrap_or(0);
            if let Some(members) = body.as_object_mut() {
                members.insert("errcode".to_owned(), json!(code.to_string()));
            }
            Wire::json(&body)
        }
        Some(CallFault::MissingErrcode) => {
            if let Some(members) = body.as_object_mut() {
                members.remove("errcode");
                members.remove("errmsg");
            }
            Wire::json(&body)
        }
        Some(CallFault::PlainText) => Wire::text(StatusCode::OK, "text/plain", body.to_string()),
        Some(
            CallFault::Errcode(_)
            | CallFault::HangUp
            | CallFault::BadGateway
            | CallFault::TokenKilled
            | CallFault::TicketRotated,
        )
        | None => Wire::json(&body),
    }
}
