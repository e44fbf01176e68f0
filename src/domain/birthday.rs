//! Birthday coupons (生日券): one for each birthday, which may be given from the beginning of the year on, and in December
//! for January.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::day::{beginning, day_in_china};

/// The months whose coupons are offered now: this one and the next, in China.
pub fn offered_months(now: DateTime<Utc>) -> [u8; 2] {
    let month = u8::try_from(day_in_china(now).month()).unwrap_or(1);
    [month, month % 12 + 1]
}

/// From when on a coupon counts as given for the birthday of this year that falls into `month`, or of the next year where
/// that is the next month.
pub fn counted_since(month: u8, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = day_in_china(now);
    let first = if month == 1 {
        // December belongs to the birthday that follows it.
        let year = today.year() - i32::from(today.month() < 12);
        NaiveDate::from_ymd_opt(year, 12, 1)
    } else {
        NaiveDate::from_ymd_opt(today.year(), 1, 1)
    };
    first.map(beginning).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn december_is_followed_by_january_and_both_begin_in_china() {
        assert_eq!(offered_months(at("2026-11-30T15:59:59Z")), [11, 12]);
        assert_eq!(offered_months(at("2026-11-30T16:00:00Z")), [12, 1]);
        assert_eq!(offered_months(at("1970-01-01T00:00:00Z")), [1, 2]);
    }

    #[test]
    fn a_coupon_for_january_that_came_in_december_is_that_years() {
        for (month, now, since) in [
            (11, "2026-11-11T04:00:00Z", "2025-12-31T16:00:00Z"),
            (12, "2026-12-31T15:59:59Z", "2025-12-31T16:00:00Z"),
            (12, "2026-12-31T16:00:00Z", "2026-12-31T16:00:00Z"),
            (1, "2026-12-05T04:00:00Z", "2026-11-30T16:00:00Z"),
            (1, "2027-01-20T04:00:00Z", "2026-11-30T16:00:00Z"),
            (1, "2027-11-30T04:00:00Z", "2026-11-30T16:00:00Z"),
            (1, "2027-12-01T04:00:00Z", "2027-11-30T16:00:00Z"),
        ] {
            assert_eq!(counted_since(month, at(now)), at(since), "{month} {now}");
        }
    }
}
