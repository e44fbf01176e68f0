//! What an app may not ask again today, or for a moment, where a platform counts each of its calls by itself.
//!
//! Every server finds out for itself, at the price of one call.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::AppId;

/// What waits: kinds of deliveries, and by names of their own the questions of people's requests.
#[derive(Debug, Default)]
pub(crate) struct UsedUp(Mutex<Waits>);

/// Until when, by app and kind.
type Waits = HashMap<(AppId, String), DateTime<Utc>>;

impl UsedUp {
    /// The platform said so: others of the kind have to wait until then, or for longer if that was said before.
    pub fn mark(&self, app: AppId, kind: &str, until: DateTime<Utc>) {
        let mut waits = self.lock();
        let kept = waits.entry((app, kind.to_owned())).or_insert(until);
        *kept = until.max(*kept);
    }

    /// How long those of the kind still have to wait; `None` when they may be tried.
    pub fn rest(&self, app: AppId, kind: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
        let mut waits = self.lock();
        waits.retain(|_, until| now < *until);
        waits.get(&(app, kind.to_owned())).map(|until| *until - now)
    }

    fn lock(&self) -> MutexGuard<'_, Waits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
