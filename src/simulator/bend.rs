//! What a fault makes of an answer, before or after the effect, and how it goes over the wire.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::caller::pause;
use super::fault::CallFault;
use super::reply::{Answer, JSON, Shape, Trouble, of_kind};
use super::serve::HungUp;

const MOST_WAIT: u64 = 600_000;
const MOST_FLOOD: u64 = 1024 * 1024 * 1024;
const FLOOD_PIECE: usize = 64 * 1024;

/// An answer on its way: what is said, and how it travels.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub status: StatusCode,
    pub kind: &'static str,
    pub body: Bytes,
    no_store: bool,
    elsewhere: bool,
    travels: Travels,
    wait: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Travels {
    Whole,
    /// No byte of it is ever sent.
    Never,
    /// The connection breaks in the middle.
    Half,
    /// A few bytes at a time.
    Drip(u32),
    /// Followed by so many blanks.
    Flooded(u64),
}

impl Wire {
    fn new(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            kind,
            body: body.into(),
            no_store: false,
            elsewhere: false,
            travels: Travels::Whole,
            wait: Duration::ZERO,
        }
    }

    fn json(body: &Value) -> Self {
        Self::new(StatusCode::OK, JSON, body.to_string())
    }

    /// A connection that closes without a word.
    pub fn never() -> Self {
        Self { travels: Travels::Never, ..Self::new(StatusCode::OK, JSON, "") }
    }

    /// A plain text of the server itself.
    pub fn text(status: StatusCode, words: &'static str) -> Self {
        Self::new(status, "text/plain", words)
    }

    /// Whether anything arrives at all.
    pub fn arrives(&self) -> bool {
        self.travels != Travels::Never
    }

    /// Waits as long as it must and goes.
    pub async fn send(self, answer_after_ms: u64) -> Response {
        pause(self.wait + Duration::from_millis(answer_after_ms.min(MOST_WAIT))).await;
        let mut response = of_kind(self.status, self.kind, self.travelling());
        let headers = response.headers_mut();
        if self.no_store {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if self.elsewhere {
            headers.insert(header::LOCATION, HeaderValue::from_static("/followed-a-redirect"));
        }
        if self.travels == Travels::Never {
            response.extensions_mut().insert(HungUp);
        }
        response
    }

    fn travelling(&self) -> Body {
        let body = self.body.clone();
        match self.travels {
            Travels::Whole | Travels::Never => Body::from(body),
            Travels::Half => {
                let half = body.slice(..body.len() / 2);
                let broken = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
                Body::from_stream(stream::iter([Ok(half), Err(broken)]))
            }
            Travels::Drip(per_second) => dripping(body, per_second),
            Travels::Flooded(bytes) => flooded(body, bytes),
        }
    }
}

/// The answer instead of every effect; `None` when the call goes on.
pub(super) fn instead(fault: CallFault, shape: Shape) -> Option<Wire> {
    let gateway = |code, words| Some(Wire::json(&shape.failed(Trouble::Gateway(code, words))));
    match fault {
        CallFault::HangUp | CallFault::Refuse => Some(Wire::never()),
        CallFault::Unavailable => gateway(2, gateway_words(2)),
        CallFault::TooFast => gateway(18, gateway_words(18)),
        CallFault::Gateway { code } => gateway(code, gateway_words(code)),
        CallFault::Busy { errno } => {
            let trouble = Trouble::Business(errno, "系统繁忙".to_owned());
            Some(Wire::json(&shape.failed(trouble)))
        }
        CallFault::BothErrors => Some(Wire::json(&json!({
            "errno": 0, "msg": "", "data": null,
            "error_code": 110, "error_msg": gateway_words(110),
        }))),
        CallFault::BadGateway => {
            let page = "<html>502 Bad Gateway</html>";
            Some(Wire::new(StatusCode::BAD_GATEWAY, "text/html", page))
        }
        CallFault::ServerError { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Wire::text(status, "server error"))
        }
        CallFault::Html => {
            let page = "<!doctype html><html><title>请稍候</title><p>正在跳转</html>";
            Some(Wire::new(StatusCode::OK, "text/html;charset=UTF-8", page))
        }
        CallFault::Redirect => {
            let wire = Wire::text(StatusCode::FOUND, "moved");
            Some(Wire { elsewhere: true, ..wire })
        }
        CallFault::HangUpAfterAccepting
        | CallFault::BreakOff
        | CallFault::Slow { .. }
        | CallFault::Drip { .. }
        | CallFault::TokenExpired
        | CallFault::CutJson
        | CallFault::WrongTypes
        | CallFault::MissingErrno
        | CallFault::Empty
        | CallFault::Flood { .. } => None,
    }
}

