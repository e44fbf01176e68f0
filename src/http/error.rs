//! The one error of our own APIs, spoken as a problem document (RFC 9457).
//!
//! Callbacks do not use it: each platform has a reply of its own.

use std::{borrow::Cow, error::Error};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    code::{Code, Reader},
    language::{self, Language},
    request_id,
};
use crate::domain::problem::Problem;

/// A "no" to a request. `code` is part of the API and stays; the rest is for people.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    detail: Cow<'static, str>,
    more: Box<More>,
    /// For our log only.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What only some refusals have.
#[derive(Debug, Default)]
struct More {
    in_chinese: Option<Cow<'static, str>>,
    param: Option<Cow<'static, str>>,
    problems: Vec<Problem>,
    figures: Map<String, Value>,
    retry_after: Option<u64>,
}

/// A problem document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemView<'a> {
    /// A name for the code, the same for ever.
    r#type: String,
    title: &'static str,
    status: u16,
    /// Part of the API: it stays.
    code: &'static str,
    /// For people.
    detail: &'a str,
    /// The field or parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    problems: &'a [Problem],
    #[serde(flatten)]
    figures: &'a Map<String, Value>,
    /// As in the header `X-Request-Id`, and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl ApiError {
    /// A refusal that the caller can understand and mend; `detail` is in English.
    pub fn refused(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), more: Box::default(), cause: None }
    }

    /// The same with the detail that a refusal has of itself.
    pub fn conflict(code: Code, why: &impl ToString) -> Self {
        Self::refused(code, why.to_string())
    }

    /// 404: not there, or not of this kind.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(Code::NotFound, detail)
    }

    /// 401: no key, or none that counts.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(Code::Unauthenticated, detail)
    }

    /// 422: readable, and wrong in the places that `problems` names.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let detail = "some values are not acceptable; `problems` lists all of them";
        let mut refused = Self::refused(Code::InvalidValues, detail);
        refused.more.problems = problems;
        refused
    }

    /// 422: the field `param` names something that is not there.
    pub fn no_such(param: &'static str, why: &impl ToString) -> Self {
        Self::refused(Code::NoSuchReference, why.to_string()).at(param)
    }

    /// 500, or 503 when no database connection came free in time. The caller learns that we failed; only the log learns why.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        let cause: Box<dyn Error + Send + Sync> = Box::new(cause);
        let refused = match cause.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::PoolTimedOut) => Self::refused(Code::Busy, "too busy; try again"),
            _ => Self::refused(Code::Internal, "an error of ours"),
        };
        Self { cause: Some(cause), ..refused }
    }

    /// Its name in the API.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Names the field or parameter at fault.
    #[must_use]
    pub fn at(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.more.param = Some(param.into());
        self
    }

    /// The detail for people who read Chinese; without it they are told the title of the code.
    #[must_use]
    pub fn in_chinese(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.more.in_chinese = Some(detail.into());
        self
    }

    /// Adds a member to the document that programs can use, such as `needs_fen`; what has no JSON is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.more.figures.insert(name.to_owned(), value);
        }
        self
    }

    /// After how many seconds it is worth to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.more.retry_after = Some(seconds);
        self
    }

    fn detail(&self, language: Language) -> &str {
        match (language, self.code.reader(), &self.more.in_chinese) {
            (Language::Chinese, _, Some(detail)) => detail,
            (Language::Chinese, Reader::People, None) => self.code.title(language),
            (Language::Chinese, Reader::Programs, None) | (Language::English, _, _) => &self.detail,
        }
    }

    fn body(&self, language: Language) -> Vec<u8> {
        let view = ProblemView {
            r#type: format!("urn:kaquan:problem:{}", self.code.as_str()),
            title: self.code.title(language),
            status: self.code.status().as_u16(),
            code: self.code.as_str(),
            detail: self.detail(language),
            param: self.more.param.as_deref(),
            problems: &self.more.problems,
            figures: &self.more.figures,
            request_id: request_id::current(),
        };
        serde_json::to_vec(&view).unwrap_or_default()
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
        let (language, status) = (language::current(), self.code.status());
        let mut response = (status, self.body(language)).into_response();
        // For the layers around the handler: a code is known by its type and not by its text.
        response.extensions_mut().insert(self.code);
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let soon = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        let usual = (soon.contains(&status) || self.code == Code::InFlight).then_some(1);
        if let Some(seconds) = self.more.retry_after.or(usual) {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests;
