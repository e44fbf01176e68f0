//! What WeChat hears. Nothing but success with status 200 counts as heard there; anything else is sent again.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::platform::wechat::xml::Malformed;

/// Every way to answer.
#[derive(Debug)]
pub(super) enum Reply {
    /// The address is ours; this is what was asked to be said.
    Echo(String),
    /// It is kept.
    Kept,
    /// It was kept before.
    Known,
    /// It is none of our business.
    Ordinary,
    /// Nobody knows this address.
    NotFound,
    /// Not asked as WeChat asks.
    Incomplete,
    /// Not a body that WeChat sends.
    Malformed,
    /// Not from WeChat, or not for this account: one answer for everything that can be wrong.
    Refused,
    /// The body is too large.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// Trouble of ours, so that WeChat sends it again.
    Busy,
}

impl Reply {
    /// The name in metrics.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Echo(_) => "verified",
            Self::Kept => "kept",
            Self::Known => "known",
            Self::Ordinary => "ordinary",
            Self::NotFound => "not_found",
            Self::Incomplete | Self::Malformed | Self::TooLarge | Self::TooSlow => "malformed",
            Self::Refused => "refused",
            Self::Busy => "busy",
        }
    }

    /// The same, counted under this name.
    pub(super) fn counted(self, metric: &'static str) -> Self {
        metrics::counter!(metric, "outcome" => self.outcome()).increment(1);
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            // Whatever it looks like, it is text.
            Self::Echo(echo) => {
                let sniff = [(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))];
                (StatusCode::OK, sniff, echo).into_response()
            }
            Self::Kept | Self::Known | Self::Ordinary => "success".into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, "not found").into_response(),
            Self::Incomplete => (StatusCode::BAD_REQUEST, "incomplete").into_response(),
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed").into_response(),
            Self::Refused => (StatusCode::FORBIDDEN, "refused").into_response(),
            Self::TooLarge => unread(StatusCode::PAYLOAD_TOO_LARGE, "too large"),
            Self::TooSlow => unread(StatusCode::REQUEST_TIMEOUT, "too slow"),
            Self::Busy => {
                let again = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
                (StatusCode::SERVICE_UNAVAILABLE, again, "busy").into_response()
            }
        }
    }
}

impl From<Malformed> for Reply {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A body that was not read to its end ends the connection; saying so keeps the caller from using it once more.
fn unread(status: StatusCode, text: &'static str) -> Response {
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (status, close, text).into_response()
}
