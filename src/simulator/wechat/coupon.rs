//! Coupons: one card in one person's wallet each, and what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// How long a friend has to accept.
const GIFT_LIVES: TimeDelta = TimeDelta::hours(24);

/// Where a coupon stands, as `/card/code/get` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CouponStatus {
    /// Fine, or not yet begun.
    Normal,
    /// Redeemed.
    Consumed,
    /// Over.
    Expire,
    /// On its way to a friend.
    Gifting,
    /// Nobody accepted it within a day, and it has not come back yet.
    GiftTimeout,
    /// Thrown away by its owner.
    Delete,
    /// Voided by the merchant.
    Unavailable,
    /// Given away: the code is nobody's any more.
    GivenAway,
}

impl CouponStatus {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Consumed => "CONSUMED",
            Self::Expire => "EXPIRE",
            Self::Gifting => "GIFTING",
            Self::GiftTimeout => "GIFT_TIMEOUT",
            Self::Delete => "DELETE",
            Self::Unavailable => "UNAVAILABLE",
            Self::GivenAway => "GIFT_SUCC",
        }
    }
}

/// What was done with a coupon; that it is over follows from the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Normal,
    Consumed,
    Gifting { since: DateTime<Utc> },
    Deleted,
    Unavailable,
    GivenAway,
}

/// How a coupon came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In a mini-program.
    AddCard,
    /// By a link or a picture.
    Link,
    /// From a friend.
    Gift,
}

/// One coupon as the simulator keeps it.
#[derive(Debug, Clone)]
pub(super) struct Coupon {
    pub card_id: String,
    pub appid: String,
    pub code: String,
    pub person: String,
    pub openid: String,
    pub begin: i64,
    pub end: i64,
    pub outer_str: String,
    pub taken: DateTime<Utc>,
    pub origin: Origin,
    pub life: Life,
}

impl Coupon {
    pub fn status(&self, now: DateTime<Utc>) -> CouponStatus {
        match self.life {
            Life::Consumed => CouponStatus::Consumed,
            Life::Deleted => CouponStatus::Delete,
            Life::Unavailable => CouponStatus::Unavailable,
            Life::GivenAway => CouponStatus::GivenAway,
            _ if now.timestamp() > self.end => CouponStatus::Expire,
            Life::Gifting { since } if now - since >= GIFT_LIVES => CouponStatus::GiftTimeout,
            Life::Gifting { .. } => CouponStatus::Gifting,
            Life::Normal => CouponStatus::Normal,
        }
    }

    /// Whether a till may redeem it at this moment.
    pub fn can_consume(&self, now: DateTime<Utc>) -> bool {
        self.status(now) == CouponStatus::Normal && now.timestamp() >= self.begin
    }
}

/// One coupon as a test and the page see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The card it is one of.
    pub card_id: String,
    /// The account whose card it is.
    pub appid: String,
    /// The card's title.
    pub title: String,
    /// The card's brand.
    pub brand_name: String,
    /// The value of the card's colour.
    pub colour: String,
    /// The real code.
    pub code: String,
    /// The code as front ends see it.
    pub encrypt_code: String,
    /// Whose it is, or was.
    pub person: String,
    /// That person in the official account.
    pub openid: String,
    /// Where it stands.
    pub status: CouponStatus,
    /// Whether a till may redeem it at this moment.
    pub can_consume: bool,
    /// Its first second, in Unix seconds.
    pub begin: i64,
    /// Its last.
    pub end: i64,
    /// The channel it was taken through.
    pub outer_str: String,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// How it came.
    pub origin: Origin,
    /// The entries on it that lead into a mini-program.
    pub entries: Vec<String>,
}
