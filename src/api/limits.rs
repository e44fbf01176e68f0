//! How often callers may ask, and how often they may be wrong about a code. Counted by each server for itself.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName};
use http_body_util::{BodyExt, Limited};
use ipnet::IpNet;
use serde_json::Value;
use uuid::Uuid;

use super::door::{self, Door};
use crate::{
    clock::Clock,
    config::limits::Limits as Settings,
    domain::access::{Actor, Asks},
    http::{
        buckets::{Buckets, Level},
        client_address::client_address,
        code::Code,
        error::ApiError,
    },
};

/// What all routes count in.
#[derive(Debug)]
pub struct Limits {
    began: Instant,
    trusted_proxies: Arc<[IpNet]>,
    servers: Buckets<Uuid>,
    people: Buckets<Uuid>,
    strangers: Buckets<IpAddr>,
    unknown_codes: Buckets<Guesser>,
}

/// Who may be trying codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Guesser {
    Caller(Uuid),
    Address(IpAddr),
    /// A hash of how the request names whose coupon it is.
    Person(u64),
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Where a code is shown and the answer tells whether it is one.
const SHOW_CODES: &[&str] = &[
    "/v1/coupon-lookups",
    "/v1/give-backs",
    "/v1/locks",
    "/v1/mini/redemptions",
    "/v1/redemptions",
    "/v1/unlocks",
];

/// Above every body of those.
const LONGEST_BODY: usize = 256 * 1024;

impl Limits {
    /// Nobody has asked yet.
    pub fn new(settings: &Settings, trusted_proxies: Arc<[IpNet]>) -> Self {
        let second = Duration::from_secs(1);
        let wrong = settings.unknown_codes;
        Self {
            began: Instant::now(),
            trusted_proxies,
            servers: Buckets::new(settings.server_burst, settings.server_rate, second),
            people: Buckets::new(settings.person_burst, settings.person_rate, second),
            strangers: Buckets::new(settings.stranger_burst, settings.stranger_rate, second),
            unknown_codes: Buckets::new(wrong, wrong, Duration::from_mins(1)),
        }
    }

    /// Time that never steps, except where a clock is moved by hand.
    fn now(&self, clock: &dyn Clock) -> Duration {
        let by_hand = clock.instead_of_database().and_then(|now| now.timestamp_nanos_opt());
        let by_hand = by_hand.and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
        by_hand.map_or_else(|| self.began.elapsed(), Duration::from_nanos)
    }

    fn take(&self, now: Duration, door: &Door, request: &Request) -> Option<Result<Level, Level>> {
        if door.route.asks == Asks::Nothing {
            return Some(self.strangers.take(now, self.address(request)?));
        }
        let actor = door::actor(request)?;
        let buckets = if matches!(actor, Actor::Key(_)) { &self.servers } else { &self.people };
        Some(buckets.take(now, door::uuid(actor)?))
    }

    /// Whoever has an IPv6 address has many: all of one network count as one.
    fn address(&self, request: &Request) -> Option<IpAddr> {
        let address = client_address(request, &self.trusted_proxies)?;
        Some(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Ipv6Addr::from_bits(network).into()
            }
        })
    }

    fn guessers(&self, request: &Request) -> Vec<Guesser> {
        let caller = door::actor(request).and_then(door::uuid).map(Guesser::Caller);
        let address = self.address(request).map(Guesser::Address);
        [caller, address].into_iter().flatten().collect()
    }
}

/// Middleware of one route: each caller, or each address where nobody is known, has a bucket.
pub async fn limit(State(door): State<Door>, request: Request, next: Next) -> Response {
    let limits = &door.state.limits;
    let now = limits.now(&*door.state.clock);
    let Some(taken) = limits.take(now, &door, &request) else { return next.run(request).await };
    let (mut response, level) = match taken {
        Ok(level) => (next.run(request).await, level),
        Err(level) => (too_many(level).into_response(), level),
    };
    tell(response.headers_mut(), level);
    response
}

/// Middleware of one route: who was wrong about codes too often waits before another one is looked at.
pub async fn slow_guessing(
    State(door): State<Door>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if door.route.method != "post" || !SHOW_CODES.contains(&door.route.path) {
        return Ok(next.run(request).await);
    }
    let limits = &door.state.limits;
    let mut guessers = limits.guessers(&request);
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY)
        .collect()
        .await
        .map_err(|_| ApiError::refused(Code::BodyTooLarge, "a JSON body has at most 256 KiB"))?;
    let body = body.to_bytes();
    guessers.extend(person(&body).map(Guesser::Person));
    let now = limits.now(&*door.state.clock);
    for guesser in &guessers {
        let level = limits.unknown_codes.look(now, guesser);
        if level.wait.is_some() {
            tracing::warn!(guesser = guesser.kind(), "too many unknown codes");
            return Err(too_many(level));
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if response.extensions().get::<Code>() == Some(&Code::NoSuchCoupon) {
        for guesser in guessers {
            limits.unknown_codes.charge(now, guesser);
        }
    }
    Ok(response)
}

/// Whose coupon it is to be, as far as the body says so in one of our ways.
fn person(body: &[u8]) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let within = |name: &str| body.get(name).filter(|value| value.is_object());
    let named = within("holder").or_else(|| within("member")).unwrap_or(&body);
    let text = |name: &str| named.get(name).and_then(Value::as_str);
    let person = text("open_id").or_else(|| text("uid")).or_else(|| text("holder_id"))?;
    let mut hasher = DefaultHasher::new();
    (text("app_id"), person).hash(&mut hasher);
    Some(hasher.finish())
}

fn too_many(level: Level) -> ApiError {
    let seconds = level.retry_after();
    ApiError::refused(Code::RateLimited, format!("too many requests; try again in {seconds} s"))
        .in_chinese(format!("操作太频繁，请 {seconds} 秒后再试"))
        .retry_after(seconds)
}

fn tell(headers: &mut HeaderMap, level: Level) {
    headers.insert(LIMIT, level.size.into());
    headers.insert(REMAINING, level.left.into());
    headers.insert(RESET, level.reset().into());
}

impl Guesser {
    /// For logs, which learn no more of them.
    const fn kind(self) -> &'static str {
        match self {
            Self::Caller(_) => "caller",
            Self::Address(_) => "address",
            Self::Person(_) => "person",
        }
    }
}
