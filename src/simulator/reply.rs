//! The shapes in which the platform answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

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
}

/// How a call writes its `errno`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errno {
    Number,
    Text,
}

impl Errno {
    fn value(self, number: i64) -> Value {
        match self {
            Self::Number => json!(number),
            Self::Text => json!(number.to_string()),
        }
    }

    /// A failure, always with status 200.
    pub fn failed(self, trouble: Trouble) -> Response {
        let body = match trouble {
            Trouble::Gateway(code, message) => json!({ "error_code": code, "error_msg": message }),
            Trouble::Business(errno, msg) => json!({ "errno": self.value(errno), "msg": msg }),
        };
        json_reply(StatusCode::OK, &body)
    }
}

/// `{"data":…,"errno":0,"msg":""}`.
pub(super) fn with_data(data: &impl Serialize) -> Value {
    json!({ "data": data, "errno": 0, "msg": "" })
}

/// `{"errno":"0","msg":"success"}`.
pub(super) fn plain_success() -> Value {
    json!({ "errno": "0", "msg": "success" })
}

/// Any JSON answer.
pub(super) fn json_reply(status: StatusCode, body: &impl Serialize) -> Response {
    // Our own types always serialise; an empty body would be seen at once.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    of_kind(status, "application/json;charset=UTF-8", bytes)
}

/// Any answer whose content type is known.
pub(super) fn of_kind(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
