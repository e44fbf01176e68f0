//! Who calls, and whether they may.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header};

use super::ApiState;
use crate::{
    domain::access::Asks,
    http::{code::Code, error::ApiError, extract::only},
    service::{
        authenticate::{Caller, authenticate},
        mini_session::{self, Visitor},
        secret,
    },
};

/// Middleware of one route: lets those pass who are what it asks for, and tells the handler who they are.
pub async fn guard(
    State((state, asks)): State<(ApiState, Asks)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    refuse_secret_in_query(request.uri().query().unwrap_or_default())?;
    match asks {
        Asks::Nothing => {}
        Asks::Holder => {
            let visitor = visitor(&state, request.headers()).await?;
            tracing::Span::current().record("holder.id", tracing::field::display(visitor.holder));
            request.extensions_mut().insert(visitor);
        }
        Asks::Staff(permission) => {
            let caller = caller(&state, request.headers()).await?;
            tracing::Span::current().record("actor", tracing::field::display(caller.actor));
            if !caller.grant.allows(permission) {
                let detail = "this key does not allow it";
                return Err(ApiError::refused(Code::Forbidden, detail));
            }
            request.extensions_mut().insert(caller);
        }
    }
    Ok(next.run(request).await)
}

async fn caller(state: &ApiState, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let shown = only(headers, &header::AUTHORIZATION)?
        .and_then(bearer)
        .ok_or_else(|| ApiError::unauthenticated("send `Authorization: Bearer kq_…`"))?;
    let caller = authenticate(&state.db, state.now(), shown).await?;
    caller.ok_or_else(|| ApiError::unauthenticated("this key is mistyped, unknown or revoked"))
}

async fn visitor(state: &ApiState, headers: &HeaderMap) -> Result<Visitor, ApiError> {
    let shown = only(headers, &header::AUTHORIZATION)?
        .and_then(bearer)
        .ok_or_else(|| ApiError::unauthenticated("send `Authorization: Bearer ks_…`"))?;
    let visitor = mini_session::recognise(&state.db, state.now(), state.lifetime, shown).await?;
    visitor.ok_or_else(|| ApiError::unauthenticated("this session is unknown or over"))
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

/// Addresses end up in logs on the way, so a key in one is no secret any more.
fn refuse_secret_in_query(query: &str) -> Result<(), ApiError> {
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    if parameters.any(|(_, value)| is_secret(&value)) {
        let detail = "a key in an address is known to every log on its way; revoke it";
        return Err(ApiError::unauthenticated(detail));
    }
    Ok(())
}

fn is_secret(value: &str) -> bool {
    let ours = ["kq_", "ks_", "ko_"].iter().any(|prefix| value.starts_with(prefix));
    ours && secret::is_well_typed(value)
}
