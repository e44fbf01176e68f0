//! Days as WeChat counts them: in UTC+8.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};

const EAST: TimeDelta = TimeDelta::hours(8);

/// The day of a moment.
pub(super) fn of(moment: DateTime<Utc>) -> NaiveDate {
    (moment + EAST).date_naive()
}

/// The first second of a day, in Unix seconds.
pub(super) fn begins(day: NaiveDate) -> i64 {
    (day.and_time(NaiveTime::MIN).and_utc() - EAST).timestamp()
}

/// The last second of a day, in Unix seconds.
pub(super) fn ends(day: NaiveDate) -> i64 {
    begins(after(day, 1)) - 1
}

/// So many days later, or the last day there is.
pub(super) fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX - Days::new(2))
}

/// The moment on the clock of UTC+8.
pub(super) fn local(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    let east = FixedOffset::east_opt(8 * 3600);
    east.map_or_else(|| moment.fixed_offset(), |east| moment.with_timezone(&east))
}
