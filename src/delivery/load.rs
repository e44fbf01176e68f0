//! How many calls are under way, in all and to each app.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::domain::id::AppId;

/// Counts calls, and says when there is room again.
pub(crate) struct Load {
    most: usize,
    most_per_app: usize,
    counts: Mutex<Counts>,
    /// Rung whenever some have ended.
    pub freed: Notify,
}

#[derive(Default)]
struct Counts {
    total: usize,
    by_app: HashMap<AppId, usize>,
}

impl Load {
    pub fn new(most: usize, most_per_app: usize) -> Self {
        Self { most, most_per_app, counts: Mutex::default(), freed: Notify::new() }
    }

    /// How many more may be started for this app.
    pub fn room(&self, app: AppId) -> usize {
        let counts = self.lock();
        let busy = counts.by_app.get(&app).copied().unwrap_or_default();
        self.most_per_app.saturating_sub(busy).min(self.most.saturating_sub(counts.total))
    }

    pub fn begin(&self, app: AppId, count: usize) {
        let mut counts = self.lock();
        counts.total += count;
        *counts.by_app.entry(app).or_default() += count;
    }

    pub fn end(&self, apps: impl IntoIterator<Item = AppId>) {
        {
            let mut counts = self.lock();
            for app in apps {
                counts.total = counts.total.saturating_sub(1);
                if let Some(busy) = counts.by_app.get_mut(&app) {
                    *busy = busy.saturating_sub(1);
                }
            }
        }
        self.freed.notify_one();
    }

    #[cfg(test)]
    pub fn total(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn one_app_that_hangs_leaves_room_for_the_others() {
        let load = Load::new(10, 6);
        let (hanging, other) = (AppId::new(DateTime::UNIX_EPOCH), AppId::new(DateTime::UNIX_EPOCH));

        load.begin(hanging, 6);
        assert_eq!((load.room(hanging), load.room(other)), (0, 4));

        load.end([hanging, hanging]);
        assert_eq!((load.room(hanging), load.room(other), load.total()), (2, 6, 4));
    }
}
