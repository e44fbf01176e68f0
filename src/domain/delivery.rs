//! What we owe a platform, and what becomes of it after each attempt.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod by_hand;

/// What is owed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DeliveryKind {
    /// A placement is to stand on the platform.
    Publish,
    /// Changed terms, or a changed callback address, are to be told.
    Update,
    /// A placement is to be taken off the platform.
    Withdraw,
    /// What stands on the platform already is to become a placement of ours.
    Import,
    /// More stock is to be offered on the platform.
    AddStock,
    /// A banner is to be shown.
    CreateBanner,
    /// A banner is to be taken away.
    DeleteBanner,
    /// A coupon given through us is to appear in the holder's wallet on the platform.
    Sync,
    /// A coupon was used.
    WriteOff,
    /// A coupon was taken out of use.
    Void,
    /// A system of the merchant's is to hear of something.
    Webhook,
}

/// Where a delivery is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Until the platform knows the placement that it is about.
    Waiting,
    /// To be tried when it is due.
    Pending,
    /// A worker is trying.
    Leased,
    /// The platform has it.
    Done,
    /// The platform will not have it; a person has to look. Those behind it in the same order wait.
    Dead,
    /// No longer owed.
    Cancelled,
}

/// What one attempt came to, as the platform's room understood it: it says what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The platform has it.
    Done,
    /// The platform says that it was done before. So it is, but whether it was us is a matter for reconciliation.
    DoneBefore,
    /// A clear "not now": nothing has changed there.
    Busy {
        /// What the platform asked for.
        after: Option<TimeDelta>,
    },
    /// No clear answer: it may have taken effect. To be asked again with the same identity.
    Unknown {
        /// What the platform asked for.
        after: Option<TimeDelta>,
    },
    /// The platform could not even be asked, for want of an access token; nothing was sent.
    NotAsked,
    /// It is too early, or trouble of our own stood in the way; nothing was sent, and the platform is not to blame.
    NotYet {
        /// When it is worth another try; the usual pause when nobody can say.
        after: Option<TimeDelta>,
    },
    /// Too many calls: the whole app has to slow down.
    TooFast {
        /// For how long the platform wants none; a moment when it does not say.
        after: Option<TimeDelta>,
    },
    /// The day's calls are used up: the whole app has to wait for the next day in China.
    UsedUpToday,
    /// The platform does not take our word for who we are, or does not let us in: a person has to mend it.
    Locked,
    /// A clear "no" to this delivery, for good.
    Refused,
}

/// How an attempt stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The platform has it.
    Ok,
    /// Not now; nothing has changed there.
    Retry,
    /// No, for good.
    Permanent,
    /// No clear answer.
    Unknown,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Paid.
    Done {
        /// On the platform's word that it was done before.
        presumed: bool,
    },
    /// To be tried again after this long.
    Again {
        /// From now.
        after: TimeDelta,
        /// Because the platform is away, so that it is due as soon as it is back.
        outage: bool,
    },
    /// Left to a person.
    Dead,
}

/// After so many attempts without a clear answer a delivery is left to a person: about five days.
pub const MOST_ATTEMPTS: i32 = 25;
/// The longest pause that a platform can talk us into (RELIABILITY: `Retry-After` is honoured up to 15 minutes).
pub(super) const LONGEST_ASKED: TimeDelta = TimeDelta::minutes(15);
/// The pauses after the first, second, … attempt, in seconds; the last one stays.
const PAUSES: [i64; 10] = [1, 5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600];

impl Outcome {
    /// What becomes of a delivery of which this was attempt `number`, counted from one.
    ///
    /// `chance` in `0.0..1.0` spreads the next tries: a pause is between four and six fifths of its step.
    pub fn judge(self, number: i32, chance: f64) -> Verdict {
        let after = match self {
            Self::Done => return Verdict::Done { presumed: false },
            Self::DoneBefore => return Verdict::Done { presumed: true },
            Self::Refused => return Verdict::Dead,
            Self::NotYet { after: Some(after) } => return Verdict::Again { after, outage: false },
            Self::Busy { after } | Self::Unknown { after } | Self::NotYet { after } => after,
            Self::NotAsked | Self::TooFast { .. } | Self::UsedUpToday | Self::Locked => None,
        };
        if number >= MOST_ATTEMPTS && self.burns_the_attempt() {
            return Verdict::Dead;
        }
        let asked = after.unwrap_or_default().clamp(TimeDelta::zero(), LONGEST_ASKED);
        let outage = matches!(self, Self::Busy { .. } | Self::Unknown { .. } | Self::NotAsked);
        Verdict::Again { after: pause(number, chance).max(asked), outage }
    }

    /// How the attempt stands in the books.
    pub const fn in_the_books(self) -> AttemptOutcome {
        match self {
            Self::Done | Self::DoneBefore => AttemptOutcome::Ok,
            Self::Busy { .. }
            | Self::NotAsked
            | Self::NotYet { .. }
            | Self::TooFast { .. }
            | Self::UsedUpToday
            | Self::Locked => AttemptOutcome::Retry,
            Self::Refused => AttemptOutcome::Permanent,
            Self::Unknown { .. } => AttemptOutcome::Unknown,
        }
    }

    /// Whether the attempt counts. What stopped it before it was about this delivery does not.
    pub const fn burns_the_attempt(self) -> bool {
        match self {
            Self::NotAsked
            | Self::NotYet { .. }
            | Self::TooFast { .. }
            | Self::UsedUpToday
            | Self::Locked => false,
            Self::Done
            | Self::DoneBefore
            | Self::Busy { .. }
            | Self::Unknown { .. }
            | Self::Refused => true,
        }
    }
}

