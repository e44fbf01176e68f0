//! The gateway's limits: so many calls of an app in a second, so many in a day.

use chrono::{DateTime, NaiveDate, Utc};

use super::days::china_day;
use super::reply::Trouble;
use super::state::State;

/// What an app has spent in the second and in the day that run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    second: i64,
    in_second: u32,
    day: NaiveDate,
    in_day: u64,
}

impl State {
    /// Counts one call of the app, unless a limit is reached; what is refused is not counted.
    pub fn spend(&mut self, app_key: &str, now: DateTime<Utc>) -> Result<(), Trouble> {
        let (per_second, per_day) = (self.switches.calls_per_second, self.switches.calls_per_day);
        if per_second.is_none() && per_day.is_none() {
            return Ok(());
        }
        let spent = self.spent.entry(app_key.to_owned()).or_default();
        let (second, day) = (now.timestamp(), china_day(now));
        if spent.second != second {
            (spent.second, spent.in_second) = (second, 0);
        }
        if spent.day != day {
            (spent.day, spent.in_day) = (day, 0);
        }
        if per_day.is_some_and(|most| spent.in_day >= most) {
            return Err(Trouble::Gateway(17, "Open api daily request limit reached"));
        }
        if per_second.is_some_and(|most| spent.in_second >= most) {
            return Err(Trouble::Gateway(18, "Open api qps request limit reached"));
        }
        spent.in_second += 1;
        spent.in_day += 1;
        Ok(())
    }
}
