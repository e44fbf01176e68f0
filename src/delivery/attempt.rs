//! One attempt: whatever happens in it, something comes out that can be settled.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;

use super::{
    Inner,
    work::{self, Consequence},
};
use crate::{
    domain::{delivery::Outcome, id::AppId},
    store::delivery::lease::{Leased, Standing},
};

/// A delivery that this worker holds.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub app: AppId,
    pub instance: i32,
    pub delivery: Leased,
    /// How the channel stood.
    pub standing: Standing,
    /// When the lease ends, by a clock that nobody sets.
    pub ends: Instant,
}

/// An attempt that has ended.
#[derive(Debug)]
pub(crate) struct Tried {
    pub held: Held,
    pub said: Said,
    pub started_at: DateTime<Utc>,
    pub took: Duration,
}

/// What came of an attempt.
#[derive(Debug)]
pub(crate) struct Said {
    /// What to do next.
    pub outcome: Outcome,
    /// What the platform answered, secrets masked.
    pub answer: Option<String>,
    /// What we make of it, for people.
    pub note: Option<String>,
    /// What it changes here, in the same transaction as the delivery.
    pub consequence: Consequence,
}

/// From this attempt on, a panic is left to a person: a fault of ours is not mended by trying.
const MOST_PANICS: i32 = 3;

impl Said {
    /// Nothing was heard.
    pub fn unheard(outcome: Outcome, note: impl Into<String>) -> Self {
        Self { outcome, answer: None, note: Some(note.into()), consequence: Consequence::None }
    }
}

impl Held {
    /// Whether a call that may take so long would still be ours when it ends. To be asked right before each is sent.
    pub fn is_ours_for(&self, longest: Duration) -> bool {
        Instant::now() + longest < self.ends
    }
}

/// Makes one attempt. A panic is an attempt of which nobody knows what it did.
#[tracing::instrument(
    name = "delivery.attempt", skip_all,
    fields(delivery.id = %held.delivery.id, kind = held.delivery.kind, attempt = held.delivery.attempts + 1)
)]
pub(super) async fn make(inner: &Arc<Inner>, held: Held) -> Tried {
    let (started_at, began) = (inner.clock.now(), Instant::now());
    let work = AssertUnwindSafe(work::pay(inner, &held)).catch_unwind();
    let said = work.await.unwrap_or_else(|_panic| {
        let poison = held.delivery.attempts + 1 - held.delivery.retries_from >= MOST_PANICS;
        let outcome = if poison { Outcome::Refused } else { Outcome::Unknown { after: None } };
        tracing::error!(poison, "an attempt panicked");
        Said::unheard(outcome, "处理时程序出错，这是 kaquan 的缺陷 · the attempt panicked; this is a fault of kaquan's")
    });
    let took = began.elapsed();
    metrics::histogram!("kaquan_delivery_attempt_seconds").record(took);
    Tried { held, said, started_at, took }
}
