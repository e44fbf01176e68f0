//! The sign of the legacy callback, after "平台为用户分配券" in Baidu's coupon service documents.
//!
//! It contains no secret: whoever sees a request can compute it. It filters noise and accidents; the secret is the URL.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// How the salt's constant end is read. The documents' source says `*&^%$#`; a widely mirrored rendering lost the star.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// `*&^%$#`.
    Documented,
    /// `&^%$#`.
    Mirrored,
}

/// The texts that the sign covers, exactly as they were received.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `recordId`.
    pub record_id: &'a str,
    /// `openId`.
    pub open_id: &'a str,
    /// `couponTemplateId`, in decimal.
    pub coupon_template_id: &'a str,
    /// Seconds, in decimal.
    pub timestamp: &'a str,
}

impl Reading {
    /// The name in metrics and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Mirrored => "mirrored",
        }
    }

    const fn suffix(self) -> &'static [u8] {
        match self {
            Self::Documented => b"*&^%$#",
            Self::Mirrored => b"&^%$#",
        }
    }
}

impl Signed<'_> {
    /// The sign in one reading: 32 lower-case hexadecimal digits.
    pub fn sign(&self, reading: Reading) -> String {
        hex::encode(self.digest(reading))
    }

    /// Which of `readings` the given sign matches, if any.
    pub fn verify(&self, sign: &str, readings: &[Reading]) -> Option<Reading> {
        let mut given = [0; 16];
        hex::decode_to_slice(sign, &mut given).ok()?;
        let matches = |reading: &Reading| bool::from(self.digest(*reading)[..].ct_eq(&given));
        readings.iter().copied().find(matches)
    }

    /// The order differs between the outer text and the salt, as in the documents.
    fn digest(&self, reading: Reading) -> [u8; 16] {
        let Self { record_id, open_id, coupon_template_id, timestamp } = *self;
        let last_five = timestamp.get(timestamp.len().saturating_sub(5)..).unwrap_or(timestamp);
        let mut md5 = Md5::new();
        for part in [record_id, open_id, coupon_template_id, timestamp] {
            md5.update(part);
        }
        for part in [record_id, open_id, last_five, coupon_template_id] {
            md5.update(part);
        }
        md5.update(reading.suffix());
        md5.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Signed<'_> = Signed {
        record_id: "931c6e3af4a94b448becf9e0e8dc1663",
        open_id: "50zRWFu-pMbB4GK8FjH6EKbRxx",
        coupon_template_id: "123",
        timestamp: "1558702254",
    };
    const B: Signed<'_> = Signed {
        record_id: "r-1",
        open_id: "k02HEREQhWhWWB5WYqYT1ITUGX",
        coupon_template_id: "23830866",
        timestamp: "1574952776",
    };
    const BOTH: [Reading; 2] = [Reading::Documented, Reading::Mirrored];

    #[test]
    fn gives_the_published_vectors() {
        for (signed, documented, mirrored) in [
            (A, "4a70ca55f5fc9cce6349383a69561347", "8f734579823f95a8c38ffb1db7e2eb2c"),
            (B, "d0d7f4468d8d0a17f02d07dede6b5820", "e8dcdf5da215748c04ef5ac7716314a9"),
        ] {
            assert_eq!(signed.sign(Reading::Documented), documented);
            assert_eq!(signed.sign(Reading::Mirrored), mirrored);
        }
    }

    #[test]
    fn says_which_reading_matched() {
        assert_eq!(A.verify("4a70ca55f5fc9cce6349383a69561347", &BOTH), Some(Reading::Documented));
        assert_eq!(A.verify("8f734579823f95a8c38ffb1db7e2eb2c", &BOTH), Some(Reading::Mirrored));
        let pinned = [Reading::Documented];
        assert_eq!(A.verify("8f734579823f95a8c38ffb1db7e2eb2c", &pinned), None);
    }

    #[test]
    fn misreadings_of_the_outer_text_do_not_pass() {
        for (signed, wrong) in [
            (A, "6980300550d56e648b49a751f22f0601"),
            (A, "3a374db306d051bc9ab2dc18b1c51f2f"),
            (B, "c36964cd621acbedeadca79d26083d7c"),
            (B, "e236e0cb0ce7506b7d8dea506a26540c"),
            (A, ""),
            (A, "4a70ca55f5fc9cce6349383a6956134"),
            (A, "4a70ca55f5fc9cce6349383a695613470"),
            (A, "zz70ca55f5fc9cce6349383a69561347"),
        ] {
            assert_eq!(signed.verify(wrong, &BOTH), None, "{wrong}");
        }
    }

    #[test]
    fn covers_the_timestamp_as_received() {
        let millis = Signed { timestamp: "1574952776000", ..B };

        assert_eq!(millis.sign(Reading::Documented), "a1b743ac39dc77c5577dba26f5ecb6f8");
    }

    #[test]
    fn characters_can_move_between_the_ids_without_changing_the_sign() {
        let shifted = Signed { record_id: "r-1k", open_id: "02HEREQhWhWWB5WYqYT1ITUGX", ..B };

        assert_eq!(shifted.sign(Reading::Documented), B.sign(Reading::Documented));
    }
}
