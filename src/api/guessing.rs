//! Who was wrong about codes too often waits before another one is looked at.
//!
//! A wrong code is charged to the caller, to the address, and to the person that the request names. Codes that are being
//! looked at count as wrong until it is known, so that nobody gains by asking for many at once.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body_util::{BodyExt, Limited};
use ipnet::IpNet;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    door::{self, Door},
    limits::too_many,
};
use crate::{
    domain::access::Actor,
    http::{
        buckets::{Buckets, Level},
        code::Code,
        error::ApiError,
    },
};

/// How often each was wrong.
#[derive(Debug)]
pub(super) struct Guessing {
    wrong: Buckets<Guesser>,
    wrong_at_counters: Buckets<Guesser>,
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
    /// A server of the merchant's that says whose coupon it is to be: many people type there.
    Counter(Uuid),
    /// People at an address; those who try codes in a shop's network must not stop its tills.
    PeopleAt(IpNet),
    /// Tills and servers at an address.
    TillsAt(IpNet),
    /// A hash of how the request names whose coupon it is.
    Person(u64),
}

/// Where a code is shown and the answer tells whether it is one.
const SHOW_CODES: &[&str] = &[
    "/v1/coupon-lookups",
    "/v1/give-backs",
    "/v1/locks",
    "/v1/mini/redemptions",
    "/v1/redemptions",
    "/v1/unlocks",
];

/// Callers who were never wrong may have so many buckets of codes looked at together; all of them are paid for if they are
/// wrong. For the others, and for people, one bucket is all.
const FIRST_TRUST: u32 = 10;

/// A server that says for whom it asks may be wrong so many times as often as a caller who does not: for so many people.
const PEOPLE_AT_A_COUNTER: u32 = 20;

/// Above every body of those.
const LONGEST_BODY: usize = 256 * 1024;

impl Guessing {
    /// So many wrong codes a minute.
    pub fn new(most: u32) -> Self {
        let (minute, at_a_counter) =
            (Duration::from_mins(1), most.saturating_mul(PEOPLE_AT_A_COUNTER));
        Self {
            wrong: Buckets::new(most, most, minute),
            wrong_at_counters: Buckets::new(at_a_counter, at_a_counter, minute),
            looked_at: Mutex::default(),
            settled: Notify::new(),
        }
    }

    fn wrong(&self, guesser: &Guesser) -> &Buckets<Guesser> {
        match guesser {
            Guesser::Counter(_) => &self.wrong_at_counters,
            Guesser::Caller(_)
            | Guesser::PeopleAt(_)
            | Guesser::TillsAt(_)
            | Guesser::Person(_) => &self.wrong,
        }
    }

    /// Takes a place for one code, of each of them or of none.
    fn hold(&self, now: Duration, guessers: &[Guesser]) -> Result<(), Held> {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers {
            let level = self.wrong(guesser).look(now, guesser);
            if level.wait.is_some() {
                return Err(Held::Off(*guesser, level));
            }
            // A person who types has one code at a time; whoever has many guesses.
            let is_person = matches!(guesser, Guesser::Person(_));
            let is_trusted = level.left == level.size && !is_person;
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
                self.wrong(guesser).charge(now, *guesser);
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
    let (actor, network) = (door::actor(&request), limits.network(&request));
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY)
        .collect()
        .await
        .map_err(|_| ApiError::refused(Code::BodyTooLarge, "a JSON body has at most 256 KiB"))?;
    let body = body.to_bytes();
    let Some(shown) = Shown::read(&body) else {
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    let mut looking = Looking::begin(door, guessers(actor, network, &shown)).await?;
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    looking.is_wrong = response.extensions().get::<Code>() == Some(&Code::NoSuchCoupon);
    Ok(response)
}

/// Who pays for the code if it is none.
fn guessers(actor: Option<Actor>, network: Option<IpNet>, shown: &Shown) -> Vec<Guesser> {
    let person = shown.person.map(Guesser::Person);
    if let (Some(Actor::Key(key)), Some(person)) = (actor, person) {
        // It is the customer who types; all others buy at the same server.
        return vec![person, Guesser::Counter(key.uuid())];
    }
    let caller = actor.and_then(Actor::uuid).map(Guesser::Caller);
    let at = match actor {
        Some(Actor::Holder(_)) => Guesser::PeopleAt,
        Some(Actor::Key(_) | Actor::Client(_) | Actor::Operator(_) | Actor::Kaquan) | None => {
            Guesser::TillsAt
        }
    };
    [caller, network.map(at), person].into_iter().flatten().collect()
}

impl Looking {
    async fn begin(door: Door, guessers: Vec<Guesser>) -> Result<Self, ApiError> {
        let limits = &door.state.limits;
        loop {
            // Whoever settles from here on is heard.
            let settled = limits.guessing.settled.notified();
            match limits.guessing.hold(limits.now(&*door.state.clock), &guessers) {
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
        limits.guessing.settle(limits.now(&*self.door.state.clock), &self.guessers, self.is_wrong);
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

impl Guesser {
    /// For logs, which learn no more of them.
    const fn kind(self) -> &'static str {
        match self {
            Self::Caller(_) | Self::Counter(_) => "caller",
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
        let limits = Guessing::new(2);
        let now = Duration::from_secs(1);
        let anna = [Guesser::Caller(Uuid::from_u128(1)), Guesser::Person(1)];
        let bert = [Guesser::Caller(Uuid::from_u128(2)), Guesser::Person(1)];
        let hold = |guessers: &[Guesser]| match limits.hold(now, guessers) {
            Ok(()) => "looked at",
            Err(Held::Back) => "back",
            Err(Held::Off(..)) => "off",
        };

        let alone = [Guesser::Caller(Uuid::from_u128(3))];
        let servers = (0..30).filter(|_| hold(&alone) == "looked at").count();
        (0..servers).for_each(|_| limits.settle(now, &alone, false));
        let trusted = (0..30).filter(|_| hold(&anna) == "looked at").count();
        let besides = hold(&bert);
        limits.settle(now, &anna, true);
        let after_an_error = hold(&anna);
        (1..trusted).for_each(|_| limits.settle(now, &anna, false));
        let (next, together) = (hold(&anna), hold(&bert));
        limits.settle(now, &anna, true);

        assert_eq!((servers, trusted, besides), (20, 2, "back"));
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
