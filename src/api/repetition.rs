//! `Idempotency-Key`: the same request under the same name is answered once, and again with the same bytes.
//!
//! Kept is what was done. A refusal is not kept: nothing was done, and the same request may be right a moment later.

use std::panic::{AssertUnwindSafe, resume_unwind};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body as _;

use super::{
    door::{self, Door},
    route::keeping::Keeping,
};
use crate::{
    domain::{access::Actor, life::ActKey},
    http::{code::Code, error::ApiError, extract::only, request_id::to_its_end},
    service::keep_answer::{self, Answer, Begun, Lease},
    store::idempotency::NamedRequest,
};

pub mod request_hash;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says of an answer, with `true`, that it was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Put beside an answer that may come out differently the next time: it is not kept.
#[derive(Debug, Clone, Copy)]
pub struct ForNow;

const LONGEST_KEY: usize = 255;
/// Above every body that a route with kept answers takes.
const LONGEST_REQUEST: usize = 4 * 1024 * 1024;
/// Longer answers are not kept.
const LONGEST_ANSWER: u64 = 256 * 1024;

/// Middleware of one route: answers a named request once. Handlers find the name as an `Extension<ActKey>`.
pub async fn once(
    State(door): State<Door>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let keeping = Keeping::of(door.route);
    if keeping == Keeping::Nothing {
        return Ok(next.run(request).await);
    }
    let key = key(request.headers())?;
    if key.is_none() && keeping.requires_key() {
        let detail = "name this request, so that it is done once: `Idempotency-Key`, 1 to 255 visible ASCII characters";
        return Err(ApiError::refused(Code::IdempotencyKeyRequired, detail));
    }
    let owner = door::actor(&request).and_then(Actor::uuid);
    let (Some(key), Some(owner)) = (key, owner) else { return Ok(next.run(request).await) };
    if keeping == Keeping::OwnKey {
        request.extensions_mut().insert(ActKey { owner, text: key });
        return Ok(next.run(request).await);
    }
    request.extensions_mut().insert(ActKey { owner, text: key.clone() });
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_REQUEST).collect().await.map_err(|_| {
        ApiError::refused(Code::BodyTooLarge, "the body is too large, or it broke off")
    })?;
    let body = body.to_bytes();
    let named = NamedRequest { owner, key, hash: request_hash::of(&parts, &body) };
    let request = Request::from_parts(parts, body.into());
    to_its_end(answer(door, named, request, next)).await
}

/// A caller who hangs up changes nothing from here on, and leaves no lease behind.
async fn answer(
    door: Door,
    named: NamedRequest,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (state, clock) = (&door.state, &*door.state.clock);
    match keep_answer::begin(&state.db, &state.vault, clock, named).await? {
        Begun::First(lease) => Ok(first(&door, lease, request, next).await),
        Begun::Again(answer) => Ok(again(answer)),
        Begun::Taken => Err(taken("this `Idempotency-Key` was used for another request")),
        Begun::InFlight => {
            Err(ApiError::refused(Code::InFlight, "the same request is being answered"))
        }
        Begun::Lost => Err(taken("it was answered, with a secret whose master key is gone")),
    }
}

fn taken(detail: &'static str) -> ApiError {
    ApiError::refused(Code::IdempotencyKeyTaken, detail).at("Idempotency-Key")
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = only(headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic())
    {
        let detail = "`Idempotency-Key` has 1 to 255 visible ASCII characters";
        return Err(ApiError::refused(Code::IdempotencyKeyInvalid, detail).at("Idempotency-Key"));
    }
    Ok(Some(key.to_owned()))
}

async fn first(door: &Door, lease: Lease, request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => settle(door, lease, response).await,
        Err(panic) => {
            give_up(door, lease).await;
            resume_unwind(panic)
        }
    }
}

/// Keeps the answer if it is one that stays.
async fn settle(door: &Door, lease: Lease, response: Response) -> Response {
    let short = response.body().size_hint().upper().is_some_and(|size| size <= LONGEST_ANSWER);
    if !short || !stays(&response) {
        give_up(door, lease).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        give_up(door, lease).await;
        return ApiError::refused(Code::Internal, "an error of ours").into_response();
    };
    let body = body.to_bytes();
    let text = |name| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let answer = Answer {
        status: parts.status.as_u16(),
        content_type: text(header::CONTENT_TYPE),
        content_language: text(header::CONTENT_LANGUAGE),
        location: text(header::LOCATION),
        body: body.to_vec(),
    };
    let (state, is_secret) = (&door.state, Keeping::of(door.route) == Keeping::Sealed);
    let kept = keep_answer::keep(&state.db, &state.vault, lease, answer, is_secret).await;
    if let Err(error) = kept {
        // What was done stays done; when the lease is over, the same request would be done again.
        tracing::error!(%error, "an answer is not kept: {error}");
    }
    Response::from_parts(parts, Body::from(body))
}

async fn give_up(door: &Door, lease: Lease) {
    if let Err(error) = keep_answer::give_up(&door.state.db, lease).await {
        tracing::warn!(%error, "a name stays taken until its lease is over: {error}");
    }
}

/// Whether the same request will always be answered so: something was done. After a refusal nothing was, and the same
/// request may be right a moment later, when what it waits for has happened.
fn stays(response: &Response) -> bool {
    response.status().is_success() && response.extensions().get::<ForNow>().is_none()
}

fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in [
        (header::CONTENT_TYPE, answer.content_type),
        (header::CONTENT_LANGUAGE, answer.content_language),
        (header::LOCATION, answer.location),
        (REPLAYED, Some("true".to_owned())),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        for (text, fits) in [
            ("a", true),
            ("Order/1?x={}", true),
            (&*"k".repeat(255), true),
            (&*"k".repeat(256), false),
            ("", false),
            ("a b", false),
        ] {
            let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, text.parse().unwrap())]);

            assert_eq!(key(&headers).is_ok(), fits, "{text:?}");
        }
    }
}