/// The answer to a call that had its effect.
pub(super) fn bent(fault: Option<CallFault>, answer: Answer) -> Wire {
    let Answer { status, mut body, no_store } = answer;
    match fault {
        Some(CallFault::WrongTypes) => confuse(&mut body),
        Some(CallFault::MissingErrno) => {
            if let Some(fields) = body.as_object_mut() {
                fields.remove("errno");
            }
        }
        _ => {}
    }
    let mut wire = Wire { no_store, ..Wire::new(status, JSON, body.to_string()) };
    match fault {
        Some(CallFault::HangUpAfterAccepting) => wire.travels = Travels::Never,
        Some(CallFault::BreakOff) => wire.travels = Travels::Half,
        Some(CallFault::Slow { ms }) => wire.wait = Duration::from_millis(ms.min(MOST_WAIT)),
        Some(CallFault::Drip { bytes_per_second }) => {
            wire.travels = Travels::Drip(bytes_per_second);
        }
        Some(CallFault::CutJson) => wire.body = wire.body.slice(..wire.body.len() / 2),
        Some(CallFault::Empty) => wire.body = Bytes::new(),
        Some(CallFault::Flood { bytes }) => wire.travels = Travels::Flooded(bytes.min(MOST_FLOOD)),
        _ => {}
    }
    wire
}

/// Numbers where texts belong and the other way round, and an `errno` that is a list.
fn confuse(body: &mut Value) {
    let Some(fields) = body.as_object_mut() else { return };
    for (name, value) in fields {
        if name == "errno" {
            *value = json!([value.clone()]);
            continue;
        }
        match value {
            Value::Object(inner) => {
                for (_, value) in inner.iter_mut().filter(|(name, _)| name.ends_with("id")) {
                    *value = json!(value.to_string());
                }
            }
            Value::Bool(_) | Value::Number(_) => *value = json!(value.to_string()),
            Value::Null | Value::String(_) | Value::Array(_) => {}
        }
    }
}

/// Ten pieces a second.
fn dripping(body: Bytes, per_second: u32) -> Body {
    let piece = usize::try_from(per_second / 10).unwrap_or(usize::MAX).max(1);
    let gap = if per_second < 10 { 1000 / u64::from(per_second.max(1)) } else { 100 };
    let pieces = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        pause(Duration::from_millis(gap)).await;
        let now = rest.split_to(piece.min(rest.len()));
        Some((Ok::<_, std::io::Error>(now), rest))
    });
    Body::from_stream(pieces)
}

fn flooded(body: Bytes, bytes: u64) -> Body {
    let blanks = Bytes::from(vec![b' '; FLOOD_PIECE]);
    let pieces = usize::try_from(bytes.div_ceil(FLOOD_PIECE as u64)).unwrap_or_default();
    let all = stream::once(async { body }).chain(stream::iter(std::iter::repeat_n(blanks, pieces)));
    Body::from_stream(all.map(Ok::<_, std::io::Error>))
}

fn gateway_words(code: i64) -> &'static str {
    match code {
        2 => "Service temporarily unavailable",
        3 => "Unsupported openapi method",
        4 => "Open api request limit reached",
        5 => "Unauthorized client IP address",
        6 => "No permission to access data",
        17 => "Open api daily request limit reached",
        18 => "Open api qps request limit reached",
        19 => "Open api total request limit reached",
        100 => "Invalid parameter",
        101 => "Invalid API key",
        110 => "Access token invalid or no longer valid",
        111 => "Access token expired",
        _ => "Unknown error",
    }
}
