//! Who claims: texts that name people and acts of claiming, and what a rule may know of a person.

use std::fmt;

use super::{
    id::PersonId,
    problem::{Problem, Problems},
};

/// A person as one app knows them, 1 to 128 characters; never written to a log in full.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OpenId(String);

/// The platform's or the caller's id of one act of claiming, 1 to 32 characters: the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Record(String);

/// Of RFC 4648, in lower case.
const BASE_32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// With the letter before them 32 characters, which is what platforms take.
const HASHED_CHARACTERS: usize = 31;

/// The text cannot be an open id or a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to {longest} characters of letters, digits and - _ . :")]
pub struct InvalidName {
    longest: usize,
}

impl OpenId {
    /// Takes what platforms use (letters, digits, `-`, `_`) and little more, so that look-alikes cannot pass.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        name(text, 128).map(Self)
    }

    /// The text, for the database and the platform.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Record {
    /// Case counts: the same letters in another case are another record.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        name(text, 32).map(Self)
    }

    /// For acts of claiming that no platform names: a `q` and 155 bits of a hash of what names them.
    ///
    /// Baidu's own records are hexadecimal, so the `q` keeps the two apart.
    pub fn of_ours(hash: &[u8; 32]) -> Self {
        let bit = |place: usize| hash[place / 8] >> (7 - place % 8) & 1;
        let digit = |number: usize| (0..5).fold(0, |digit, n| digit << 1 | bit(number * 5 + n));
        let digits = (0..HASHED_CHARACTERS).map(|number| BASE_32[usize::from(digit(number))]);
        Self(std::iter::once(b'q').chain(digits).map(char::from).collect())
    }

    /// The text, for the database and the platform.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An open id is personal data, so logs see its length only.
impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenId({} characters)", self.0.len())
    }
}

fn name(text: &str, longest: usize) -> Result<String, InvalidName> {
    let fits = (1..=longest).contains(&text.len());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if fits && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(InvalidName { longest })
}

/// What the rules may know of the person who claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The member, or the holder when no member is known.
    pub id: PersonId,
    /// Present when the holder is linked to a member.
    pub membership: Option<Membership>,
}

/// What the merchant knows of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Membership {
    /// The member's classes, for example `gold`.
    pub classes: Vec<String>,
    /// 1 to 12.
    pub birth_month: Option<u8>,
}

/// Whether a text can be the merchant's id of a person.
pub fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Checks what a merchant wrote about a member.
pub fn check_member(uid: &str, membership: &Membership) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(is_uid(uid), "uid", "1 to 64 visible ASCII characters");
    let classes = &membership.classes;
    problems.expect(
        classes.len() <= 100 && classes.iter().all(|class| (1..=64).contains(&class.len())),
        "classes",
        "up to 100 classes of 1 to 64 bytes",
    );
    problems.expect(
        membership.birth_month.is_none_or(|month| (1..=12).contains(&month)),
        "birth_month",
        "1 to 12",
    );
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_documented_shapes_and_refuses_the_rest() {
        for (text, fits) in [
            ("931c6e3af4a94b448becf9e0e8dc1663", true),
            ("r-1", true),
            ("a", true),
            ("", false),
            ("931c6e3af4a94b448becf9e0e8dc16631", false),
            ("１２３", false),
            ("а", false),
            ("a b", false),
            ("a\n", false),
            ("a\0", false),
        ] {
            assert_eq!(Record::parse(text).is_ok(), fits, "{text:?}");
        }
        assert!(OpenId::parse(&"o".repeat(128)).is_ok());
        assert!(OpenId::parse(&"o".repeat(129)).is_err());
    }

    #[test]
    fn a_record_of_ours_shows_every_bit_and_is_none_of_baidus() {
        let (zeros, ones) = (Record::of_ours(&[0; 32]), Record::of_ours(&[0xff; 32]));
        let counted = Record::of_ours(&std::array::from_fn(|n| u8::try_from(n).unwrap()));

        assert_eq!(zeros.as_str(), format!("q{}", "a".repeat(31)));
        assert_eq!(ones.as_str(), format!("q{}", "7".repeat(31)));
        // As `base32` of any other make writes these bytes, cut short.
        assert_eq!(counted.as_str(), "qaaaqeayeaudaocajbifqydiob4ibceq");
        assert!(Record::parse(counted.as_str()).is_ok());
    }

    #[test]
    fn a_debugged_open_id_says_nothing() {
        let open_id = OpenId::parse("50zRWFu-pMbB4GK8FjH6EKbRxx").unwrap();

        assert_eq!(format!("{open_id:?}"), "OpenId(26 characters)");
    }
}
