//! The shapes in which the platform answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::switches::Switches;

/// Why a call came to nothing, in the platform's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The gateway's `error_code`.
    Gateway(i64, &'static str),
    /// The service's `errno`.
    Business(i64, String),
}

impl Trouble {
    pub fn parameter(what: impl Into<String>) -> Self {
        Self::Business(40001, what.into())
    }

    pub fn wrong_type(what: impl Into<String>) -> Self {
        Self::Business(41000, what.into())
    }

    /// A template, or what hangs on one, that is not there for this app.
    pub fn no_coupon() -> Self {
        Self::Business(70001, "优惠券不存在".to_owned())
    }
}

/// How a call writes its `errno`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errno {
    Number,
    Text,
}

/// Under which key a call puts its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Msg,
    ErrMsg,
}

/// The envelope of one call, as its page documents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub errno: Errno,
    pub message: Message,
    /// The words of a success.
    pub success: &'static str,
    /// Whether the answer carries a request id and a time.
    pub traced: bool,
}

impl Shape {
    /// `{"data":…,"errno":0,"msg":""}`.
    pub const DATA: Self =
        Self { errno: Errno::Number, message: Message::Msg, success: "", traced: false };
    /// `{"errno":"0","msg":"success"}`.
    pub const PLAIN: Self =
        Self { errno: Errno::Text, message: Message::Msg, success: "success", traced: false };
    /// `{"errno":"0","errmsg":"success"}`.
    pub const SYNC: Self = Self { message: Message::ErrMsg, ..Self::PLAIN };
    /// `{"errno":0,"errmsg":"succ","data":…,"request_id":"…","timestamp":…}`.
    pub const PERSON: Self =
        Self { errno: Errno::Number, message: Message::ErrMsg, success: "succ", traced: true };

    /// The envelope with the types and keys that a switch has flipped for the call.
    pub fn switched(mut self, switches: &Switches, call: &str) -> Self {
        if Switches::names(&switches.flip_errno_type_of, call) {
            self.errno = match self.errno {
                Errno::Number => Errno::Text,
                Errno::Text => Errno::Number,
            };
        }
        if Switches::names(&switches.flip_message_key_of, call) {
            self.message = match self.message {
                Message::Msg => Message::ErrMsg,
                Message::ErrMsg => Message::Msg,
            };
        }
        self
    }

    /// A success; without data when there is none to show.
    pub fn succeeded(self, data: Value, now: DateTime<Utc>) -> Value {
        let mut body = self.envelope(0, self.success);
        if !data.is_null() {
            body["data"] = data;
        }
        if self.traced {
            body["request_id"] = json!(now.timestamp_micros().to_string());
            body["timestamp"] = json!(now.timestamp());
        }
        body
    }

    /// A failure; its status is 200 like that of a success.
    pub fn failed(self, trouble: Trouble) -> Value {
        match trouble {
            Trouble::Gateway(code, message) => json!({ "error_code": code, "error_msg": message }),
            Trouble::Business(errno, words) => self.envelope(errno, &words),
        }
    }

    fn envelope(self, errno: i64, words: &str) -> Value {
        let errno = match self.errno {
            Errno::Number => json!(errno),
            Errno::Text => json!(errno.to_string()),
        };
        match self.message {
            Message::Msg => json!({ "errno": errno, "msg": words }),
            Message::ErrMsg => json!({ "errno": errno, "errmsg": words }),
        }
    }
}

/// What a call is answered with, before a fault bends it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Value,
    /// Whether nobody on the way may keep it.
    pub no_store: bool,
}

impl Answer {
    /// As every call under `/rest` and `/file` is answered, whatever came of it.
    pub fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body, no_store: false }
    }

    /// As the token endpoint answers, with a status of its own and never to be kept.
    pub fn oauth(status: StatusCode, body: Value) -> Self {
        Self { status, body, no_store: true }
    }
}

/// Any JSON answer.
pub(super) fn json_reply(status: StatusCode, body: &impl Serialize) -> Response {
    // Our own types always serialise; an empty body would be seen at once.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    of_kind(status, JSON, bytes)
}

/// The content type of every JSON answer.
pub(super) const JSON: &str = "application/json;charset=UTF-8";

/// Any answer whose content type is known.
pub(super) fn of_kind(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
