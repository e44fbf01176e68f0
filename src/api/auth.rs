//! Who calls, and whether they may.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{StatusCode, header};

use super::AdminState;
use crate::{
    domain::access::Permission,
    http::{error::ApiError, extract::only},
    service::{authenticate::authenticate, secret},
};

/// Middleware of one route: lets callers with the permission pass, and tells the handler who they are.
pub async fn guard(
    State((state, asks)): State<(AdminState, Permission)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    refuse_key_in_query(request.uri().query().unwrap_or_default())?;
    let shown = only(request.headers(), &header::AUTHORIZATION)?
        .and_then(bearer)
        .ok_or_else(|| ApiError::unauthenticated("send `Authorization: Bearer kq_…`"))?;
    let caller = authenticate(&state.db, state.now(), shown)
        .await?
        .ok_or_else(|| ApiError::unauthenticated("this key is mistyped, unknown or revoked"))?;
    tracing::Span::current().record("key.id", tracing::field::display(caller.key));
    if !caller.role.allows(asks) {
        let detail = "the role of this key does not allow it";
        return Err(ApiError::refused(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

/// Addresses end up in logs on the way, so a key in one is no secret any more.
fn refuse_key_in_query(query: &str) -> Result<(), ApiError> {
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    if parameters.any(|(_, value)| value.starts_with("kq_") && secret::is_well_typed(&value)) {
        let detail = "a key in an address is known to every log on its way; revoke it";
        return Err(ApiError::unauthenticated(detail));
    }
    Ok(())
}
