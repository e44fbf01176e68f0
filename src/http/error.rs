//! The one error of our own APIs, spoken as a problem document (RFC 9457).
//!
//! Callbacks do not use it: each platform has a reply of its own.

use std::{borrow::Cow, error::Error};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::request_id;
use crate::domain::problem::Problem;

/// A "no" to a request. `code` is part of the API and stays; the rest is for people.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    param: Option<Cow<'static, str>>,
    problems: Vec<Problem>,
    /// For our log only.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    problems: &'a [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl ApiError {
    /// A refusal that the caller can understand and mend.
    pub fn refused(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = detail.into();
        Self { status, code, detail, param: None, problems: Vec::new(), cause: None }
    }

    /// 409: state or a limit says no.
    pub fn conflict(code: &'static str, why: &impl ToString) -> Self {
        Self::refused(StatusCode::CONFLICT, code, why.to_string())
    }

    /// 404: not there, or not of this kind.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 401: no key, or none that counts.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 422: readable, and wrong in the places that `problems` names.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let detail = "some values are not acceptable; `problems` lists all of them";
        let refused = Self::refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid_values", detail);
        Self { problems, ..refused }
    }

    /// 422: the field `param` names something that is not there.
    pub fn no_such(param: &'static str, why: &impl ToString) -> Self {
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, "no_such_reference", why.to_string())
            .at(param)
    }

    /// 500, or 503 when no database connection came free in time. The caller learns that we failed; only the log learns why.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        let cause: Box<dyn Error + Send + Sync> = Box::new(cause);
        let refused = match cause.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::PoolTimedOut) => {
                Self::refused(StatusCode::SERVICE_UNAVAILABLE, "busy", "too busy; try again")
            }
            _ => Self::refused(StatusCode::INTERNAL_SERVER_ERROR, "internal", "an error of ours"),
        };
        Self { cause: Some(cause), ..refused }
    }

    /// Its name in the API.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Names the field or parameter at fault.
    #[must_use]
    pub fn at(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(error = &**cause as &dyn Error, "request failed: {cause}");
        }
        let view = ProblemView {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            param: self.param.as_deref(),
            problems: &self.problems,
            request_id: request_id::current(),
        };
        let body = serde_json::to_vec(&view).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
