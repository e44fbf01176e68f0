//! How often callers may ask, and how often they may be wrong about a code. Counted by each server for itself.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
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
use tokio::sync::Notify;
use uuid::Uuid;

use super::door::{self, Door};
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
    unknown_codes: Buckets<Guesser>,
    /// How many codes of each are being looked at.
    looked_at: Mutex<HashMap<Guesser, u32>>,
    /// One is looked at no longer.
    settled: Notify,
}

/// Codes that are being looked at count as wrong until it is known.
struct Looking {
    door: Door,
    guessers: Vec<Guesser>,
    is_wrong: bool,
}

/// Why a code is not looked at.
enum Held {
    /// Those that are being looked at come first.
    Back,
    /// They were wrong too often.
    Off(Guesser, Level),
}

/// A code in a body.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// Whose the coupon is to be, as far as the body names a person at its top.
    person: Option<u64>,
}

/// Who may be trying codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Guesser {
    Caller(Uuid),
    /// People at an address; those who try codes in a shop's network must not stop its tills.
    PeopleAt(IpNet),
    /// Tills and servers at an address.
    TillsAt(IpNet),
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

/// Whoever was never wrong may have so many buckets of codes looked at together; all of them are paid for if they are
/// wrong. For the others one bucket is all.
const FIRST_TRUST: u32 = 10;

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
            unauthenticated: Buckets::new(
                settings.unauthenticated_burst,
                settings.unauthenticated_rate,
                second,
            ),
            unknown_codes: Buckets::new(wrong, wrong, Duration::from_mins(1)),
            looked_at: Mutex::default(),
            settled: Notify::new(),
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
            return Some(self.strangers.take(now, self.network(request)?));
        }
        let actor = door::actor(request)?;
        let buckets = if matches!(actor, Actor::Key(_)) { &self.servers } else { &self.people };
        Some(buckets.take(now, actor.uuid()?))
    }

    fn network(&self, request: &Request) -> Option<IpNet> {
        client_address(request, &self.trusted_proxies).map(network_of)
    }

    /// Takes a place for one code, of each of them or of none.
    fn hold(&self, now: Duration, guessers: &[Guesser]) -> Result<(), Held> {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers {
            let level = self.unknown_codes.look(now, guesser);
            if level.wait.is_some() {
                return Err(Held::Off(*guesser, level));
            }
            let is_trusted = level.left == level.size;
            let room = if is_trusted { level.size.saturating_mul(FIRST_TRUST) } else { level.left };
            if looked_at.get(guesser).is_some_and(|held| *held >= room) {
                return Err(Held::Back);
            }
        }
        for guesser in guessers {
            *looked_at.entry(*guesser).or_default() += 1;
        }
        Ok(())
    }

    /// Gives the places back, and charges those who were wrong in the same moment.
    fn settle(&self, now: Duration, guessers: &[Guesser], is_wrong: bool) {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers {
            if is_wrong {
                self.unknown_codes.charge(now, *guesser);
            }
            if let Entry::Occupied(mut held) = looked_at.entry(*guesser) {
                *held.get_mut() -= 1;
                if *held.get() == 0 {
                    held.remove();
                }
            }
        }
        drop(looked_at);
        self.settled.notify_waiters();
    }

    fn guessers(&self, request: &Request) -> Vec<Guesser> {
        let actor = door::actor(request);
        let caller = actor.and_then(Actor::uuid).map(Guesser::Caller);
        let at = match actor {
            Some(Actor::Holder(_)) => Guesser::PeopleAt,
            Some(Actor::Key(_) | Actor::Operator(_) | Actor::Kaquan) | None => Guesser::TillsAt,
        };
        let network = self.network(request).map(at);
        [caller, network].into_iter().flatten().collect()
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
/// where that was too often they are told to wait.
pub fn turn_away(door: &Door, request: &Request, refused: ApiError) -> Response {
    let limits = &door.state.limits;
    let is_unknown = refused.code() == Code::Unauthenticated;
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
    let actor = door::actor(&request);
    let mut guessers = limits.guessers(&request);
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY)
        .collect()
        .await
        .map_err(|_| ApiError::refused(Code::BodyTooLarge, "a JSON body has at most 256 KiB"))?;
    let body = body.to_bytes();
    let Some(shown) = Shown::read(&body) else {
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    if let (Some(Actor::Key(_)), Some(_)) = (actor, shown.person) {
        // It is the customer who types; all others buy at the same server.
        guessers.clear();
    }
    guessers.extend(shown.person.map(Guesser::Person));
    let mut looking = Looking::begin(door, guessers).await?;
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    looking.is_wrong = response.extensions().get::<Code>() == Some(&Code::NoSuchCoupon);
    Ok(response)
}

impl Looking {
    async fn begin(door: Door, guessers: Vec<Guesser>) -> Result<Self, ApiError> {
        let limits = &door.state.limits;
        loop {
            // Whoever settles from here on is heard.
            let settled = limits.settled.notified();
            match limits.hold(limits.now(&*door.state.clock), &guessers) {
                Ok(()) => break,
                Err(Held::Back) => settled.await,
                Err(Held::Off(guesser, level)) => {
                    tracing::warn!(guesser = guesser.kind(), "too many unknown codes");
                    return Err(too_many(level));
                }
            }
        }
        // Whoever hangs up before the answer has not learnt whether the code is one.
        Ok(Self { door, guessers, is_wrong: false })
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let limits = &self.door.state.limits;
        limits.settle(limits.now(&*self.door.state.clock), &self.guessers, self.is_wrong);
    }
}

impl Shown {
    /// None where no code is shown: ids of ours have too many random bits to be guessed.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        text("code")?;
        let person = text("open_id").or_else(|| text("uid")).map(|person| {
            let mut hasher = DefaultHasher::new();
            (text("app_id"), person).hash(&mut hasher);
            hasher.finish()
        });
        Some(Self { person })
    }
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
            Self::PeopleAt(_) | Self::TillsAt(_) => "address",
            Self::Person(_) => "person",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::route;

    #[test]
    fn codes_that_are_being_looked_at_count_as_wrong_until_it_is_known() {
        let settings = Settings { unknown_codes: 2, ..Settings::default() };
        let limits = Limits::new(&settings, Arc::new([]));
        let now = Duration::from_secs(1);
        let anna = [Guesser::Caller(Uuid::from_u128(1)), Guesser::Person(1)];
        let bert = [Guesser::Caller(Uuid::from_u128(2)), Guesser::Person(1)];
        let hold = |guessers: &[Guesser]| match limits.hold(now, guessers) {
            Ok(()) => "looked at",
            Err(Held::Back) => "back",
            Err(Held::Off(..)) => "off",
        };

        let trusted = (0..30).filter(|_| hold(&anna) == "looked at").count();
        let besides = hold(&bert);
        limits.settle(now, &anna, true);
        let after_an_error = hold(&anna);
        (1..trusted).for_each(|_| limits.settle(now, &anna, false));
        let (next, together) = (hold(&anna), hold(&bert));
        limits.settle(now, &anna, true);

        assert_eq!((trusted, besides), (20, "back"));
        assert_eq!((after_an_error, next, together), ("back", "looked at", "back"));
        assert_eq!((hold(&anna), hold(&bert)), ("off", "off"));
        assert!(limits.looked_at.lock().unwrap().is_empty());
    }

    #[test]
    fn a_code_is_shown_where_a_post_takes_one() {
        for path in SHOW_CODES {
            let is_there = |route: &&route::Route| route.method == "post" && route.path == *path;
            assert!(route::all().any(|route| is_there(&route)), "there is no POST {path}");
        }
    }

    #[test]
    fn a_person_is_named_at_the_top_of_the_body() {
        let shown = |body: &str| Shown::read(body.as_bytes());
        let person = |body: &str| shown(body).and_then(|shown| shown.person);

        let anna = person(r#"{"code":"a","app_id":"app_1","open_id":"anna"}"#);
        assert!(anna.is_some());
        assert_eq!(anna, person(r#"{"open_id":"anna","code":"b","app_id":"app_1"}"#));
        assert_ne!(anna, person(r#"{"app_id":"app_2","open_id":"anna"}"#));
        assert!(person(r#"{"code":"a","uid":"anna"}"#).is_some());
        for nobody in [r#"{"code":"a","holder":{"open_id":"anna"}}"#, r#"{"code":"a"}"#] {
            assert_eq!(shown(nobody), Some(Shown { person: None }), "{nobody}");
        }
        for no_code in [r#"{"coupon_id":"cpn_1","uid":"anna"}"#, r#"{"code":null}"#, "[]", "{", ""]
        {
            assert_eq!(shown(no_code), None, "{no_code}");
        }
    }
}
