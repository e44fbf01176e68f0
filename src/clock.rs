//! The only source of the current time.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time. Decisions that servers must agree on pass the database's time through [`Clock::at_database`].
pub trait Clock: Send + Sync + 'static {
    /// The time on this machine.
    fn now(&self) -> DateTime<Utc>;

    /// The time to judge by, given what the database's clock just said.
    fn at_database(&self, database_now: DateTime<Utc>) -> DateTime<Utc>;

    /// The time that a statement shall take in place of the database's own; `None` for real time.
    fn instead_of_database(&self) -> Option<DateTime<Utc>>;
}

/// Real time; where servers must agree, the database's.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock everyone else asks")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn at_database(&self, database_now: DateTime<Utc>) -> DateTime<Utc> {
        database_now
    }

    fn instead_of_database(&self) -> Option<DateTime<Utc>> {
        None
    }
}

/// A clock that tests move by hand; it knows nothing of real time.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// Stands at `now` until it is moved.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock; a negative span moves it back.
    pub fn advance(&self, by: TimeDelta) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn at_database(&self, _database_now: DateTime<Utc>) -> DateTime<Utc> {
        self.now()
    }

    fn instead_of_database(&self) -> Option<DateTime<Utc>> {
        Some(self.now())
    }
}
