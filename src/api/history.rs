//! What people at work change is history, before and after.

use axum::{
    RequestExt,
    extract::{RawPathParams, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    ApiState,
    door::{self, Door},
    route::Route,
};
use crate::{
    domain::{
        access::{Actor, Asks},
        event::Cause,
        id,
    },
    http::{
        error::ApiError,
        request_id::{self, to_its_end},
    },
    service::history::{self, Asked},
};

/// Who gives coupons to people: a coupon does not say whose doing it was. Of the merchant's servers, which do nothing else
/// all day, it is not written down.
const GIVES: &[&str] = &["/v1/claim-batches", "/v1/claims"];

/// Of coupons in use their own history tells, and those that only look change nothing.
const TOLD_ELSEWHERE: &[&str] = &[
    "/v1/cart-matches",
    "/v1/coupon-lookups",
    "/v1/give-backs",
    "/v1/locks",
    "/v1/redemptions",
    "/v1/unlocks",
];

/// Middleware of one route, next to its handler: what goes no further changes nothing, and is not history.
pub async fn remember(
    State(door): State<Door>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    match asked(door.route, &mut request).await {
        Some(asked) => to_its_end(write_down(door.state, asked, request, next)).await,
        None => Ok(next.run(request).await),
    }
}

/// Whether what is asked here by somebody at work is written down.
fn is_remembered(route: &Route, actor: Actor) -> bool {
    let by_staff = matches!(route.asks, Asks::Operator | Asks::Staff(_));
    let is_unsaid = TOLD_ELSEWHERE.contains(&route.path)
        || (GIVES.contains(&route.path) && !matches!(actor, Actor::Operator(_)));
    by_staff && route.method != "get" && !is_unsaid
}

/// What is to be written down of the request.
async fn asked(route: &Route, request: &mut Request) -> Option<Asked> {
    let actor = door::actor(request).filter(|actor| is_remembered(route, *actor))?;
    let parts = request.extract_parts::<RawPathParams>().await.ok();
    let ids = parts.iter().flatten().filter(|(_, part)| id::is_ours(part));
    Some(Asked {
        cause: Cause { actor, request: request_id::current() },
        method: request.method().to_string(),
        route: route.path.to_owned(),
        ids: ids.map(|(name, id)| (name.to_owned(), id.to_owned())).collect(),
    })
}

/// Whoever cannot be remembered is not served. That the end is missing says that nobody knows what came of it.
async fn write_down(
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

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{
        api::route,
        domain::{
            access::Permission,
            id::{KeyId, OperatorId},
        },
    };

    /// Somebody with a key, and somebody in person.
    fn actors() -> [Actor; 2] {
        let at = DateTime::UNIX_EPOCH;
        [Actor::Key(KeyId::new(at)), Actor::Operator(OperatorId::new(at))]
    }

    #[test]
    fn what_is_told_elsewhere_is_there_and_only_looks_or_uses_coupons() {
        for path in TOLD_ELSEWHERE {
            let post = route::all().find(|route| route.method == "post" && route.path == *path);
            let asks = post.unwrap_or_else(|| panic!("there is no POST {path}")).asks;
            let Asks::Staff(Permission::Read | Permission::Redeem | Permission::ManageOrders) =
                asks
            else {
                panic!("{path} does more")
            };
        }
    }

    #[test]
    fn every_other_change_by_people_at_work_is_remembered() {
        for actor in actors() {
            let is_other = |route: &&Route| {
                !TOLD_ELSEWHERE.contains(&route.path) && !GIVES.contains(&route.path)
            };
            for route in route::all().filter(is_other) {
                let by_staff = matches!(route.asks, Asks::Operator | Asks::Staff(_));
                assert_eq!(
                    is_remembered(route, actor),
                    by_staff && route.method != "get",
                    "{} {}",
                    route.method,
                    route.path
                );
            }
            let members = route::all().filter(|route| route.path.starts_with("/v1/members"));
            let remembered: Vec<_> = members.filter(|route| is_remembered(route, actor)).collect();
            assert_eq!(remembered.len(), 2);
        }
    }

    #[test]
    fn who_gives_a_coupon_in_person_is_remembered() {
        let [key, person] = actors();
        let gives: Vec<_> = route::all().filter(|route| GIVES.contains(&route.path)).collect();

        assert_eq!(gives.len(), GIVES.len());
        for route in gives {
            assert_eq!(route.asks, Asks::Staff(Permission::Claim), "{}", route.path);
            assert!(is_remembered(route, person) && !is_remembered(route, key), "{}", route.path);
        }
    }
}
