//! When a coupon can be used. Days are counted in China, where midnight is eight hours before that of UTC.

use chrono::{DateTime, Days, FixedOffset, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::problem::Problems;

/// How a template says when its coupons are valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ValidityRule {
    /// The same for everybody.
    Fixed {
        /// The first moment.
        from: DateTime<Utc>,
        /// The first moment at which it is over.
        until: DateTime<Utc>,
    },
    /// From the claim on, through the end of the last of `days` calendar days; the first day counts.
    /// Baidu's "relative in natural days": 5 days, claimed on 1 October at 23:00, end on 6 October at 0:00.
    AfterClaim {
        /// 1 to 3650.
        days: u32,
        /// So many calendar days later it begins, at midnight; 0 begins at once.
        #[serde(default)]
        starts_after_days: u32,
    },
}

/// The span in which one coupon can be used: `from` is inside, `until` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub until: DateTime<Utc>,
}

const MOST_DAYS: u32 = 3650;

impl ValidityRule {
    /// The span of a coupon that is claimed at `now`.
    pub fn for_claim_at(&self, now: DateTime<Utc>) -> Validity {
        match *self {
            Self::Fixed { from, until } => Validity { from, until },
            Self::AfterClaim { days, starts_after_days } => {
                let from = if starts_after_days == 0 {
                    now
                } else {
                    midnight_after(now, starts_after_days)
                };
                Validity { from, until: midnight_after(now, starts_after_days + days) }
            }
        }
    }

    pub(super) fn check(&self, claim_until: DateTime<Utc>, problems: &mut Problems) {
        match *self {
            Self::Fixed { from, until } => {
                problems.expect(from < until, "validity.until", "later than validity.from");
                problems.expect(
                    claim_until <= until,
                    "claim_until",
                    "not after validity.until: nobody wants a coupon that is over",
                );
            }
            Self::AfterClaim { days, starts_after_days } => {
                problems.expect((1..=MOST_DAYS).contains(&days), "validity.days", "1 to 3650");
                problems.expect(
                    starts_after_days <= MOST_DAYS,
                    "validity.starts_after_days",
                    "0 to 3650",
                );
            }
        }
    }
}

/// Midnight in China that begins the day `days` days after the day of `moment`.
fn midnight_after(moment: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let china = china();
    let day = moment.with_timezone(&china).date_naive();
    day.checked_add_days(Days::new(u64::from(days)))
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .and_then(|midnight| china.from_local_datetime(&midnight).single())
        // Only a date some 260,000 years ahead gets here.
        .map_or(DateTime::<Utc>::MAX_UTC, |midnight| midnight.with_timezone(&Utc))
}

/// China has had one offset and no summer time since 1991.
fn china() -> FixedOffset {
    #[expect(clippy::expect_used, reason = "eight hours are less than a day")]
    FixedOffset::east_opt(8 * 3600).expect("eight hours are an offset")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn days_after_claim_end_at_midnight_in_china() {
        let five_days = ValidityRule::AfterClaim { days: 5, starts_after_days: 0 };
        for (claimed, until) in [
            ("2026-10-01T23:00:00+08:00", "2026-10-06T00:00:00+08:00"),
            ("2026-10-01T23:59:59.999+08:00", "2026-10-06T00:00:00+08:00"),
            ("2026-10-02T00:00:00+08:00", "2026-10-07T00:00:00+08:00"),
            // Still the first of October in UTC, already the second in China.
            ("2026-10-01T16:00:00Z", "2026-10-07T00:00:00+08:00"),
            ("2026-10-01T15:59:59Z", "2026-10-06T00:00:00+08:00"),
            ("2024-02-27T12:00:00+08:00", "2024-03-03T00:00:00+08:00"),
            ("2026-12-30T12:00:00+08:00", "2027-01-04T00:00:00+08:00"),
        ] {
            let validity = five_days.for_claim_at(at(claimed));
            assert_eq!(validity, Validity { from: at(claimed), until: at(until) }, "{claimed}");
        }
    }

    #[test]
    fn a_later_start_begins_at_midnight() {
        let rule = ValidityRule::AfterClaim { days: 1, starts_after_days: 1 };

        let validity = rule.for_claim_at(at("2026-10-01T09:00:00+08:00"));

        assert_eq!(validity.from, at("2026-10-02T00:00:00+08:00"));
        assert_eq!(validity.until, at("2026-10-03T00:00:00+08:00"));
    }

    #[test]
    fn a_fixed_span_does_not_move() {
        let rule = ValidityRule::Fixed {
            from: at("2026-11-11T00:00:00+08:00"),
            until: at("2026-11-12T00:00:00+08:00"),
        };

        assert_eq!(rule.for_claim_at(at("2026-11-01T00:00:00Z")).from, at("2026-11-10T16:00:00Z"));
    }

    proptest! {
        #[test]
        fn a_relative_span_begins_no_earlier_than_the_claim_and_lasts_its_days(
            seconds in 0i64..4_000_000_000, days in 1u32..=MOST_DAYS, wait in 0u32..=MOST_DAYS,
        ) {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            let rule = ValidityRule::AfterClaim { days, starts_after_days: wait };

            let validity = rule.for_claim_at(now);

            let lasts = validity.until - validity.from;
            let full = chrono::TimeDelta::days(i64::from(days));
            prop_assert!(validity.from >= now);
            prop_assert!(lasts <= full && lasts > full - chrono::TimeDelta::days(1));
            let local = validity.until.with_timezone(&china()).time();
            prop_assert_eq!(local, chrono::NaiveTime::MIN);
        }
    }
}
