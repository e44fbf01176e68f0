//! How often callers may ask. Counted by each server for itself.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::failure::Failure;
use crate::{
    config::zvcms::Zvcms as Settings, domain::id::GatewayClientId, http::buckets::Buckets,
};

/// What all requests count in.
#[derive(Debug)]
pub struct Limits {
    began: Instant,
    clients: Buckets<Uuid>,
    claims: Buckets<String>,
}

impl Limits {
    /// Nobody has asked yet.
    pub fn new(settings: &Settings) -> Self {
        let second = Duration::from_secs(1);
        Self {
            began: Instant::now(),
            clients: Buckets::new(settings.client_burst, settings.client_rate, second),
            claims: Buckets::new(settings.claim_burst, settings.claim_rate, second),
        }
    }

    /// Time that never steps, except where a clock is moved by hand and says so.
    pub fn now(&self, by_hand: Option<DateTime<Utc>>) -> Duration {
        let by_hand = by_hand.and_then(|now| now.timestamp_nanos_opt());
        let by_hand = by_hand.and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
        by_hand.map_or_else(|| self.began.elapsed(), Duration::from_nanos)
    }

    /// Something that a client has signed.
    pub fn of_client(&self, now: Duration, client: GatewayClientId) -> Result<(), Failure> {
        refuse(self.clients.take(now, client.uuid()))
    }

    /// A claim in the name of a person.
    pub fn of_claims(&self, now: Duration, uid: &str) -> Result<(), Failure> {
        refuse(self.claims.take(now, uid.to_owned()))
    }
}

fn refuse<T>(taken: Result<T, T>) -> Result<(), Failure> {
    taken.map(|_| ()).map_err(|_| Failure::Busy)
}
