//! How many calls of one kind an app has made in a day and in a minute.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::day;
use super::trouble::Trouble;

/// Limits of one kind of call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub per_day: Option<u64>,
    pub per_minute: Option<u64>,
}

/// What was spent, by app or person and by call.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    days: HashMap<(String, String), (NaiveDate, u64)>,
    minutes: HashMap<(String, String), (i64, u64)>,
}

impl Quotas {
    pub fn spend(
        &mut self,
        who: &str,
        call: &str,
        limits: Limits,
        now: DateTime<Utc>,
    ) -> Result<(), Trouble> {
        let key = (who.to_owned(), call.to_owned());
        let (today, minute) = (day::of(now), now.timestamp().div_euclid(60));
        let spent = self.days.entry(key.clone()).or_insert((today, 0));
        *spent = if spent.0 == today { (today, spent.1 + 1) } else { (today, 1) };
        let of_day = spent.1;
        let spent = self.minutes.entry(key).or_insert((minute, 0));
        *spent = if spent.0 == minute { (minute, spent.1 + 1) } else { (minute, 1) };
        if limits.per_day.is_some_and(|most| of_day > most) {
            return Err(Trouble::new(45009, "reach max api daily quota limit"));
        }
        if limits.per_minute.is_some_and(|most| spent.1 > most) {
            return Err(Trouble::new(45011, "api minute-quota reach limit"));
        }
        Ok(())
    }
}
