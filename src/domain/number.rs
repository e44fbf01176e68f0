//! Whole numbers by which templates and coupons are known in protocols that have no room for our ids.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The number of a template, from 1.
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
#[serde(transparent)]
#[sqlx(transparent)]
pub struct TemplateNumber(i64);

/// The number of a coupon, from 1.
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
#[serde(transparent)]
#[sqlx(transparent)]
pub struct CouponNumber(i64);

/// The largest whole number that every JSON reader keeps exactly.
const MOST: i64 = (1 << 53) - 1;

/// A number as we write it: decimal, from 1, with nothing before or behind it.
fn parse(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = if plain { text.parse().ok()? } else { return None };
    (1..=MOST).contains(&number).then_some(number)
}

impl TemplateNumber {
    /// Takes it only as we write it, so that no two texts are one number.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    /// As protocols carry it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl CouponNumber {
    /// Takes it only as we write it, so that no two texts are one number.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    /// As protocols carry it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for TemplateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CouponNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_only_as_it_is_written() {
        assert_eq!(TemplateNumber::parse("23121").map(TemplateNumber::get), Some(23_121));
        assert_eq!(CouponNumber::parse("9007199254740991").map(CouponNumber::get), Some(MOST));
        for wrong in ["", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "一", "9007199254740992"]
        {
            assert_eq!(CouponNumber::parse(wrong), None, "{wrong}");
        }
    }
}
