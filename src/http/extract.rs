//! Extractors whose refusals have our shape, and which take nothing that could be read in two ways.
#![expect(clippy::disallowed_types, reason = "these are the wrappers that everyone else uses")]

use std::collections::HashSet;

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    code::Code,
    error::ApiError,
    strict_json::{self, Unreadable},
};

/// A JSON body, in or out.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The variable parts of the path; one that cannot be an id is simply not there.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query; `T` refuses parameters that it does not know.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The longest JSON body.
const LONGEST_BODY: usize = 256 * 1024;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        expect_media_type(request.headers(), "application/json")?;
        let body = Limited::new(request.into_body(), LONGEST_BODY);
        let body = body.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let detail = "a JSON body has at most 256 KiB";
                ApiError::refused(Code::BodyTooLarge, detail)
            } else {
                ApiError::refused(Code::UnreadableBody, "the body broke off")
            }
        })?;
        Ok(Self(strict_json::read(&body.to_bytes())?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|rejection: PathRejection| ApiError::not_found(rejection.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut seen = HashSet::new();
        let query = parts.uri.query().unwrap_or_default();
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            if let Some(name) = seen.replace(name) {
                let detail = format!("`{name}` stands twice");
                return Err(ApiError::refused(Code::InvalidQuery, detail).at(name.into_owned()));
            }
        }
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| ApiError::refused(Code::InvalidQuery, rejection.body_text()))
    }
}

impl From<Unreadable> for ApiError {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Syntax(_) => ApiError::refused(Code::InvalidJson, error.to_string()),
            Unreadable::Shape { path: None, message } => {
                ApiError::refused(Code::InvalidBody, message)
            }
            Unreadable::Shape { path: Some(path), message } => {
                ApiError::refused(Code::InvalidBody, message).at(path)
            }
        }
    }
}

/// Refuses any other kind of body than `wanted`, compressed ones, and headers that say two things.
pub fn expect_media_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), ApiError> {
    let unsupported = |detail: String| ApiError::refused(Code::UnsupportedMediaType, detail);
    let content_type = only(headers, &header::CONTENT_TYPE)?.unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(wanted) {
        return Err(unsupported(format!("send this body as {wanted}")));
    }
    match only(headers, &header::CONTENT_ENCODING)? {
        None | Some("identity") => Ok(()),
        Some(_) => Err(unsupported("send this body uncompressed".to_owned())),
    }
}

/// The one value of a header that must not stand twice.
pub fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ApiError::refused(Code::InvalidHeader, format!("`{name}` stands twice")));
    }
    first
        .map(http::HeaderValue::to_str)
        .transpose()
        .map_err(|_| ApiError::refused(Code::InvalidHeader, format!("`{name}` is not readable")))
}
