//! What an app may not ask again today, where a platform counts each of its calls by itself.
//!
//! Every server finds out for itself, at the price of one call.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{channel::next_day_in_china, id::AppId};

/// Kinds of deliveries that wait for the next day in China.
#[derive(Debug, Default)]
pub(crate) struct UsedUp(Mutex<Waits>);

/// Until when, by app and kind.
type Waits = HashMap<(AppId, String), DateTime<Utc>>;

impl UsedUp {
    /// The platform said so; gives how long the others of the kind have to wait.
    pub fn mark(&self, app: AppId, kind: &str, now: DateTime<Utc>) -> TimeDelta {
        let until = next_day_in_china(now);
        self.lock().insert((app, kind.to_owned()), until);
        until - now
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
