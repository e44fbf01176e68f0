//! That there is no token holds for a while: whoever asks meanwhile learns of it, and the platform is left alone.

use chrono::{DateTime, TimeDelta, Utc};

use super::TokenTrouble;
use crate::domain::{channel::rests_until, delivery::Outcome};

/// After a failure nobody asks again for so long at least: those in flight all learn of it at once.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// The same while the old token still serves: there is time.
const PAUSE_AHEAD_OF_TIME: TimeDelta = TimeDelta::seconds(30);

/// Fetching has failed.
#[derive(Clone)]
pub(super) struct Failed {
    at: DateTime<Utc>,
    /// Nobody asks before.
    until: DateTime<Utc>,
    trouble: TokenTrouble,
}

impl Failed {
    pub fn new(at: DateTime<Utc>, trouble: TokenTrouble) -> Self {
        let until = rests_until(trouble.outcome, at).unwrap_or(at + PAUSE);
        Self { at, until, trouble }
    }

    /// What whoever needs a token is told; `None` when it is worth another try.
    pub fn holds(self, now: DateTime<Utc>) -> Option<TokenTrouble> {
        let rest = self.until - now;
        if rest <= TimeDelta::zero() {
            return None;
        }
        let mut trouble = self.trouble;
        if let Outcome::TooFast { after } = &mut trouble.outcome {
            // A part of the pause is over.
            *after = Some(rest);
        }
        Some(trouble)
    }

    /// Whether whoever still has a token leaves it at that.
    pub fn holds_ahead_of_time(&self, now: DateTime<Utc>) -> bool {
        now < self.until.max(self.at + PAUSE_AHEAD_OF_TIME)
    }
}
