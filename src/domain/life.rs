//! The life of a coupon after its issue: whether it may be kept for an order, used, given back or taken out of use.
//!
//! Every rule takes the facts of a coupon and the moment, and says what becomes of the wish. What was done stays done: a
//! repetition is right however late it is.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    card::Suspension,
    code::CouponCode,
    coupon::CouponState,
    id::{CouponId, HolderId},
    standing::{CouponStatus, Standing},
    validity::Validity,
};

pub mod check;

#[cfg(test)]
mod tests;

/// A coupon as somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// By our id.
    Id(CouponId),
    /// By what its holder shows.
    Code(CouponCode),
}

/// Whose a coupon has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Whoever's: as at a till, where the code alone counts.
    Anybodys,
    /// This holder's, or another one's of the same member.
    Holder(HolderId),
    /// This member's, by the merchant's own id.
    Member(String),
}

/// The asker's own name of one use, kept for ever: the same name never means another use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActKey {
    /// The key, operator or holder that asks.
    pub owner: Uuid,
    /// As they sent it.
    pub text: String,
}

/// What the next step is judged by.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What decides what the coupon is, whoever asks.
    pub standing: Standing,
    /// The order that its lock is for, also one that has passed.
    pub locked_for: Option<String>,
    /// The order that it is used for.
    pub used_for: Option<String>,
    /// Whether the order that asks has used it and given it back.
    pub given_back: bool,
}

/// What becomes of a wish that is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It is done now.
    Now,
    /// It was done before; nothing changes.
    Before,
}

/// What is given back of a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// All that was left of it: the coupon can be used again.
    Whole,
    /// These lines; the use stands.
    Lines(Vec<i32>),
    /// Nothing that was not given back before.
    Nothing,
}

/// A "no" to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LifeRefusal {
    /// Taken out of use: for whoever shows it, it does not exist.
    #[error("no such coupon")]
    Void,
    /// Kept for an order that is being made.
    #[error("the coupon is kept for another order")]
    Locked {
        /// The first moment at which it is kept no longer.
        until: DateTime<Utc>,
    },
    /// Used already.
    #[error("the coupon is used already")]
    AlreadyRedeemed,
    /// Its platform keeps it from being used.
    #[error("{}", suspended(*why))]
    Suspended {
        /// Why.
        why: Suspension,
    },
    /// Its time is still to come.
    #[error("the coupon is not valid before {from}")]
    NotYetValid {
        /// The first moment of use.
        from: DateTime<Utc>,
    },
    /// Its time is over.
    #[error("the coupon expired at {until}")]
    Expired {
        /// The first moment at which it was over.
        until: DateTime<Utc>,
    },
    /// Not kept for this order, as whoever asks wants it to be.
    #[error("the coupon is not kept for this order")]
    NotKept,
    /// Not used for this order.
    #[error("the coupon is not used for this order")]
    NotRedeemed,
    /// The use was told to a platform that shows it for ever, and the merchant leaves it at that.
    #[error("the platform shows the use for ever, so it is not undone")]
    UseIsFinal,
    /// This order has used the coupon before and given it back.
    #[error("this order has given the coupon back; use a new order number")]
    GivenBack,
    /// A line that is not among those of the use.
    #[error("line {line} is none of those that the coupon took something off")]
    NoSuchLine {
        /// As counted by the caller.
        line: i32,
    },
}

/// How long a coupon is kept for an order when nobody says.
pub const USUAL_LOCK: TimeDelta = TimeDelta::minutes(30);

/// Whether a coupon may be kept for an order.
pub fn lock(facts: &Facts, order: &str, now: DateTime<Utc>) -> Result<Ruling, LifeRefusal> {
    let Standing { validity: Validity { from, until }, locked_until, suspended, .. } =
        facts.standing;
    match (facts.standing.status(now), locked_until, suspended) {
        (CouponStatus::Void, _, _) => Err(LifeRefusal::Void),
        (CouponStatus::Used, _, _) => Err(LifeRefusal::AlreadyRedeemed),
        (CouponStatus::Locked, Some(end), _) if !facts.is_lock_for(order) => {
            Err(LifeRefusal::Locked { until: end })
        }
        (CouponStatus::Locked | CouponStatus::Suspended, _, Some(why)) => {
            Err(LifeRefusal::Suspended { why })
        }
        (CouponStatus::Locked, _, None) => Ok(Ruling::Before),
        (
            CouponStatus::NotYetValid
            | CouponStatus::Expired
            | CouponStatus::Usable
            | CouponStatus::Suspended,
            _,
            _,
        ) if facts.given_back => Err(LifeRefusal::GivenBack),
        (CouponStatus::NotYetValid, _, _) => Err(LifeRefusal::NotYetValid { from }),
        (CouponStatus::Expired, _, _) => Err(LifeRefusal::Expired { until }),
        (CouponStatus::Usable | CouponStatus::Suspended, _, _) => Ok(Ruling::Now),
    }
}

