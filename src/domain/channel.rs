//! The channel to one app: when it is tripped by failures, and how long it then rests.

use chrono::{DateTime, Days, FixedOffset, TimeDelta, TimeZone, Utc};

use super::{
    delivery::{LONGEST_ASKED, Outcome},
    problem::{Problem, Problems},
};

/// So many failures in a row, and nothing is tried for a while.
pub const TRIPS_AT: i32 = 10;
/// The pauses after the trip and after each probe that failed, in seconds; the last one stays.
const RESTS: [i64; 5] = [1, 2, 4, 8, 15];
/// How long an app that was called too fast is left alone at least.
const BREATHER: TimeDelta = TimeDelta::seconds(1);

/// What is known about a channel: it is closed (calls are made), open (none is), or on probation (one is).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// In a row.
    pub failures: i32,
    /// Nothing is tried before.
    pub open_until: Option<DateTime<Utc>>,
}

/// How a breaker stands at a moment, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Calls are made.
    Closed,
    /// None is made before this moment.
    Open {
        /// When it is tried again.
        until: DateTime<Utc>,
    },
    /// One call is made, to see whether the platform is back.
    OnProbation,
}

/// What becomes of the channel after some attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// As it is now.
    pub breaker: Breaker,
    /// The platform is back after an outage, so what waited for it is due.
    pub recovered: bool,
    /// A person has to mend something before more calls make sense.
    pub locked: bool,
}

/// Checks a rate that an operator wants; what is `None` stays as it is. More than this is no limit at all.
pub fn check_rate(calls_per_second: Option<f64>, burst: Option<f64>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        calls_per_second.is_none_or(|rate| (0.01..=10_000.0).contains(&rate)),
        "calls_per_second",
        "0.01 to 10000",
    );
    let fits = burst.is_none_or(|burst| (1.0..=10_000.0).contains(&burst));
    problems.expect(fits, "burst", "1 to 10000");
    problems.into_result()
}

/// Checks what an operator says about a pause.
pub fn check_reason(reason: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        (1..=200).contains(&reason.chars().count())
            && reason.trim() == reason
            && !reason.chars().any(char::is_control),
        "reason",
        "1 to 200 characters on one line without blanks around them",
    );
    problems.into_result()
}

impl Breaker {
    /// Whether only one call may be made, to see whether the platform is back.
    pub const fn is_on_probation(self) -> bool {
        self.failures >= TRIPS_AT
    }

    /// How it stands at `now`.
    pub fn stands(self, now: DateTime<Utc>) -> Standing {
        match self.open_until {
            Some(until) if now < until => Standing::Open { until },
            Some(_) | None if self.is_on_probation() => Standing::OnProbation,
            Some(_) | None => Standing::Closed,
        }
    }

    /// After these attempts, in the order in which they ended. `chance` in `0.0..1.0` spreads the pauses.
    pub fn after(
        self,
        outcomes: impl IntoIterator<Item = Outcome>,
        now: DateTime<Utc>,
        chance: f64,
    ) -> Change {
        let mut after = Change { breaker: self, recovered: false, locked: false };
        for outcome in outcomes {
            after.take(outcome, now, chance);
        }
        after
    }

    /// Nothing is tried before `until`, or before what was said earlier if that is later.
    fn rest_until(&mut self, until: DateTime<Utc>) {
        self.open_until = self.open_until.max(Some(until));
    }
}

impl Change {
    fn take(&mut self, outcome: Outcome, now: DateTime<Utc>, chance: f64) {
        let breaker = &mut self.breaker;
        match outcome {
            // A "no" is an answer: the platform is there.
            Outcome::Done | Outcome::DoneBefore | Outcome::Refused => {
                // A few failures are no outage: what fails alone keeps its pauses. And a pause that the platform itself
                // asked for stands, whatever came of calls that were under way.
                if breaker.is_on_probation() {
                    self.recovered = true;
                    breaker.open_until = None;
                }
                breaker.failures = 0;
            }
            Outcome::Busy { .. } | Outcome::Unknown { .. } | Outcome::NotAsked => {
                // Those that were under way when it tripped say nothing new.
                let resting = breaker.is_on_probation()
                    && breaker.open_until.is_some_and(|until| now < until);
                if !resting {
                    breaker.failures = breaker.failures.saturating_add(1);
                }
                if breaker.is_on_probation() && !resting {
                    breaker.rest_until(now + rest(breaker.failures, chance));
                }
            }
            Outcome::TooFast { after } => {
                breaker.rest_until(now + breather(after) + TimeDelta::milliseconds(spread(chance)));
            }
            Outcome::UsedUpToday => breaker.rest_until(next_day_in_china(now)),
            Outcome::NotYet { .. } => {}
            Outcome::Locked => self.locked = true,
        }
    }
}

