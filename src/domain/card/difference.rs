//! What has to change of a coupon so that it agrees with all that is known of its card.

use chrono::{DateTime, SubsecRound, Utc};

use super::{CardStanding, Suspension, Till};
use crate::domain::{
    coupon::CouponState,
    id::{AppId, HolderId},
    stock::Way,
    validity::Validity,
};

/// A coupon as it stands with us.
#[derive(Debug, Clone)]
pub struct Held {
    /// Where.
    pub app: AppId,
    /// Whose it is.
    pub holder: HolderId,
    /// How it came to them.
    pub way: Way,
    /// Where it is in its life.
    pub state: CouponState,
    /// The terms it keeps.
    pub terms_version: i32,
    /// When it can be used.
    pub validity: Validity,
    /// What keeps it from being used, and since when.
    pub suspension: Option<(Suspension, DateTime<Utc>)>,
    /// Whether the use that stands, or one that was undone, was at a till of the platform's.
    pub was_used_elsewhere: bool,
    /// Whether it was ever used, also if that was undone.
    pub was_used: bool,
}

/// The coupon under which a giver had what somebody else has under a new code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inherited {
    /// The terms it keeps.
    pub terms_version: i32,
    /// When it can be used.
    pub validity: Validity,
    /// Why nobody can use it any more: it was taken out of use, or its giver has used it.
    pub ended: Option<String>,
}

/// What the terms say of a card, or its giver's coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The span that its terms give to a card that was taken when this one was.
    Terms(Validity),
    /// It goes on as what the giver had.
    Giver(Inherited),
}

/// One thing that has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is somebody else's.
    HandOver(HolderId),
    /// It came from somebody else, and was taken for one that used up stock.
    BecomeGift,
    /// It was taken earlier than we knew.
    Validity(Validity),
    /// It goes on as what the giver had, under the terms and in the span of that.
    Inherit(Inherited),
    /// It cannot be used, since then.
    Suspend(Suspension, DateTime<Utc>),
    /// It can be used again.
    Resume,
    /// It was used at a till of the platform's.
    Use {
        /// When.
        at: DateTime<Utc>,
        /// Where, in the platform's words.
        till: String,
    },
    /// What it goes on as cannot be used any more, for this reason.
    Void(String),
    /// What is told of it cannot be true: a person has to look.
    Conflict(Conflict),
}

/// What cannot be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It was used through us, and at a till of the platform's too.
    UsedElsewhereToo,
    /// It was used at a till of the platform's after we had taken it out of use.
    UsedElsewhereThoughVoid,
    /// It was used through the call that only we make, and we know nothing of it.
    UsedWithoutUs,
    /// It was used although somebody else had it by then, under another code.
    UsedThoughGivenAway,
}

/// Why a gift is void whose giver had used it.
pub const USED_BY_GIVER: &str = "转赠前已被使用 · used by its giver";
/// The till of a use by the call that only we make, although we did not.
const BY_CALL: &str = "api";
/// The till of a use of which nobody says where it was.
pub const SOMEWHERE: &str = "unknown";

/// All that has to change, in the order in which it is to be done.
pub fn differences(standing: &CardStanding, held: &Held, expected: Expected) -> Vec<Change> {
    let mut changes = Vec::new();
    let holder = standing.holder().map(|open_id| HolderId::derive(held.app, open_id));
    changes.extend(holder.filter(|holder| *holder != held.holder).map(Change::HandOver));
    if held.way == Way::Take && standing.is_successor() {
        changes.push(Change::BecomeGift);
    }
    let use_of_it = use_of(standing, held);
    let mut end = None;
    let is_unused = matches!(held.state, CouponState::Issued | CouponState::Locked);
    match expected {
        Expected::Terms(validity) => {
            // The database keeps no more of it.
            let (from, until) = (validity.from.trunc_subsecs(6), validity.until.trunc_subsecs(6));
            let validity = Validity { from, until };
            changes.extend((validity != held.validity).then_some(Change::Validity(validity)));
        }
        Expected::Giver(inherited) if is_unused => {
            end = inherited.ended.clone().filter(|_| use_of_it.is_empty());
            if (inherited.terms_version, inherited.validity) != (held.terms_version, held.validity)
            {
                changes.push(Change::Inherit(inherited));
            }
        }
        Expected::Giver(_) => {}
    }
    let is_used = held.state == CouponState::Redeemed
        || use_of_it.iter().any(|change| matches!(change, Change::Use { .. }));
    changes.extend(use_of_it);
    let suspension = standing.suspension();
    match suspension {
        Some((reason, since)) if suspension != held.suspension => {
            changes.push(Change::Suspend(reason, since));
        }
        None if held.suspension.is_some() => changes.push(Change::Resume),
        Some(_) | None => {}
    }
    changes.extend(end.map(Change::Void));
    if is_used && matches!(suspension, Some((Suspension::GivenAway, _))) {
        changes.push(Change::Conflict(Conflict::UsedThoughGivenAway));
    }
    changes
}

fn use_of(standing: &CardStanding, held: &Held) -> Vec<Change> {
    let Some((at, till)) = standing.used() else { return Vec::new() };
    let booked = |till: &str| Change::Use { at: *at, till: till.to_owned() };
    let is_known = match till {
        Till::Ours | Till::Unknown => held.was_used,
        Till::Theirs { .. } => held.was_used_elsewhere,
    };
    if is_known {
        return Vec::new();
    }
    match (till, held.state) {
        // Some other system of the merchant's made the call: no till may take it again.
        (Till::Ours, CouponState::Issued | CouponState::Locked) => {
            vec![booked(BY_CALL), Change::Conflict(Conflict::UsedWithoutUs)]
        }
        (Till::Ours, CouponState::Redeemed | CouponState::Void) => {
            vec![Change::Conflict(Conflict::UsedWithoutUs)]
        }
        (Till::Theirs { name }, CouponState::Issued | CouponState::Locked) => vec![booked(name)],
        (Till::Unknown, CouponState::Issued | CouponState::Locked) => vec![booked(SOMEWHERE)],
        (Till::Theirs { .. }, CouponState::Redeemed) => {
            vec![Change::Conflict(Conflict::UsedElsewhereToo)]
        }
        (Till::Unknown, CouponState::Redeemed) => Vec::new(),
        (Till::Theirs { .. } | Till::Unknown, CouponState::Void) => {
            vec![Change::Conflict(Conflict::UsedElsewhereThoughVoid)]
        }
    }
}

impl Conflict {
    /// As programs read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsedElsewhereToo => "used_elsewhere_too",
            Self::UsedElsewhereThoughVoid => "used_elsewhere_though_void",
            Self::UsedWithoutUs => "used_without_us",
            Self::UsedThoughGivenAway => "used_though_given_away",
        }
    }
}
