//! The kinds of cards that are simulated, and what each has of its own.

use serde::Serialize;

/// What a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CardKind {
    /// 团购券.
    Groupon,
    /// 代金券.
    Cash,
    /// 折扣券.
    Discount,
    /// 兑换券.
    Gift,
    /// 优惠券.
    GeneralCoupon,
    /// 会员卡, in the profile of 2018 alone.
    MemberCard,
}

/// A field that one kind has, and how long it may be; a number has no length.
pub(super) struct Own {
    pub name: &'static str,
    pub most: Option<usize>,
    pub is_required: bool,
}

const fn text(name: &'static str) -> Own {
    Own { name, most: Some(3072), is_required: true }
}

const fn number(name: &'static str, is_required: bool) -> Own {
    Own { name, most: None, is_required }
}

impl CardKind {
    /// The kind of a `card_type`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "GROUPON" => Self::Groupon,
            "CASH" => Self::Cash,
            "DISCOUNT" => Self::Discount,
            "GIFT" => Self::Gift,
            "GENERAL_COUPON" => Self::GeneralCoupon,
            "MEMBER_CARD" => Self::MemberCard,
            _ => return None,
        })
    }

    /// Its `card_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Groupon => "GROUPON",
            Self::Cash => "CASH",
            Self::Discount => "DISCOUNT",
            Self::Gift => "GIFT",
            Self::GeneralCoupon => "GENERAL_COUPON",
            Self::MemberCard => "MEMBER_CARD",
        }
    }

    /// The key of its object.
    pub fn key(self) -> &'static str {
        match self {
            Self::Groupon => "groupon",
            Self::Cash => "cash",
            Self::Discount => "discount",
            Self::Gift => "gift",
            Self::GeneralCoupon => "general_coupon",
            Self::MemberCard => "member_card",
        }
    }

    /// Its number in the statistics.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Discount => 0,
            Self::Cash => 1,
            Self::Gift => 2,
            Self::GeneralCoupon => 3,
            Self::Groupon => 4,
            Self::MemberCard => 5,
        }
    }

    /// What it has beside `base_info` and `advanced_info`.
    pub(super) fn own(self) -> &'static [Own] {
        match self {
            Self::Groupon => const { &[text("deal_detail")] },
            Self::Cash => const { &[number("least_cost", false), number("reduce_cost", true)] },
            Self::Discount => const { &[number("discount", true)] },
            Self::Gift => const { &[text("gift")] },
            Self::GeneralCoupon => const { &[text("default_detail")] },
            Self::MemberCard => &[],
        }
    }
}
