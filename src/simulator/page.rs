//! The page at `/`: see the templates, take a coupon, look into a wallet.

use axum::http::StatusCode;
use axum::response::Response;

use super::reply::of_kind;

/// The page, whole: it loads nothing from anywhere.
pub(super) async fn page() -> Response {
    of_kind(StatusCode::OK, "text/html;charset=UTF-8", include_str!("page.html"))
}
