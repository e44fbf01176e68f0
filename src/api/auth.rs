//! Who calls, and whether they may.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header};

use super::{ApiState, door::Door, limits};
use crate::{
    domain::access::Asks,
    http::{client_address::client_address, code::Code, error::ApiError, extract::only},
    service::{
        authenticate::{Caller, NotRecognised},
        mini_session::{self, Visitor},
        secret,
    },
};

/// Middleware of one route: lets those pass who are what it asks for, and tells the handler who they are.
pub async fn guard(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    match recognise(&door, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(refused) => limits::turn_away(&door, &request, refused),
    }
}

async fn recognise(door: &Door, request: &mut Request) -> Result<(), ApiError> {
    refuse_secret_in_query(request)?;
    let Door { state, route } = door;
    match route.asks {
        Asks::Nothing => {}
        Asks::Holder => {
            let visitor = visitor(state, request.headers()).await?;
            tracing::Span::current().record("holder.id", tracing::field::display(visitor.own));
            request.extensions_mut().insert(visitor);
        }
        Asks::Operator | Asks::Staff(_) => {
            let from = client_address(request, &state.trusted_proxies);
            let caller = caller(state, request.headers(), from).await?;
            tracing::Span::current().record("actor", tracing::field::display(caller.actor));
            let allowed = match route.asks {
                Asks::Staff(permission) => caller.grant.allows(permission),
                Asks::Nothing | Asks::Holder | Asks::Operator => caller.session.is_some(),
            };
            if !allowed {
                let detail = "this key or this role does not allow it";
                return Err(ApiError::refused(Code::Forbidden, detail));
            }
            request.extensions_mut().insert(caller);
        }
    }
    Ok(())
}

async fn caller(
    state: &ApiState,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Caller, ApiError> {
    let shown = only(headers, &header::AUTHORIZATION)?
        .and_then(bearer)
        .ok_or_else(|| ApiError::unauthenticated("send `Authorization: Bearer kq_…` or `ko_…`"))?;
    match state.keys.authenticate(state.now(), shown, from).await {
        Ok(caller) => Ok(caller),
        Err(NotRecognised::Db(cause)) => Err(cause.into()),
        Err(error @ NotRecognised::Unknown) => Err(ApiError::unauthenticated(error.to_string())),
        Err(error @ NotRecognised::SourceNotAllowed(key)) => {
            let from = from.map_or_else(|| "nowhere".to_owned(), |from| from.to_string());
            tracing::warn!(key.id = %key, from, "a key was used from a strange address");
            Err(ApiError::refused(Code::SourceNotAllowed, error.to_string()))
        }
    }
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
fn refuse_secret_in_query(request: &Request) -> Result<(), ApiError> {
    let query = request.uri().query().unwrap_or_default();
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    if parameters.any(|(_, value)| is_secret(&value)) {
        tracing::warn!(
            "somebody sent a key or a session in an address, which every log on its way knows now"
        );
        let detail = "a key in an address is known to every log on its way; revoke it";
        return Err(ApiError::unauthenticated(detail));
    }
    Ok(())
}

fn is_secret(value: &str) -> bool {
    let ours = ["kq_", "ks_", "ko_"].iter().any(|prefix| value.starts_with(prefix));
    ours && secret::is_well_typed(value)
}