/// Whether a coupon is kept for an order no longer.
pub fn unlock(facts: &Facts, order: &str, now: DateTime<Utc>) -> Result<Ruling, LifeRefusal> {
    match (facts.standing.status(now), facts.standing.locked_until) {
        (CouponStatus::Void, _) => Err(LifeRefusal::Void),
        (CouponStatus::Used, _) => Err(LifeRefusal::AlreadyRedeemed),
        (CouponStatus::Locked, Some(end)) if !facts.is_lock_for(order) => {
            Err(LifeRefusal::Locked { until: end })
        }
        (CouponStatus::Locked, _) => Ok(Ruling::Now),
        (
            CouponStatus::NotYetValid
            | CouponStatus::Expired
            | CouponStatus::Usable
            | CouponStatus::Suspended,
            _,
        ) => Ok(Ruling::Before),
    }
}

/// Whether a coupon may be used for an order: whenever it may be kept for it, so that one which was kept for it in time may
/// be used as long as the lock lives.
pub fn redeem(facts: &Facts, order: &str, now: DateTime<Utc>) -> Result<Ruling, LifeRefusal> {
    if facts.standing.state == CouponState::Redeemed && facts.used_for.as_deref() == Some(order) {
        return Ok(Ruling::Before);
    }
    lock(facts, order, now).map(|_| Ruling::Now)
}

/// The same for an order that has kept the coupon, and does not want it if it has been let go meanwhile.
pub fn redeem_kept(facts: &Facts, order: &str, now: DateTime<Utc>) -> Result<Ruling, LifeRefusal> {
    match redeem(facts, order, now)? {
        Ruling::Now if facts.kept_for(now) != Some(order) => Err(LifeRefusal::NotKept),
        ruling @ (Ruling::Now | Ruling::Before) => Ok(ruling),
    }
}

/// What is given back of the use for an order: of `lines`, those that say `true` are back already; without `wanted` all of
/// it is meant.
pub fn give_back(
    facts: &Facts,
    order: &str,
    lines: &[(i32, bool)],
    wanted: Option<&[i32]>,
) -> Result<Returned, LifeRefusal> {
    if facts.standing.state == CouponState::Void {
        return Err(LifeRefusal::Void);
    }
    let stands = facts.used_for.as_deref() == Some(order);
    if !stands && !facts.given_back {
        return Err(LifeRefusal::NotRedeemed);
    }
    let known = |line: i32| lines.iter().any(|&(other, _)| other == line);
    let named = wanted.unwrap_or_default();
    if let Some(&line) = named.iter().find(|&&line| !known(line)) {
        return Err(LifeRefusal::NoSuchLine { line });
    }
    let left = lines.iter().filter(|(_, back)| !back).map(|(line, _)| *line);
    let (returned, kept): (Vec<_>, Vec<_>) = left.partition(|line| named.contains(line));
    Ok(match wanted {
        _ if !stands => Returned::Nothing,
        None => Returned::Whole,
        Some(_) if returned.is_empty() => Returned::Nothing,
        Some(_) if kept.is_empty() => Returned::Whole,
        Some(_) => Returned::Lines(returned),
    })
}

/// Whether a coupon may be taken out of use. One that has ended unused is out of use by itself, and counts as such.
pub fn void(standing: &Standing, now: DateTime<Utc>) -> Result<Ruling, LifeRefusal> {
    match standing.status(now) {
        CouponStatus::Usable
        | CouponStatus::NotYetValid
        | CouponStatus::Locked
        | CouponStatus::Suspended => Ok(Ruling::Now),
        CouponStatus::Expired => Err(LifeRefusal::Expired { until: standing.validity.until }),
        CouponStatus::Void => Ok(Ruling::Before),
        CouponStatus::Used => Err(LifeRefusal::AlreadyRedeemed),
    }
}

const fn suspended(why: Suspension) -> &'static str {
    match why {
        Suspension::Gifting => "the coupon is being given to somebody",
        Suspension::GivenAway => "the coupon was given to somebody",
        Suspension::Deleted => "the coupon was thrown away",
    }
}

impl Facts {
    /// The order that it is kept for at this moment; a lock that has passed is none.
    pub fn kept_for(&self, now: DateTime<Utc>) -> Option<&str> {
        let order = self.locked_for.as_deref();
        order.filter(|_| self.standing.status(now) == CouponStatus::Locked)
    }

    fn is_lock_for(&self, order: &str) -> bool {
        self.locked_for.as_deref() == Some(order)
    }
}