/// Until when a platform that gave this answer is not to be asked the same by anybody; `None` where it asked for no rest.
pub fn rests_until(outcome: Outcome, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match outcome {
        Outcome::TooFast { after } => Some(now + breather(after)),
        Outcome::UsedUpToday => Some(next_day_in_china(now)),
        Outcome::Done
        | Outcome::DoneBefore
        | Outcome::Busy { .. }
        | Outcome::Unknown { .. }
        | Outcome::NotAsked
        | Outcome::NotYet { .. }
        | Outcome::Locked
        | Outcome::Refused => None,
    }
}

fn breather(asked: Option<TimeDelta>) -> TimeDelta {
    asked.unwrap_or(BREATHER).clamp(BREATHER, LONGEST_ASKED)
}

/// Up to half a second.
#[expect(clippy::cast_possible_truncation, reason = "at most five hundred")]
fn spread(chance: f64) -> i64 {
    (500.0 * chance.clamp(0.0, 1.0)) as i64
}

fn rest(failures: i32, chance: f64) -> TimeDelta {
    let step = usize::try_from(failures - TRIPS_AT).unwrap_or_default();
    TimeDelta::seconds(RESTS[step.min(RESTS.len() - 1)]) + TimeDelta::milliseconds(spread(chance))
}

/// The next midnight in China, where platforms count their days.
pub fn next_day_in_china(now: DateTime<Utc>) -> DateTime<Utc> {
    const EAST: i32 = 8 * 3600;
    let tomorrow = FixedOffset::east_opt(EAST).and_then(|china| {
        let day = now.with_timezone(&china).date_naive().checked_add_days(Days::new(1))?;
        china.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).single()
    });
    tomorrow.map_or(now + TimeDelta::days(1), |midnight| midnight.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Outcome = Outcome::Unknown { after: None };
    const TOO_FAST: Outcome = Outcome::TooFast { after: None };
    const CLOSED: Breaker = Breaker { failures: 0, open_until: None };

    fn noon() -> DateTime<Utc> {
        "2026-11-11T12:00:00+08:00".parse().unwrap()
    }

    fn tripped() -> Breaker {
        let trip = usize::try_from(TRIPS_AT).unwrap();
        CLOSED.after(vec![UNKNOWN; trip], noon(), 0.0).breaker
    }

    #[test]
    fn failures_in_a_row_trip_it_and_one_success_closes_it() {
        let before = CLOSED.after(vec![UNKNOWN; 9], noon(), 0.0).breaker;
        assert_eq!(before, Breaker { failures: 9, open_until: None });

        let open = tripped();
        assert_eq!(open.open_until, Some(noon() + TimeDelta::seconds(1)));
        assert!(open.is_on_probation());

        let closed = open.after([Outcome::Done], noon(), 0.0);
        assert_eq!(closed, Change { breaker: CLOSED, recovered: true, locked: false });
    }

    #[test]
    fn a_clear_no_shows_that_the_platform_is_there() {
        assert_eq!(tripped().after([Outcome::Refused], noon(), 0.0).breaker, CLOSED);
        assert!(!CLOSED.after([Outcome::Done], noon(), 0.0).recovered);
    }

    #[test]
    fn a_success_among_a_few_failures_ends_no_outage() {
        let change = CLOSED.after([UNKNOWN, UNKNOWN, Outcome::Done], noon(), 0.0);

        assert_eq!(change, Change { breaker: CLOSED, recovered: false, locked: false });
    }

    #[test]
    fn a_success_that_was_under_way_ends_no_pause_that_the_platform_asked_for() {
        for asked in [TOO_FAST, Outcome::UsedUpToday] {
            let resting = CLOSED.after([asked], noon(), 0.0).breaker;

            assert_eq!(
                resting.after([Outcome::Done, Outcome::Refused], noon(), 0.0).breaker,
                resting
            );
        }
    }

    #[test]
    fn probes_come_more_and_more_rarely_up_to_a_limit() {
        let (mut breaker, mut rests) = (tripped(), Vec::new());

        for _ in 0..6 {
            let now = breaker.open_until.unwrap();
            breaker = breaker.after([UNKNOWN], now, 0.0).breaker;
            rests.push((breaker.open_until.unwrap() - now).num_seconds());
        }

        assert_eq!(rests, [2, 4, 8, 15, 15, 15]);
    }

    #[test]
    fn those_under_way_when_it_trips_do_not_lengthen_the_rest() {
        let open = tripped();

        assert_eq!(open.after(vec![UNKNOWN; 50], noon(), 0.0).breaker, open);
    }

    #[test]
    fn an_app_that_is_called_too_fast_is_left_alone_for_a_moment_only() {
        let change = CLOSED.after([TOO_FAST], noon(), 1.0);

        assert_eq!(change.breaker.failures, 0);
        assert_eq!(change.breaker.open_until, Some(noon() + TimeDelta::milliseconds(1500)));
    }

    #[test]
    fn an_app_that_is_called_too_fast_is_left_alone_for_as_long_as_its_platform_asks() {
        for (asked, rest) in [(60, 60), (0, 1), (86_400, 900)] {
            let after = Some(TimeDelta::seconds(asked));
            let change = CLOSED.after([Outcome::TooFast { after }], noon(), 0.0);

            let until = Some(noon() + TimeDelta::seconds(rest));
            assert_eq!(change.breaker, Breaker { failures: 0, open_until: until });
        }
    }

    #[test]
    fn the_days_calls_come_back_at_midnight_in_china() {
        let change = CLOSED.after([Outcome::UsedUpToday], noon(), 0.0);

        let midnight = "2026-11-12T00:00:00+08:00".parse().ok();
        assert_eq!(change.breaker.open_until, midnight);
    }

    #[test]
    fn only_a_platform_that_asks_for_rest_is_left_alone_by_everybody() {
        let too_fast = |seconds| Outcome::TooFast { after: Some(TimeDelta::seconds(seconds)) };
        let midnight = "2026-11-12T00:00:00+08:00".parse().ok();

        assert_eq!(rests_until(Outcome::UsedUpToday, noon()), midnight);
        for (asked, rest) in [(60, 60), (0, 1), (86_400, 900)] {
            let until = Some(noon() + TimeDelta::seconds(rest));
            assert_eq!(rests_until(too_fast(asked), noon()), until);
        }
        for other in [Outcome::Refused, Outcome::Locked, Outcome::NotAsked, UNKNOWN] {
            assert_eq!(rests_until(other, noon()), None);
        }
    }

    #[test]
    fn a_tripped_breaker_is_open_until_its_rest_is_over_and_then_on_probation() {
        let until = noon() + TimeDelta::seconds(1);

        assert_eq!(CLOSED.stands(noon()), Standing::Closed);
        assert_eq!(tripped().stands(noon()), Standing::Open { until });
        assert_eq!(tripped().stands(until), Standing::OnProbation);
        let breather = Breaker { failures: 0, open_until: Some(until) };
        assert_eq!(breather.stands(until), Standing::Closed);
    }

    #[test]
    fn a_rate_is_neither_nothing_nor_boundless() {
        assert_eq!(check_rate(Some(0.01), Some(1.0)), Ok(()));
        assert_eq!(check_rate(None, None), Ok(()));
        for wrong in [0.0, -1.0, 10_001.0, f64::NAN, f64::INFINITY] {
            assert_eq!(check_rate(Some(wrong), Some(wrong)).unwrap_err().len(), 2, "{wrong}");
        }
    }

    #[test]
    fn a_reason_says_something_on_one_line() {
        assert_eq!(check_reason("百度在维护"), Ok(()));
        for wrong in ["", " x", "x\ny", &"x".repeat(201)] {
            assert!(check_reason(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_locked_door_is_for_a_person() {
        assert!(CLOSED.after([Outcome::Locked], noon(), 0.0).locked);
    }
}
