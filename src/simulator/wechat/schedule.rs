//! When a push that was not accepted is tried again.

use chrono::TimeDelta;

use super::switches::Retries;

/// Why a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Something answered, but not as it must.
    Malformed,
    /// Nobody answered.
    Dead,
}

/// Three more tries, minutes apart.
const AFTER_MALFORMED: [TimeDelta; 3] =
    [TimeDelta::minutes(1), TimeDelta::minutes(2), TimeDelta::minutes(3)];
/// Ten tries within a day.
const AFTER_DEAD: [TimeDelta; 9] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::minutes(30),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
    TimeDelta::hours(4),
    TimeDelta::hours(8),
    TimeDelta::minutes(489),
];
/// Three tries in all.
const SHORT: [TimeDelta; 2] = [TimeDelta::seconds(5); 2];

/// How long the next try waits after so many; nothing when that was the last.
pub(super) fn pause(
    event: &str,
    retries: Retries,
    failure: Failure,
    tried: usize,
) -> Option<TimeDelta> {
    let pauses: &[TimeDelta] = match (retries, failure) {
        (Retries::Long, Failure::Malformed) if event == "user_get_card" => &AFTER_MALFORMED,
        (Retries::Long, Failure::Dead) if event == "user_get_card" => &AFTER_DEAD,
        (Retries::Short | Retries::Long, _) => &SHORT,
    };
    pauses.get(tried.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(event: &str, retries: Retries, failure: Failure) -> usize {
        1 + (1..100).take_while(|tried| pause(event, retries, failure, *tried).is_some()).count()
    }

    #[test]
    fn claims_are_pushed_for_a_day_and_all_else_three_times() {
        assert_eq!(tries("user_get_card", Retries::Long, Failure::Dead), 10);
        assert_eq!(tries("user_get_card", Retries::Long, Failure::Malformed), 4);
        assert_eq!(tries("user_get_card", Retries::Short, Failure::Dead), 3);
        assert_eq!(tries("user_del_card", Retries::Long, Failure::Dead), 3);
        let day: TimeDelta = AFTER_DEAD.iter().sum();
        assert_eq!(day, TimeDelta::hours(24));
    }
}
