//! `/docs`: the contract as a page for people. Everything on it comes from this server.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, header};

/// `RapiDoc`, as published; its licence lies beside it.
const SCRIPT: &[u8] = include_bytes!("../../assets/rapidoc/rapidoc-min.js");

const PAGE: &str = include_str!("../../assets/rapidoc/page.html");

/// Nobody else is asked for anything, whatever the script may want.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    connect-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const NO_SNIFFING: (HeaderName, &str) = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");

/// `GET /docs`
pub async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        NO_SNIFFING,
    ];
    (headers, PAGE).into_response()
}

/// `GET /docs/reader.js`
pub async fn script() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        NO_SNIFFING,
    ];
    (headers, SCRIPT).into_response()
}
