//! Token buckets, one for each of many callers: a place is taken for each request and comes back at a steady rate.
//!
//! Of a bucket only the moment is kept at which it is full again; one that is full is forgotten, so that memory is
//! bounded by the callers of the last moments.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The buckets of one kind of caller.
#[derive(Debug)]
pub struct Buckets<K> {
    /// In which one token comes back.
    interval: u64,
    size: u32,
    kept: Mutex<Kept<K>>,
}

#[derive(Debug)]
struct Kept<K> {
    full_at: HashMap<K, u64>,
    /// With so many it is time to forget the full ones.
    sweep_at: usize,
}

/// How a bucket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Tokens in a full bucket.
    pub size: u32,
    /// Tokens in this one.
    pub left: u32,
    /// Until it is full again.
    pub full_in: Duration,
    /// Until there is a token, when there is none.
    pub wait: Option<Duration>,
}

const FEWEST_KEPT: usize = 1024;
/// More callers at once than a server could serve: whoever invents them gains nothing but a fresh bucket for each.
const MOST_KEPT: usize = 1 << 20;
/// How many buckets deep a debt can be.
const DEEPEST: u64 = 10;

impl<K: Hash + Eq> Buckets<K> {
    /// Buckets of `size` tokens, into which `rate` come back in each `period`.
    pub fn new(size: u32, rate: u32, period: Duration) -> Self {
        let interval = nanoseconds(period) / u64::from(rate.max(1));
        let kept = Kept { full_at: HashMap::new(), sweep_at: FEWEST_KEPT };
        Self { interval: interval.max(1), size: size.max(1), kept: Mutex::new(kept) }
    }

    /// How the bucket stands, with nothing taken.
    pub fn look(&self, now: Duration, key: &K) -> Level {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = nanoseconds(now);
        self.level(now, kept.full_at.get(key).copied().unwrap_or(now))
    }

    /// Takes a token if there is one.
    ///
    /// # Errors
    /// With how the bucket stands when it is empty.
    pub fn take(&self, now: Duration, key: K) -> Result<Level, Level> {
        self.change(now, key, |level| level.wait.is_none())
    }

    /// Takes a token also when there is none: the debt is paid before there are tokens again.
    pub fn charge(&self, now: Duration, key: K) -> Level {
        let most = self.interval.saturating_mul(u64::from(self.size)).saturating_mul(DEEPEST);
        let (Ok(level) | Err(level)) =
            self.change(now, key, |level| nanoseconds(level.full_in) < most);
        level
    }

    fn change(
        &self,
        now: Duration,
        key: K,
        may: impl FnOnce(&Level) -> bool,
    ) -> Result<Level, Level> {
        let now = nanoseconds(now);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sweep(now);
        let full_at = kept.full_at.get(&key).copied().unwrap_or(now).max(now);
        let level = self.level(now, full_at);
        if !may(&level) {
            return Err(level);
        }
        let full_at = full_at.saturating_add(self.interval);
        kept.full_at.insert(key, full_at);
        Ok(self.level(now, full_at))
    }

    fn level(&self, now: u64, full_at: u64) -> Level {
        let missing = full_at.saturating_sub(now);
        let taken = missing.div_ceil(self.interval);
        let left = u64::from(self.size).saturating_sub(taken);
        // The token that would be taken next must have come back by then.
        let enough = self.interval.saturating_mul(u64::from(self.size) - 1);
        let wait = missing.saturating_sub(enough);
        Level {
            size: self.size,
            left: u32::try_from(left).unwrap_or(self.size),
            full_in: Duration::from_nanos(missing),
            wait: (wait > 0).then(|| Duration::from_nanos(wait)),
        }
    }
}

impl<K: Hash + Eq> Kept<K> {
    fn sweep(&mut self, now: u64) {
        if self.full_at.len() < self.sweep_at {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= MOST_KEPT {
            self.full_at.clear();
        }
        self.full_at.shrink_to(FEWEST_KEPT);
        self.sweep_at = (self.full_at.len() * 2).max(FEWEST_KEPT);
    }
}

impl Level {
    /// Whole seconds after which it is worth to try again.
    pub fn retry_after(&self) -> u64 {
        whole_seconds(self.wait.unwrap_or_default()).max(1)
    }

    /// Whole seconds after which the bucket is full.
    pub fn reset(&self) -> u64 {
        whole_seconds(self.full_in)
    }
}

fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let buckets = Buckets::new(20, 10, SECOND);

        let burst = (0..100).filter(|_| buckets.take(SECOND, "one").is_ok()).count();
        let empty = buckets.take(SECOND, "one").unwrap_err();
        let later = (0..100).filter(|_| buckets.take(2 * SECOND, "one").is_ok()).count();

        assert_eq!((burst, later), (20, 10));
        assert_eq!((empty.left, empty.wait), (0, Some(SECOND / 10)));
        assert_eq!((empty.retry_after(), empty.reset()), (1, 2));
        assert_eq!(buckets.take(SECOND, "other").unwrap().left, 19);
    }

    #[test]
    fn looking_costs_nothing_and_a_debt_is_paid_first() {
        let minute = Duration::from_mins(1);
        let buckets = Buckets::new(5, 5, minute);

        for _ in 0..10 {
            assert_eq!(buckets.look(SECOND, &"one").left, 5);
        }
        for _ in 0..10 {
            buckets.charge(SECOND, "one");
        }

        assert!(buckets.look(SECOND + minute, &"one").wait.is_some());
        assert_eq!(buckets.look(SECOND + 2 * minute, &"one").left, 5);
    }

    #[test]
    fn a_debt_has_a_bottom() {
        let buckets = Buckets::new(5, 5, Duration::from_mins(1));

        for _ in 0..10_000 {
            buckets.charge(SECOND, "one");
        }

        assert_eq!(buckets.look(SECOND, &"one").full_in, Duration::from_mins(10));
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let buckets = Buckets::new(1, 1, SECOND);

        for number in 0..100_000_u64 {
            let _taken = buckets.take(Duration::from_millis(number * 10), number);
        }

        let kept = buckets.kept.lock().unwrap().full_at.len();
        assert!(kept <= FEWEST_KEPT, "{kept}");
    }

    #[test]
    fn time_that_steps_back_takes_nothing_away_for_long() {
        let buckets = Buckets::new(1, 1, SECOND);

        buckets.take(10 * SECOND, "one").unwrap();

        assert!(buckets.take(9 * SECOND, "one").is_err());
        assert!(buckets.take(11 * SECOND, "one").is_ok());
    }
}
