//! What a coupon is at a moment: its state, its validity, its lock and its suspension, seen by whoever holds it.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{card::Suspension, coupon::CouponState, validity::Validity};

/// What decides it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// As it is stored.
    pub state: CouponState,
    /// When it can be used.
    pub validity: Validity,
    /// When its lock ends, if it has one.
    pub locked_until: Option<DateTime<Utc>>,
    /// What its platform keeps it from being used for.
    pub suspended: Option<Suspension>,
}

/// What a coupon is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CouponStatus {
    /// It can be used now.
    Usable,
    /// It can be used later.
    NotYetValid,
    /// It is kept for an order.
    Locked,
    /// It was used.
    Used,
    /// Its time is over.
    Expired,
    /// It was taken out of use.
    Void,
    /// Its platform keeps it from being used: its holder is giving it away, has given it away or thrown it away there.
    Suspended,
}

/// Where its holder finds it. A void one is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// What can be used, now or later.
    Usable,
    /// What is kept for an order, and so cannot be used for another.
    Locked,
    /// What was used.
    Used,
    /// What was not used in time.
    Expired,
    /// What its platform keeps from being used. What somebody else has by now is nowhere.
    Suspended,
}

impl Standing {
    /// What it is at `now`. A lock that has passed, or left no trace, holds nothing; one that holds outlives the validity,
    /// and hides a suspension. What was given away does not expire: somebody else has it.
    pub fn status(&self, now: DateTime<Utc>) -> CouponStatus {
        let is_locked = self.locked_until.is_some_and(|until| now < until);
        match self.state {
            CouponState::Void => CouponStatus::Void,
            CouponState::Redeemed => CouponStatus::Used,
            CouponState::Locked if is_locked => CouponStatus::Locked,
            CouponState::Issued | CouponState::Locked
                if self.suspended == Some(Suspension::GivenAway) =>
            {
                CouponStatus::Suspended
            }
            CouponState::Issued | CouponState::Locked if self.validity.until <= now => {
                CouponStatus::Expired
            }
            CouponState::Issued | CouponState::Locked if self.suspended.is_some() => {
                CouponStatus::Suspended
            }
            CouponState::Issued | CouponState::Locked if now < self.validity.from => {
                CouponStatus::NotYetValid
            }
            CouponState::Issued | CouponState::Locked => CouponStatus::Usable,
        }
    }
}

impl CouponStatus {
    /// As queries and files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::NotYetValid => "not_yet_valid",
            Self::Locked => "locked",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Void => "void",
            Self::Suspended => "suspended",
        }
    }

    /// Where a coupon of this status is found.
    pub const fn tab(self) -> Option<Tab> {
        match self {
            Self::Usable | Self::NotYetValid => Some(Tab::Usable),
            Self::Locked => Some(Tab::Locked),
            Self::Used => Some(Tab::Used),
            Self::Expired => Some(Tab::Expired),
            Self::Suspended => Some(Tab::Suspended),
            Self::Void => None,
        }
    }
}

impl FromStr for CouponStatus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [
            Self::Usable,
            Self::NotYetValid,
            Self::Locked,
            Self::Used,
            Self::Expired,
            Self::Void,
            Self::Suspended,
        ];
        let found = all.into_iter().find(|status| status.as_str() == text);
        found.ok_or("one of usable, not_yet_valid, locked, used, expired, void, suspended")
    }
}

impl Tab {
    /// As queries spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Locked => "locked",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn what_a_coupon_is_follows_from_its_state_its_lock_and_the_clock() {
        use CouponState::{Issued, Locked, Redeemed, Void};
        let validity = Validity { from: at(10), until: at(20) };
        for (state, locked_until, now, expected) in [
            (Issued, None, 9, CouponStatus::NotYetValid),
            (Issued, None, 10, CouponStatus::Usable),
            (Issued, None, 19, CouponStatus::Usable),
            (Issued, None, 20, CouponStatus::Expired),
            (Locked, Some(15), 14, CouponStatus::Locked),
            (Locked, Some(15), 15, CouponStatus::Usable),
            (Locked, Some(25), 24, CouponStatus::Locked),
            (Locked, Some(25), 25, CouponStatus::Expired),
            (Locked, None, 12, CouponStatus::Usable),
            // A row that is left over locks nothing that is not locked.
            (Issued, Some(15), 14, CouponStatus::Usable),
            (Redeemed, None, 9, CouponStatus::Used),
            (Redeemed, Some(25), 21, CouponStatus::Used),
            (Void, None, 12, CouponStatus::Void),
        ] {
            let locked_until = locked_until.map(at);
            let standing = Standing { state, validity, locked_until, suspended: None };

            assert_eq!(standing.status(at(now)), expected, "{standing:?} {now}");
        }
    }

    #[test]
    fn a_suspension_hides_what_could_be_used_and_nothing_else() {
        use CouponState::{Issued, Locked, Redeemed, Void};
        use Suspension::{Deleted, Gifting, GivenAway};
        let validity = Validity { from: at(10), until: at(20) };
        for (state, why, now, expected) in [
            (Issued, Gifting, 9, CouponStatus::Suspended),
            (Issued, Deleted, 15, CouponStatus::Suspended),
            (Issued, Gifting, 20, CouponStatus::Expired),
            (Issued, GivenAway, 20, CouponStatus::Suspended),
            (Locked, Gifting, 14, CouponStatus::Locked),
            (Locked, Gifting, 15, CouponStatus::Suspended),
            (Redeemed, GivenAway, 15, CouponStatus::Used),
            (Void, Deleted, 15, CouponStatus::Void),
        ] {
            let (locked_until, suspended) = (Some(at(15)), Some(why));
            let standing = Standing { state, validity, locked_until, suspended };

            assert_eq!(standing.status(at(now)), expected, "{standing:?} {now}");
        }
    }

    #[test]
    fn a_locked_coupon_is_in_a_tab_of_its_own_and_a_void_one_in_none() {
        for (status, tab) in [
            (CouponStatus::Usable, Some(Tab::Usable)),
            (CouponStatus::NotYetValid, Some(Tab::Usable)),
            (CouponStatus::Locked, Some(Tab::Locked)),
            (CouponStatus::Used, Some(Tab::Used)),
            (CouponStatus::Expired, Some(Tab::Expired)),
            (CouponStatus::Suspended, Some(Tab::Suspended)),
            (CouponStatus::Void, None),
        ] {
            assert_eq!(status.tab(), tab);
        }
    }
}
