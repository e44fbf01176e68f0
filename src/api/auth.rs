//! Who calls, and whether they may; and what people at work change is history, before and after.

use std::net::IpAddr;

use axum::{
    RequestExt,
    extract::{RawPathParams, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};

use super::{ApiState, door::Door, route::Route};
use crate::{
    domain::{access::Asks, event::Cause, id},
    http::{
        client_address::client_address,
        code::Code,
        error::ApiError,
        extract::only,
        request_id::{self, to_its_end},
    },
    service::{
        authenticate::{Caller, NotRecognised},
        history::{self, Asked},
        mini_session::{self, Visitor},
        secret,
    },
};

/// Of coupons given and used their own history tells, and those that only look change nothing.
const TOLD_ELSEWHERE: &[&str] = &[
    "/v1/cart-matches",
    "/v1/claim-batches",
    "/v1/claims",
    "/v1/coupon-lookups",
    "/v1/give-backs",
    "/v1/locks",
    "/v1/redemptions",
    "/v1/unlocks",
];

/// Middleware of one route: lets those pass who are what it asks for, and tells the handler who they are.
pub async fn guard(
    State(door): State<Door>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    refuse_secret_in_query(&request)?;
    let Door { state, route } = door;
    match route.asks {
        Asks::Nothing => Ok(next.run(request).await),
        Asks::Holder => {
            let visitor = visitor(&state, request.headers()).await?;
            tracing::Span::current().record("holder.id", tracing::field::display(visitor.holder));
            request.extensions_mut().insert(visitor);
            Ok(next.run(request).await)
        }
        Asks::Operator | Asks::Staff(_) => {
            let from = client_address(&request, &state.trusted_proxies);
            let caller = caller(&state, request.headers(), from).await?;
            tracing::Span::current().record("actor", tracing::field::display(caller.actor));
            let allowed = match route.asks {
                Asks::Staff(permission) => caller.grant.allows(permission),
                Asks::Nothing | Asks::Holder | Asks::Operator => caller.session.is_some(),
            };
            if !allowed {
                let detail = "this key or this role does not allow it";
                return Err(ApiError::refused(Code::Forbidden, detail));
            }
            let asked = asked(route, &caller, &mut request).await;
            request.extensions_mut().insert(caller);
            match asked {
                Some(asked) => to_its_end(remember(state, asked, request, next)).await,
                None => Ok(next.run(request).await),
            }
        }
    }
}

/// Whether what is asked here by people at work is written down.
fn is_remembered(route: &Route) -> bool {
    route.method != "get" && !TOLD_ELSEWHERE.contains(&route.path)
}

/// What is to be written down of the request.
async fn asked(route: &Route, caller: &Caller, request: &mut Request) -> Option<Asked> {
    if !is_remembered(route) {
        return None;
    }
    let parts = request.extract_parts::<RawPathParams>().await.ok();
    let ids = parts.iter().flatten().filter(|(_, part)| id::is_ours(part));
    Some(Asked {
        cause: Cause { actor: caller.actor, request: request_id::current() },
        method: request.method().to_string(),
        route: route.path.to_owned(),
        ids: ids.map(|(name, id)| (name.to_owned(), id.to_owned())).collect(),
    })
}

/// Whoever cannot be remembered is not served. That the end is missing says that nobody knows what came of it.
async fn remember(
    state: ApiState,
    asked: Asked,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    history::note_asked(&state.db, state.now(), &asked).await?;
    let response = next.run(request).await.into_response();
    let status = response.status().as_u16();
    if let Err(error) = history::note_answered(&state.db, state.now(), &asked, status).await {
        tracing::error!(error = %error, "history lacks what came of a request");
    }
    Ok(response)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::route, domain::access::Permission};

    #[test]
    fn what_is_told_elsewhere_is_there_and_only_looks_or_gives_or_uses_coupons() {
        for path in TOLD_ELSEWHERE {
            let post = route::all().find(|route| route.method == "post" && route.path == *path);
            let asks = post.unwrap_or_else(|| panic!("there is no POST {path}")).asks;
            let Asks::Staff(Permission::Read | Permission::Claim | Permission::Redeem) = asks
            else {
                panic!("{path} does more")
            };
        }
    }

    #[test]
    fn every_other_change_by_people_at_work_is_remembered() {
        for route in route::all().filter(|route| !TOLD_ELSEWHERE.contains(&route.path)) {
            assert_eq!(
                is_remembered(route),
                route.method != "get",
                "{} {}",
                route.method,
                route.path
            );
        }
        let members = route::all().filter(|route| route.path.starts_with("/v1/members"));
        let remembered: Vec<_> = members.filter(|route| is_remembered(route)).collect();
        assert_eq!(remembered.len(), 2);
    }
}
