//! What happens to coupons and around them, by the names under which it is told.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    access::Actor,
    problem::{Problem, Problems},
};

/// Who made something happen, and with which request.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Who.
    pub actor: Actor,
    /// The request, if one was.
    pub request: Option<String>,
}

/// A kind of event; the names are part of the API.
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
    schemars::JsonSchema,
)]
pub enum EventKind {
    /// A coupon came into somebody's hands. Its row says so; no event is written, but whoever wants to is told.
    #[serde(rename = "coupon.claimed")]
    Claimed,
    /// A coupon is kept for an order.
    #[serde(rename = "coupon.locked")]
    Locked,
    /// It is kept no longer, and was not used.
    #[serde(rename = "coupon.unlocked")]
    Unlocked,
    /// A coupon was used.
    #[serde(rename = "coupon.redeemed")]
    Redeemed,
    /// Some or all of a use was undone.
    #[serde(rename = "coupon.given_back")]
    GivenBack,
    /// A coupon was taken out of use.
    #[serde(rename = "coupon.voided")]
    Voided,
    /// Its platform keeps a coupon from being used.
    #[serde(rename = "coupon.suspended")]
    Suspended,
    /// It does so no longer.
    #[serde(rename = "coupon.resumed")]
    Resumed,
    /// A coupon is in the hands of somebody else.
    #[serde(rename = "coupon.handed_over")]
    HandedOver,
    /// A platform says of a coupon what cannot be true: a person has to look.
    #[serde(rename = "coupon.conflict")]
    Conflict,
    /// A coupon ends soon.
    #[serde(rename = "coupon.expiring")]
    Expiring,
    /// Little is left of what a placement may issue.
    #[serde(rename = "stock.low")]
    StockLow,
    /// A platform's reviewers have refused a placement.
    #[serde(rename = "placement.review_failed")]
    ReviewFailed,
    /// A platform will not have what it is owed.
    #[serde(rename = "delivery.dead")]
    DeliveryDead,
    /// Somebody at work asked for a change.
    #[serde(rename = "operator.asked")]
    OperatorAsked,
    /// What that came to.
    #[serde(rename = "operator.answered")]
    OperatorAnswered,
}

impl EventKind {
    /// What an endpoint of the merchant's can be told of.
    pub const TOLD: [Self; 14] = [
        Self::Claimed,
        Self::Locked,
        Self::Unlocked,
        Self::Redeemed,
        Self::GivenBack,
        Self::Voided,
        Self::Suspended,
        Self::Resumed,
        Self::HandedOver,
        Self::Conflict,
        Self::Expiring,
        Self::StockLow,
        Self::ReviewFailed,
        Self::DeliveryDead,
    ];

    /// As the database and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "coupon.claimed",
            Self::Locked => "coupon.locked",
            Self::Unlocked => "coupon.unlocked",
            Self::Redeemed => "coupon.redeemed",
            Self::GivenBack => "coupon.given_back",
            Self::Voided => "coupon.voided",
            Self::Suspended => "coupon.suspended",
            Self::Resumed => "coupon.resumed",
            Self::HandedOver => "coupon.handed_over",
            Self::Conflict => "coupon.conflict",
            Self::Expiring => "coupon.expiring",
            Self::StockLow => "stock.low",
            Self::ReviewFailed => "placement.review_failed",
            Self::DeliveryDead => "delivery.dead",
            Self::OperatorAsked => "operator.asked",
            Self::OperatorAnswered => "operator.answered",
        }
    }
}

/// The text is no kind that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of event")]
pub struct UnknownEventKind;

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(text: &str) -> Result<Self, UnknownEventKind> {
        Self::TOLD.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownEventKind)
    }
}

/// Checks what a person wrote about an endpoint that is to be told of events.
pub fn check_endpoint(name: &str, kinds: &[EventKind]) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        (1..=100).contains(&name.chars().count())
            && name.trim() == name
            && !name.chars().any(char::is_control),
        "name",
        "1 to 100 characters without blanks around them",
    );
    let told = |kind: &EventKind| EventKind::TOLD.contains(kind);
    let once = kinds.iter().enumerate().all(|(place, kind)| !kinds[..place].contains(kind));
    problems.expect(
        !kinds.is_empty() && once && kinds.iter().all(told),
        "kinds",
        "one or more of those that are told, each once",
    );
    problems.into_result()
}
