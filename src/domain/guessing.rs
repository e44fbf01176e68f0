//! What wrong passwords cost: the network they come from waits, longer each time.
//!
//! Those that an account knows, because somebody has logged in from there, wait for nobody else. All others together have
//! so many tries, however many they are: so guesses from everywhere neither get far nor keep the account's owner out.

use chrono::{DateTime, TimeDelta, Utc};

/// How an account stands with one network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries {
    /// Wrong passwords in a row from there.
    pub failures: i32,
    /// Until when no other from there is looked at.
    pub blocked_until: Option<DateTime<Utc>>,
    /// When somebody last logged in from there.
    pub logged_in_at: Option<DateTime<Utc>>,
    /// Until when none is looked at from networks that the account does not know. It moves on with each wrong one, and is
    /// past while there were few.
    pub closed_until: Option<DateTime<Utc>>,
}

/// How long a network is known after a login.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(30);

/// Nobody waits for ever.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// All unknown networks together have one try in this time, in the long run.
const ONE_TRY_EACH: TimeDelta = TimeDelta::minutes(1);
/// And so many at once.
const AT_ONCE: i32 = 30;

impl Tries {
    /// Whether a password from there is looked at.
    pub fn may_try(&self, now: DateTime<Utc>) -> bool {
        let is_past = |until: Option<DateTime<Utc>>| until.is_none_or(|until| until <= now);
        is_past(self.blocked_until) && (self.is_known(now) || is_past(self.closed_until))
    }

    /// After another wrong one from there.
    #[must_use]
    pub fn after_failure(self, now: DateTime<Utc>) -> Self {
        let failures = self.failures.saturating_add(1);
        let closed_until = if self.is_known(now) {
            self.closed_until
        } else {
            let earliest = now - ONE_TRY_EACH * (AT_ONCE - 1);
            Some(self.closed_until.map_or(earliest, |until| until.max(earliest)) + ONE_TRY_EACH)
        };
        let blocked_until = Some(now + pause_after(failures));
        Self { failures, blocked_until, closed_until, ..self }
    }

    fn is_known(&self, now: DateTime<Utc>) -> bool {
        self.logged_in_at.is_some_and(|at| now < at + KNOWN_FOR)
    }
}

fn pause_after(failures: i32) -> TimeDelta {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or_default().min(20);
    TimeDelta::seconds(1 << doublings).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(12)
    }

    /// Another network tries at an account that stands so; none where no password was looked at.
    fn elsewhere(account: Tries, now: DateTime<Utc>) -> Option<Tries> {
        let fresh = Tries { closed_until: account.closed_until, ..Tries::default() };
        fresh.may_try(now).then(|| fresh.after_failure(now))
    }

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let seconds = [1, 2, 3, 9, 10, 11, 12, i32::MAX].map(|n| pause_after(n).num_seconds());

        assert_eq!(seconds, [1, 2, 4, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn unknown_networks_together_have_thirty_tries_and_one_a_minute() {
        let mut account = Tries::default();
        let mut looked_at = Vec::new();
        for minute in 0..120 {
            let now = noon() + TimeDelta::minutes(minute);
            let tries = (0..50).map_while(|_| {
                account = elsewhere(account, now)?;
                Some(())
            });
            looked_at.push(tries.count());
        }

        assert_eq!(looked_at[0], 30);
        assert!(looked_at[1..].iter().all(|tries| *tries == 1), "{looked_at:?}");
        let a_quarter_later = noon() + TimeDelta::minutes(119 + 15);
        let rested = (0..50).map_while(|_| {
            account = elsewhere(account, a_quarter_later)?;
            Some(())
        });
        assert_eq!(rested.count(), 15);
    }

    #[test]
    fn one_guesser_alone_leaves_room_for_others() {
        let (mut guesser, mut now) = (Tries::default(), noon());
        let end = now + TimeDelta::days(40);
        while now < end {
            guesser = guesser.after_failure(now);
            now = guesser.blocked_until.unwrap();
            assert!(elsewhere(guesser, now).is_some(), "{guesser:?}");
        }
    }

    #[test]
    fn a_network_from_which_somebody_logged_in_waits_for_nobody_else() {
        let closed_until = Some(noon() + TimeDelta::days(60));
        let known = Tries { logged_in_at: Some(noon()), closed_until, ..Tries::default() };
        let last = noon() + KNOWN_FOR - TimeDelta::seconds(1);

        let wrong = known.after_failure(last);

        assert!(known.may_try(last) && !known.may_try(noon() + KNOWN_FOR));
        assert!(!wrong.may_try(last));
        assert_eq!((wrong.failures, wrong.closed_until), (1, closed_until));
    }
}
