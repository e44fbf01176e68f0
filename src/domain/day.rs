//! Days in China, where Baidu counts its days and merchants theirs.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};

/// China has had one time zone without summer time since 1991.
const EAST: TimeDelta = TimeDelta::hours(8);

/// The day that it is in China.
pub fn day_in_china(now: DateTime<Utc>) -> NaiveDate {
    (now + EAST).date_naive()
}

/// The first moment of a day in China.
pub fn beginning(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - EAST
}

/// The day whose job is the last to be due, when one is due each day at this time of day in China.
pub fn job_day(now: DateTime<Utc>, at: NaiveTime) -> NaiveDate {
    let china = (now + EAST).naive_utc();
    if china.time() >= at { china.date() } else { before(china.date(), 1) }
}

/// So many days earlier.
pub fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// From the first to the last, both included.
pub fn days(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

/// The same moment as a clock in China shows it.
pub fn in_china(now: DateTime<Utc>) -> DateTime<FixedOffset> {
    let china = FixedOffset::east_opt(8 * 3600);
    china.map_or_else(|| now.fixed_offset(), |china| now.with_timezone(&china))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_in_china_begins_at_sixteen_hours_of_the_day_before_in_greenwich() {
        let day = day_in_china(at("2026-11-10T16:00:00Z"));

        assert_eq!(day.to_string(), "2026-11-11");
        assert_eq!(day_in_china(at("2026-11-10T15:59:59Z")).to_string(), "2026-11-10");
        assert_eq!(beginning(day), at("2026-11-10T16:00:00Z"));
        assert_eq!(in_china(beginning(day)).to_rfc3339(), "2026-11-11T00:00:00+08:00");
    }

    #[test]
    fn a_job_belongs_to_the_day_on_which_it_was_due() {
        let half_past_four = NaiveTime::from_hms_opt(4, 30, 0).unwrap();

        for (now, day) in [
            ("2026-11-11T04:29:59+08:00", "2026-11-10"),
            ("2026-11-11T04:30:00+08:00", "2026-11-11"),
            ("2026-11-11T23:59:59+08:00", "2026-11-11"),
            ("2026-11-12T00:00:00+08:00", "2026-11-11"),
        ] {
            assert_eq!(job_day(at(now), half_past_four).to_string(), day, "{now}");
        }
    }

    #[test]
    fn both_ends_of_a_span_are_in_it() {
        let last = day_in_china(at("2026-11-11T12:00:00Z"));

        assert_eq!(days(before(last, 2), last).count(), 3);
        assert_eq!(days(last, last).count(), 1);
    }
}
