//! The checksum that the platform puts on its callback.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// The constant at the end of the salt, and the one misreading that mirrors of the page print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Salt {
    /// `*&^%$#`, as in the page's source.
    #[default]
    V1,
    /// `&^%$#`, as the mirrored page shows.
    V2,
}

impl Salt {
    fn suffix(self) -> &'static str {
        match self {
            Self::V1 => "*&^%$#",
            Self::V2 => "&^%$#",
        }
    }
}

/// The sign over the texts exactly as they are sent.
pub fn sign(salt: Salt, record_id: &str, open_id: &str, template_id: &str, stamp: &str) -> String {
    let tail = last_five(stamp);
    let suffix = salt.suffix();
    // The salt swaps template and time; the order is the documents' own.
    let input = format!(
        "{record_id}{open_id}{template_id}{stamp}{record_id}{open_id}{tail}{template_id}{suffix}"
    );
    hex::encode(Md5::digest(input))
}

fn last_five(stamp: &str) -> &str {
    let start = stamp.len().saturating_sub(5);
    stamp.get(start..).unwrap_or(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Vector {
        record: &'static str,
        open: &'static str,
        template: &'static str,
        stamp: &'static str,
        v1: &'static str,
        v2: &'static str,
        v3: &'static str,
        v4: &'static str,
    }

    const VECTORS: [Vector; 2] = [
        Vector {
            record: "931c6e3af4a94b448becf9e0e8dc1663",
            open: "50zRWFu-pMbB4GK8FjH6EKbRxx",
            template: "123",
            stamp: "1558702254",
            v1: "4a70ca55f5fc9cce6349383a69561347",
            v2: "8f734579823f95a8c38ffb1db7e2eb2c",
            v3: "6980300550d56e648b49a751f22f0601",
            v4: "3a374db306d051bc9ab2dc18b1c51f2f",
        },
        Vector {
            record: "r-1",
            open: "k02HEREQhWhWWB5WYqYT1ITUGX",
            template: "23830866",
            stamp: "1574952776",
            v1: "d0d7f4468d8d0a17f02d07dede6b5820",
            v2: "e8dcdf5da215748c04ef5ac7716314a9",
            v3: "c36964cd621acbedeadca79d26083d7c",
            v4: "e236e0cb0ce7506b7d8dea506a26540c",
        },
    ];

    fn with_a_stray_star(vector: &Vector, suffix: &str) -> String {
        let Vector { record, open, template, stamp, .. } = vector;
        let tail = last_five(stamp);
        let input =
            format!("{record}{open}*{template}{stamp}{record}{open}{tail}{template}{suffix}");
        hex::encode(Md5::digest(input))
    }

    #[test]
    fn the_published_vectors_come_out() {
        for vector in &VECTORS {
            let Vector { record, open, template, stamp, .. } = vector;

            assert_eq!(sign(Salt::V1, record, open, template, stamp), vector.v1);
            assert_eq!(sign(Salt::V2, record, open, template, stamp), vector.v2);
        }
    }

    #[test]
    fn the_misreadings_with_a_stray_star_are_never_sent() {
        for vector in &VECTORS {
            let Vector { record, open, template, stamp, .. } = vector;
            assert_eq!(with_a_stray_star(vector, Salt::V2.suffix()), vector.v3);
            assert_eq!(with_a_stray_star(vector, Salt::V1.suffix()), vector.v4);

            for salt in [Salt::V1, Salt::V2] {
                let ours = sign(salt, record, open, template, stamp);

                assert!(ours != vector.v3 && ours != vector.v4);
            }
        }
    }

    #[test]
    fn a_millisecond_timestamp_gives_the_documented_wrong_sign() {
        let Vector { record, open, template, .. } = &VECTORS[1];

        let wrong = sign(Salt::V1, record, open, template, "1574952776000");

        assert_eq!(wrong, "a1b743ac39dc77c5577dba26f5ecb6f8");
    }

    #[test]
    fn a_character_may_move_between_the_ids_without_changing_the_sign() {
        let first = sign(Salt::V1, "r-1", "k02", "123", "1558702254");
        let shifted = sign(Salt::V1, "r-1k", "02", "123", "1558702254");

        assert_eq!(first, shifted);
    }

    #[test]
    fn a_short_timestamp_is_used_whole() {
        assert_eq!(last_five("42"), "42");
        assert_eq!(last_five("1558702254"), "02254");
    }
}