impl AttemptOutcome {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retry => "retry",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
        }
    }
}

impl DeliveryKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Publish,
        Self::Update,
        Self::Withdraw,
        Self::Import,
        Self::AddStock,
        Self::CreateBanner,
        Self::DeleteBanner,
        Self::Sync,
        Self::WriteOff,
        Self::Void,
        Self::Webhook,
    ];

    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Update => "update",
            Self::Withdraw => "withdraw",
            Self::Import => "import",
            Self::AddStock => "add_stock",
            Self::CreateBanner => "create_banner",
            Self::DeleteBanner => "delete_banner",
            Self::Sync => "sync",
            Self::WriteOff => "write_off",
            Self::Void => "void",
            Self::Webhook => "webhook",
        }
    }

    /// Whether it can only be told once the platform knows the placement.
    pub const fn needs_the_placement_there(self) -> bool {
        match self {
            Self::Publish | Self::Import | Self::Webhook => false,
            Self::Update
            | Self::Withdraw
            | Self::AddStock
            | Self::CreateBanner
            | Self::DeleteBanner
            | Self::Sync
            | Self::WriteOff
            | Self::Void => true,
        }
    }
}

/// The text is no kind that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of delivery")]
pub struct UnknownKind;

impl TryFrom<&str> for DeliveryKind {
    type Error = UnknownKind;

    fn try_from(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

/// The pause after attempt `number`.
fn pause(number: i32, chance: f64) -> TimeDelta {
    let step = usize::try_from(number.max(1) - 1).unwrap_or_default();
    let seconds = PAUSES[step.min(PAUSES.len() - 1)];
    #[expect(clippy::cast_precision_loss, reason = "six hours in milliseconds are exact")]
    let spread = (seconds * 1000) as f64 * (0.8 + 0.4 * chance.clamp(0.0, 1.0));
    #[expect(clippy::cast_possible_truncation, reason = "at most a few hours")]
    TimeDelta::milliseconds(spread as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(outcome: Outcome, number: i32, chance: f64) -> TimeDelta {
        match outcome.judge(number, chance) {
            Verdict::Again { after, .. } => after,
            other @ (Verdict::Done { .. } | Verdict::Dead) => panic!("{other:?}"),
        }
    }

    #[test]
    fn pauses_grow_from_a_second_to_six_hours_and_stay_there() {
        let unknown = Outcome::Unknown { after: None };

        let pauses: Vec<_> =
            (1..=12).map(|number| after(unknown, number, 0.5).num_seconds()).collect();

        assert_eq!(pauses, [1, 5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 21_600, 21_600]);
    }

    #[test]
    fn chance_spreads_a_pause_by_a_fifth_either_way() {
        let busy = Outcome::Busy { after: None };

        assert_eq!(after(busy, 3, 0.0), TimeDelta::seconds(24));
        assert_eq!(after(busy, 3, 1.0), TimeDelta::seconds(36));
    }

    #[test]
    fn a_platform_can_ask_for_more_time_but_not_for_ever() {
        for (asked, granted) in [(60, 60), (0, 1), (-1, 1), (3600, 900), (1_000_000_000_000, 900)] {
            let busy = Outcome::Busy { after: TimeDelta::try_seconds(asked) };

            assert_eq!(after(busy, 1, 0.5), TimeDelta::seconds(granted), "{asked}");
        }
    }

    #[test]
    fn what_is_clear_is_settled_at_once() {
        assert_eq!(Outcome::Done.judge(1, 0.5), Verdict::Done { presumed: false });
        assert_eq!(Outcome::DoneBefore.judge(1, 0.5), Verdict::Done { presumed: true });
        assert_eq!(Outcome::Refused.judge(1, 0.5), Verdict::Dead);
    }

    #[test]
    fn what_stays_unclear_is_left_to_a_person_in_the_end() {
        let unknown = Outcome::Unknown { after: None };

        assert!(matches!(unknown.judge(MOST_ATTEMPTS - 1, 0.5), Verdict::Again { .. }));
        assert_eq!(unknown.judge(MOST_ATTEMPTS, 0.5), Verdict::Dead);
        let days: i64 = (1..MOST_ATTEMPTS).map(|n| after(unknown, n, 0.5).num_hours()).sum();
        assert!((80..=120).contains(&days), "{days} hours");
    }

    #[test]
    fn trouble_of_the_whole_app_burns_no_attempt_and_kills_nothing() {
        for outcome in [Outcome::TooFast { after: None }, Outcome::UsedUpToday, Outcome::Locked] {
            assert!(!outcome.burns_the_attempt());
            let verdict = outcome.judge(MOST_ATTEMPTS + 1, 0.5);
            assert!(matches!(verdict, Verdict::Again { outage: false, .. }), "{verdict:?}");
        }
        let after = Some(TimeDelta::seconds(7));
        let soon = Outcome::NotYet { after }.judge(MOST_ATTEMPTS + 1, 0.5);
        assert_eq!(soon, Verdict::Again { after: TimeDelta::seconds(7), outage: false });
        assert!(!Outcome::NotAsked.burns_the_attempt());
        let verdict = Outcome::NotAsked.judge(MOST_ATTEMPTS + 1, 0.5);
        assert!(matches!(verdict, Verdict::Again { outage: true, .. }), "{verdict:?}");
    }
}
