//! A template's days, as the statistics know them: days in China, by the platform's own clock.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

/// The calendar day in China.
pub(super) fn china_day(now: DateTime<Utc>) -> NaiveDate {
    (now + TimeDelta::hours(8)).date_naive()
}

/// What happened to one template on one day.
#[derive(Debug, Clone, Default)]
pub(super) struct Day {
    pub taken: u64,
    pub takers: HashSet<String>,
    pub synced: u64,
    pub receivers: HashSet<String>,
    pub used: u64,
    pub users: HashSet<String>,
    /// What was left when the day ended, or is left now.
    pub stock: i64,
}

/// The days on which something happened.
#[derive(Debug, Clone, Default)]
pub(super) struct Days(BTreeMap<NaiveDate, Day>);

impl Days {
    /// The day to write on.
    pub fn on(&mut self, day: NaiveDate, stock: i64) -> &mut Day {
        let day = self.0.entry(day).or_default();
        day.stock = stock;
        day
    }

    pub fn get(&self, day: NaiveDate) -> Option<&Day> {
        self.0.get(&day)
    }

    /// The stock at the end of a day, from the last day on which anything happened.
    pub fn stock_at(&self, day: NaiveDate) -> i64 {
        self.0.range(..=day).next_back().map_or(0, |(_, day)| day.stock)
    }

    /// Each day on which something happened, oldest first.
    pub fn all(&self) -> impl Iterator<Item = (NaiveDate, &Day)> {
        self.0.iter().map(|(date, day)| (*date, day))
    }
}

/// What really happened to one template on one day, before any switch decides what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The app.
    pub app_key: String,
    /// The template.
    pub coupon_template_id: i64,
    /// The day in China.
    pub day: NaiveDate,
    /// Coupons that came into wallets by take.
    pub taken: u64,
    /// How many people they went to.
    pub takers: usize,
    /// Coupons that came into wallets by sync.
    pub synced: u64,
    /// How many people they went to.
    pub receivers: usize,
    /// Write-offs.
    pub used: u64,
    /// How many people used.
    pub users: usize,
    /// What was left of the stock when the day ended, or is left now.
    pub stock: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let before = DateTime::parse_from_rfc3339("2019-11-28T15:59:59Z").unwrap();
        let after = DateTime::parse_from_rfc3339("2019-11-28T16:00:00Z").unwrap();

        assert_eq!(china_day(before.to_utc()).to_string(), "2019-11-28");
        assert_eq!(china_day(after.to_utc()).to_string(), "2019-11-29");
    }

    #[test]
    fn a_quiet_day_shows_the_stock_of_the_day_before() {
        let day = |number| NaiveDate::from_ymd_opt(2019, 11, number).unwrap();
        let mut days = Days::default();
        days.on(day(3), 10);
        days.on(day(5), 7);

        let stocks = [2, 3, 4, 5, 9].map(|number| days.stock_at(day(number)));

        assert_eq!(stocks, [0, 10, 10, 7, 7]);
    }
}
