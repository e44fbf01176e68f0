//! What a coupon is worth and what it is good for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    exact::nothing_else,
    figure::{tenths_left, yuan},
    problem::Problems,
};

/// The kinds that platforms know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CouponKind {
    /// 通用券.
    General,
    /// 代金券.
    Cash,
    /// 折扣券.
    Discount,
    /// 兑换券.
    Exchange,
    /// 团购券.
    GroupBuy,
}

/// What the holder gets; money in 分.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Benefit {
    /// So much off.
    Amount {
        /// Above zero.
        #[schemars(range(min = 1))]
        off_fen: i64,
    },
    /// A share off: 2000 basis points are 20 % off (八折).
    Percent {
        /// 1 to 10 000.
        #[schemars(range(min = 1, max = 10_000))]
        off_basis_points: u16,
        /// The most it takes off, if there is a most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1))]
        cap_fen: Option<i64>,
    },
    /// No charge for sending.
    FreeShipping {
        /// The most it takes off, if there is a most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1))]
        cap_fen: Option<i64>,
    },
    /// Handed in for a thing, named in the title.
    #[serde(deserialize_with = "nothing_else")]
    Exchange,
    /// A price for a group, settled at the till.
    GroupBuy {
        /// What the group pays.
        #[schemars(range(min = 0))]
        price_fen: i64,
    },
}

/// What must be in the cart before the coupon counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Threshold {
    /// Nothing.
    #[default]
    #[serde(deserialize_with = "nothing_else")]
    None,
    /// Matching goods for at least this much.
    Amount {
        /// Above zero.
        #[schemars(range(min = 1))]
        fen: i64,
    },
    /// At least so many matching pieces.
    Pieces {
        /// Above zero.
        #[schemars(range(min = 1))]
        count: u32,
    },
}

/// Which goods and stores a coupon is for; an empty include list means all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// By goods id.
    pub goods: Selection,
    /// By category id.
    pub categories: Selection,
    /// By brand id.
    pub brands: Selection,
    /// By store id.
    pub stores: Selection,
}

/// Some of a kind: those included (all when empty) without those excluded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_IN_A_LIST), inner(length(min = 1, max = 64)))]
    pub include: Vec<String>,
    /// Wins over `include`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_IN_A_LIST), inner(length(min = 1, max = 64)))]
    pub exclude: Vec<String>,
}

/// The longest list in a [`Selection`].
const MOST_IN_A_LIST: usize = 1000;

impl Benefit {
    /// For people at a till to read, in Chinese.
    pub fn text(&self) -> String {
        let capped = |text: String, cap: Option<i64>| match cap {
            Some(cap) => format!("{text}，最多减 {} 元", yuan(cap)),
            None => text,
        };
        match *self {
            Self::Amount { off_fen } => format!("减 {} 元", yuan(off_fen)),
            Self::Percent { off_basis_points, cap_fen } => {
                capped(format!("{} 折", tenths_left(off_basis_points)), cap_fen)
            }
            Self::FreeShipping { cap_fen } => capped("免运费".to_owned(), cap_fen),
            Self::Exchange => "兑换".to_owned(),
            Self::GroupBuy { price_fen } => format!("团购价 {} 元", yuan(price_fen)),
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let positive = |fen: Option<i64>| fen.is_none_or(|fen| fen > 0);
        match *self {
            Self::Amount { off_fen } => {
                problems.expect(off_fen > 0, "benefit.off_fen", "above zero, in fen");
            }
            Self::Percent { off_basis_points, cap_fen } => {
                problems.expect(
                    (1..=10_000).contains(&off_basis_points),
                    "benefit.off_basis_points",
                    "1 to 10000; 2000 is 20 % off",
                );
                problems.expect(positive(cap_fen), "benefit.cap_fen", "above zero, in fen");
            }
            Self::FreeShipping { cap_fen } => {
                problems.expect(positive(cap_fen), "benefit.cap_fen", "above zero, in fen");
            }
            Self::Exchange => {}
            Self::GroupBuy { price_fen } => {
                problems.expect(price_fen >= 0, "benefit.price_fen", "zero or more, in fen");
            }
        }
    }
}

impl Threshold {
    /// For people to read, in Chinese, as platforms show it: `满100元可用`.
    pub fn text(&self) -> String {
        match self {
            Self::None => "无门槛".to_owned(),
            Self::Amount { fen } => format!("满{}元可用", yuan(*fen)),
            Self::Pieces { count } => format!("满{count}件可用"),
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        match *self {
            Self::None => {}
            Self::Amount { fen } => {
                problems.expect(fen > 0, "threshold.fen", "above zero, in fen");
            }
            Self::Pieces { count } => {
                problems.expect(count > 0, "threshold.count", "above zero");
            }
        }
    }
}

impl Scope {
    pub(super) fn check(&self, problems: &mut Problems) {
        for (param, selection) in [
            ("scope.goods", &self.goods),
            ("scope.categories", &self.categories),
            ("scope.brands", &self.brands),
            ("scope.stores", &self.stores),
        ] {
            let lists = [&selection.include, &selection.exclude];
            let short = lists.iter().all(|list| list.len() <= MOST_IN_A_LIST);
            let named = lists.iter().copied().flatten().all(|id| (1..=64).contains(&id.len()));
            problems.expect(short && named, param, "up to 1000 ids of 1 to 64 bytes in each list");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clerk_reads_what_it_is_worth() {
        let percent =
            |off_basis_points, cap_fen| Benefit::Percent { off_basis_points, cap_fen }.text();

        assert_eq!(Benefit::Amount { off_fen: 2000 }.text(), "减 20 元");
        assert_eq!(Benefit::Amount { off_fen: 1 }.text(), "减 0.01 元");
        assert_eq!(percent(2000, None), "8 折");
        assert_eq!(percent(1500, Some(5050)), "8.5 折，最多减 50.5 元");
        assert_eq!(percent(10_000, None), "0 折");
        assert_eq!(Benefit::FreeShipping { cap_fen: None }.text(), "免运费");
        assert_eq!(Benefit::GroupBuy { price_fen: 9900 }.text(), "团购价 99 元");
    }

    #[test]
    fn a_threshold_is_put_in_words() {
        assert_eq!(Threshold::None.text(), "无门槛");
        assert_eq!(Threshold::Amount { fen: 10_000 }.text(), "满100元可用");
        assert_eq!(Threshold::Amount { fen: 9950 }.text(), "满99.5元可用");
        assert_eq!(Threshold::Pieces { count: 3 }.text(), "满3件可用");
    }
}
