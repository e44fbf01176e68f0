//! `client_secret`, which says that a request comes from somebody who has the key.
//!
//! It is the MD5 of all parameters, sorted and joined as they are, with the key in its place among them. Nothing in it
//! makes it new each time: what a repeated request may do is for the operations to limit.

use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::params::Params;

/// What is never signed: routes of the original, the signature, and any `private_key` that somebody sends in place of the
/// real one. What its developers looked at is not even read.
const UNSIGNED: [&str; 3] = ["/api", "client_secret", PRIVATE_KEY];
const PRIVATE_KEY: &str = "private_key";

/// Whether `given` signs these parameters with one of the keys. The letters may be of either case.
pub fn is_signed(params: &Params<'_>, given: &str, keys: &[SecretString]) -> bool {
    let mut signature = [0; 16];
    if hex::decode_to_slice(given, &mut signature).is_err() {
        return false;
    }
    let sorted = sorted(params);
    let fits = |key: &SecretString| digest(&sorted, key.expose_secret()).ct_eq(&signature);
    // Each key is tried, so that the time does not say which one it was.
    keys.iter().map(fits).fold(subtle::Choice::from(0), |any, this| any | this).into()
}

/// By name as Java sorts them, by UTF-16.
fn sorted<'a>(params: &'a Params<'_>) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<_> = params.iter().filter(|(name, _)| !UNSIGNED.contains(name)).collect();
    pairs.sort_unstable_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    pairs
}

fn digest(sorted: &[(&str, &str)], key: &str) -> [u8; 16] {
    let place = sorted.partition_point(|(name, _)| *name < PRIVATE_KEY);
    let (before, after) = sorted.split_at(place);
    let pairs = before.iter().copied().chain([(PRIVATE_KEY, key)]).chain(after.iter().copied());
    let mut md5 = Md5::new();
    for (number, (name, value)) in pairs.enumerate() {
        if number > 0 {
            md5.update(b"&");
        }
        md5.update(name);
        md5.update(b"=");
        // A name has no blanks and the sign between the two is none, so a pair has them at its end only.
        md5.update(value.trim_end_matches(|letter| letter <= ' '));
    }
    md5.finalize().into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const IPHONE: &str = "test-private-key-iphone";

    /// As a caller writes it.
    pub fn sign(query: &str, key: &str) -> String {
        hex::encode(digest(&sorted(&Params::read(query, b"").unwrap()), key))
    }

    fn passes(query: &str, given: &str, keys: &[&str]) -> bool {
        let keys: Vec<_> = keys.iter().map(|key| SecretString::from(*key)).collect();
        is_signed(&Params::read(query, b"").unwrap(), given, &keys)
    }

    const Y0: &str = "uid=7893817&couponId=23121&method=app.promotion.getCoupon&client_type=iphone";
    const Y0_SIGNATURE: &str = "f0d1d7c363490f20e5e615166a185150";

    #[test]
    fn gives_the_published_vectors() {
        for (query, signature) in [
            (Y0.to_owned(), Y0_SIGNATURE),
            (format!("{Y0}&app_version=5.0.0"), "6d904afb3eb12832a5286be706515b1c"),
            (
                "method=app.promotion.queryCouponCenter&q=1&debug_data=x&client_secret=y\
                 &contentCode=b38b9c4f1c76f89533e9214629b458e4&client_type=iphone&uid="
                    .to_owned(),
                "eef5016180e18ab717ae79fb075ff5d0",
            ),
        ] {
            assert_eq!(sign(&query, IPHONE), signature);
            assert!(passes(&query, signature, &[IPHONE]));
            assert!(passes(&query, &signature.to_uppercase(), &[IPHONE]));
        }
    }

    #[test]
    fn what_is_not_signed_changes_nothing_and_all_else_does() {
        for (more, passes_still) in [
            ("&q=1", true),
            ("&q=%ff", true),
            ("&debug_data=1%26uid%3D1", true),
            ("&client_secret=1", true),
            ("&%2fapi=", true),
            ("&private_key=null", true),
            ("&uid=1", true),
            ("&udid=", false),
            ("&Q=1", false),
            ("&debug=XYZ", false),
        ] {
            let query = format!("{Y0}{more}");
            assert_eq!(passes(&query, Y0_SIGNATURE, &[IPHONE]), passes_still, "{more}");
        }
        let other = Y0.replace("7893817", "7893818");
        assert!(!passes(&other, Y0_SIGNATURE, &[IPHONE]));
        assert!(passes(&other, "8353076876bbdd3ae47e86196d0406b1", &[IPHONE]));
    }

    #[test]
    fn blanks_around_a_pair_do_not_count() {
        let query = Y0.replace("23121", "23121%20%09%00");

        assert!(passes(&query, Y0_SIGNATURE, &[IPHONE]));
        assert_ne!(sign("a=1+2", "k"), sign("a=12", "k"));
        // Wider blanks are letters to Java.
        assert_ne!(sign("a=1%e3%80%80", "k"), sign("a=1", "k"));
        // The signer of the guide cuts the same off.
        let guide = include_str!("../../../docs/yoho.md");
        assert!(guide.contains(r#"blanks = "".join(map(chr, range(33)))"#));
        assert!(guide.contains(".strip(blanks) for name in"));
    }

    #[test]
    fn names_are_sorted_as_java_sorts_them() {
        // The first half of what U+10000 is in UTF-16 comes before U+FF5E.
        let params = Params::read("～=1&𐀀=2&Z=3&_=4&a=5", b"").unwrap();

        let names: Vec<_> = sorted(&params).into_iter().map(|(name, _)| name).collect();

        assert_eq!(names, ["Z", "_", "a", "𐀀", "～"]);
    }

    #[test]
    fn either_key_of_a_rotation_passes_and_no_key_does_not() {
        assert!(passes(Y0, Y0_SIGNATURE, &["another", IPHONE]));
        assert!(passes(Y0, Y0_SIGNATURE, &[IPHONE, "another"]));
        assert!(!passes(Y0, Y0_SIGNATURE, &["another"]));
        assert!(!passes(Y0, Y0_SIGNATURE, &[]));
    }

    #[test]
    fn what_is_no_signature_does_not_pass() {
        for given in ["", "f0", &Y0_SIGNATURE[1..], "zz", &format!("{Y0_SIGNATURE}0")] {
            assert!(!passes(Y0, given, &[IPHONE]), "{given}");
        }
    }
}
