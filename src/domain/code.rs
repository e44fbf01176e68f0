//! Codes: what a holder shows at the till. Each is worth money to whoever reads it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A code of ours or of the merchant's: 1 to 32 letters, digits, `-` or `_`.
#[derive(Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct CouponCode(String);

/// The text cannot be a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has 1 to 32 letters, digits, - or _")]
pub struct InvalidCode;

/// What stands before the random part of generated codes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CodePrefix(#[schemars(regex(pattern = "^[A-Z0-9]{0,15}$"))] String);

/// The random part of one code: 80 bits from the operating system.
pub type Entropy = [u8; 10];

/// Crockford's base 32: no I, L, O or U, so that nothing looks like something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Baidu takes codes of up to 32 bytes.
const LONGEST: usize = 32;
/// What the cards of a platform that hands them out by itself have room for.
pub const LONGEST_ON_CARDS: usize = 20;
/// 80 bits in characters of 5 bits each.
const RANDOM_CHARACTERS: usize = 16;
/// What the random part and the check character leave of 32.
pub const LONGEST_PREFIX: usize = LONGEST - RANDOM_CHARACTERS - 1;

impl CouponCode {
    /// Takes an uploaded code as it is.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidCode)
    }

    /// Prefix, 16 random characters, and a check character over those 16.
    pub fn generate(prefix: &CodePrefix, entropy: Entropy) -> Self {
        let mut text = String::with_capacity(prefix.0.len() + RANDOM_CHARACTERS + 1);
        text.push_str(&prefix.0);
        let digits = split_into_fives(entropy);
        text.extend(digits.iter().map(|digit| char::from(ALPHABET[usize::from(*digit)])));
        text.push(char::from(ALPHABET[usize::from(check_digit(&digits))]));
        Self(text)
    }

    /// Whether the last 17 characters are a generated code without a slip of the finger.
    ///
    /// ```
    /// # use kaquan::domain::code::{CodePrefix, CouponCode};
    /// let code = CouponCode::generate(&CodePrefix::default(), *b"0123456789");
    /// assert!(code.is_well_typed());
    /// ```
    pub fn is_well_typed(&self) -> bool {
        let Some(start) = self.0.len().checked_sub(RANDOM_CHARACTERS + 1) else { return false };
        let digits: Option<Vec<u8>> = self.0.bytes().skip(start).map(digit_of).collect();
        digits.is_some_and(|digits| {
            digits.split_last().is_some_and(|(check, random)| check_digit(random) == *check)
        })
    }

    /// The whole code: for its holder and the database, never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four characters, and those only of a code that is long enough to spare them.
    pub fn masked(&self) -> String {
        let shown = if self.0.len() >= 12 { self.0.get(self.0.len() - 4..) } else { None };
        format!("…{}", shown.unwrap_or_default())
    }
}

/// Logs see it masked.
impl fmt::Debug for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouponCode({})", self.masked())
    }
}

impl CodePrefix {
    /// Wraps a text that [`Self::is_valid`] still has to judge.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Up to 15 capital letters or digits.
    pub fn is_valid(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        self.0.len() <= LONGEST_PREFIX && self.0.bytes().all(plain)
    }
}

fn split_into_fives(entropy: Entropy) -> [u8; RANDOM_CHARACTERS] {
    let mut bits = entropy.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mut digits = [0; RANDOM_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = (bits & 31) as u8;
        bits >>= 5;
    }
    digits
}

fn digit_of(byte: u8) -> Option<u8> {
    ALPHABET.iter().position(|letter| *letter == byte).and_then(|digit| u8::try_from(digit).ok())
}

/// Luhn's check in base 32: catches every wrong character and nearly every swap of neighbours.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let weighted = u32::from(*digit) * if place % 2 == 0 { 2 } else { 1 };
            weighted / 32 + weighted % 32
        })
        .sum();
    ((32 - sum % 32) % 32) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn generated(entropy: Entropy) -> CouponCode {
        CouponCode::generate(&CodePrefix::new("KQ"), entropy)
    }

    #[test]
    fn a_code_is_prefix_and_random_part_and_check_character() {
        let code = generated([0; 10]);

        assert_eq!(code.as_str(), "KQ00000000000000000");
        assert_eq!(generated([0xff; 10]).as_str().len(), 19);
        assert!(CodePrefix::new("A".repeat(LONGEST_PREFIX)).is_valid());
        assert!(!CodePrefix::new("A".repeat(LONGEST_PREFIX + 1)).is_valid());
        assert!(!CodePrefix::new("a").is_valid());
    }

    #[test]
    fn uploaded_codes_are_plain_and_at_most_32_bytes() {
        for (text, fits) in [
            ("A1", true),
            ("a_b-C", true),
            (&*"9".repeat(32), true),
            (&*"9".repeat(33), false),
            ("", false),
            ("A 1", false),
            ("A,1", false),
            ("券", false),
        ] {
            assert_eq!(CouponCode::parse(text).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn a_debugged_code_cannot_be_redeemed() {
        assert_eq!(format!("{:?}", generated([7; 10])).len(), "CouponCode(…0000)".len());
        assert_eq!(format!("{:?}", CouponCode::parse("SHORT1").unwrap()), "CouponCode(…)");
    }

    proptest! {
        #[test]
        fn every_random_bit_shows(one: Entropy, other: Entropy) {
            prop_assert_eq!(generated(one) == generated(other), one == other);
        }

        #[test]
        fn a_generated_code_is_well_typed_and_fits_every_platform(entropy: Entropy) {
            let code = CouponCode::generate(&CodePrefix::new("P".repeat(LONGEST_PREFIX)), entropy);

            prop_assert!(code.is_well_typed());
            prop_assert_eq!(code.as_str().len(), 32);
            prop_assert!(CouponCode::parse(code.as_str()).is_ok());
        }

        #[test]
        fn one_wrong_character_is_noticed(entropy: Entropy, place in 0usize..17, with in 0usize..32) {
            let code = generated(entropy);
            let mut bytes = code.as_str().as_bytes().to_vec();
            let same = bytes[2 + place] == ALPHABET[with];
            bytes[2 + place] = ALPHABET[with];
            let typed = CouponCode::parse(std::str::from_utf8(&bytes).unwrap()).unwrap();

            prop_assert_eq!(typed.is_well_typed(), same);
        }
    }
}
