//! How often callers may ask. Counted by each server for itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use uuid::Uuid;

use super::{
    door::{self, Door},
    guessing::Guessing,
};
use crate::{
    clock::Clock,
    config::limits::Limits as Settings,
    domain::access::{Actor, Asks},
    http::{
        buckets::{Buckets, Level},
        client_address::{client_address, network_of},
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
    strangers: Buckets<IpNet>,
    unauthenticated: Buckets<IpNet>,
    /// How often they were wrong about codes.
    pub(super) guessing: Guessing,
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

impl Limits {
    /// Nobody has asked yet.
    pub fn new(settings: &Settings, trusted_proxies: Arc<[IpNet]>) -> Self {
        let second = Duration::from_secs(1);
        Self {
            began: Instant::now(),
            trusted_proxies,
            servers: Buckets::new(settings.server_burst, settings.server_rate, second),
            people: Buckets::new(settings.person_burst, settings.person_rate, second),
            strangers: Buckets::new(settings.stranger_burst, settings.stranger_rate, second),
            unauthenticated: Buckets::new(
                settings.unauthenticated_burst,
                settings.unauthenticated_rate,
                second,
            ),
            guessing: Guessing::new(settings.unknown_codes),
        }
    }

    /// Time that never steps, except where a clock is moved by hand.
    pub(super) fn now(&self, clock: &dyn Clock) -> Duration {
        let by_hand = clock.instead_of_database().and_then(|now| now.timestamp_nanos_opt());
        let by_hand = by_hand.and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
        by_hand.map_or_else(|| self.began.elapsed(), Duration::from_nanos)
    }

    fn take(&self, now: Duration, door: &Door, request: &Request) -> Option<Result<Level, Level>> {
        if door.route.asks == Asks::Nothing {
            return Some(self.strangers.take(now, self.network(request)?));
        }
        let actor = door::actor(request)?;
        let buckets = if matches!(actor, Actor::Key(_)) { &self.servers } else { &self.people };
        Some(buckets.take(now, actor.uuid()?))
    }

    /// Where a request comes from.
    pub(super) fn network(&self, request: &Request) -> Option<IpNet> {
        client_address(request, &self.trusted_proxies).map(network_of)
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

/// What somebody hears who was not let in. If that is because nobody knows them it is charged to their address, and
/// where that was too often they are told to wait. People whose session is over are told so in any case: they have to log
/// in anew, and many of them come from one address.
pub fn turn_away(door: &Door, request: &Request, refused: ApiError) -> Response {
    let limits = &door.state.limits;
    let is_unknown = refused.code() == Code::Unauthenticated && door.route.asks != Asks::Holder;
    let Some(network) = limits.network(request).filter(|_| is_unknown) else {
        return refused.into_response();
    };
    let taken = limits.unauthenticated.take(limits.now(&*door.state.clock), network);
    let (refused, level) = match taken {
        Ok(level) => (refused, level),
        Err(level) => (too_many(level), level),
    };
    let mut response = refused.into_response();
    tell(response.headers_mut(), level);
    response
}

/// For whoever has to wait.
pub(super) fn too_many(level: Level) -> ApiError {
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
