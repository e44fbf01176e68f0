//! Signatures of both protocols, written from their documents; the gateways have their own, so that a mistake in one of
//! them is not made by both sides.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// With which hash zvcms' message is signed.
#[derive(Debug, Clone, Copy)]
pub enum Hash {
    /// As everybody does who asked for nothing else.
    Sha1,
    /// As is recommended.
    Sha256,
}

/// What zvcms' signature covers: the fields by name, those of `Params` under `Params.` and their own.
pub fn zvcms_message(address: &str, fields: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("POST{address}?{}", pairs.join("&"))
}

/// zvcms' `Token`, before it is percent-encoded.
pub fn zvcms_token(hash: Hash, secret: &str, message: &str) -> String {
    match hash {
        Hash::Sha1 => sign::<Hmac<Sha1>>(secret, message),
        Hash::Sha256 => sign::<Hmac<Sha256>>(secret, message),
    }
}

fn sign<Keyed: Mac + KeyInit>(secret: &str, message: &str) -> String {
    // A key of any length is one for this construction.
    let Ok(keyed) = <Keyed as KeyInit>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    STANDARD.encode(keyed.chain_update(message).finalize().into_bytes())
}

/// Yoho's `client_secret`: of everything but the signature itself and two parameters for testers.
pub fn yoho_secret(parameters: &BTreeMap<String, String>, private_key: &str) -> String {
    let outside = ["/api", "client_secret", "q", "debug_data"];
    let mut signed = parameters.clone();
    signed.retain(|name, _| !outside.contains(&name.as_str()));
    signed.insert("private_key".to_owned(), private_key.to_owned());
    let pairs = signed.iter().map(|(name, value)| trim(&format!("{name}={value}")).to_owned());
    md5_hex(&pairs.collect::<Vec<_>>().join("&"))
}

/// Yoho's `md5` over the very text of `data`.
pub fn yoho_digest(salt: &str, data: &str) -> String {
    md5_hex(&format!("{salt}:{data}"))
}

/// As the original trims: everything up to the blank.
fn trim(pair: &str) -> &str {
    pair.trim_matches(|letter| letter <= ' ')
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "/api/v2";
    const SECRET: &str = "test-openapi-secret";

    fn pairs(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn sample(params: &str) -> BTreeMap<String, String> {
        let mut fields = pairs(
            "OpenId=6dc05b4ac175cf316d226252b05cf685&GrantCode=782c281f62&Timestamp=1547186244\
             &Nonce=658965&Action=coupon.user-coupon-list",
        );
        fields.extend(pairs(params));
        fields
    }

    const Z1: &str = "Params.user_id=1001&Params.shopping=0&Params.expire=canuse";

    #[test]
    fn a_message_of_zvcms_is_that_of_the_document() {
        assert_eq!(
            zvcms_message(ADDRESS, &sample(Z1)),
            "POST/api/v2?Action=coupon.user-coupon-list&GrantCode=782c281f62&Nonce=658965\
             &OpenId=6dc05b4ac175cf316d226252b05cf685&Params.expire=canuse&Params.shopping=0\
             &Params.user_id=1001&Timestamp=1547186244"
        );
    }

    #[test]
    fn tokens_of_zvcms_are_those_of_the_document() {
        for (hash, address, params, token) in [
            (Hash::Sha1, ADDRESS, Z1, "U5Jxz3Bsbiy2/hIO492CD70r/ok="),
            (Hash::Sha256, ADDRESS, Z1, "1rX0Tsu9XGJaB9b3Ab2toJtXBijvWgi2eSk2Y1phyBo="),
            (Hash::Sha1, "openapi.zvcms.com/api/v2", Z1, "shmqkCDqzBlIHb4vBJ5ERJFJZUU="),
            (Hash::Sha1, ADDRESS, "", "lYCwJ3IVP9igr4Wbp2a/6YgsBqE="),
        ] {
            let message = zvcms_message(address, &sample(params));

            assert_eq!(zvcms_token(hash, SECRET, &message), token, "{hash:?} {message}");
        }
    }

    #[test]
    fn secrets_of_yoho_are_those_of_the_document() {
        let y0 = "client_type=iphone&couponId=23121&method=app.promotion.getCoupon&uid=7893817";
        let y3 = "client_type=iphone&contentCode=b38b9c4f1c76f89533e9214629b458e4\
                  &method=app.promotion.queryCouponCenter&uid=&q=x&debug_data=1&client_secret=0";
        let iphone = "test-private-key-iphone";
        for (parameters, key, secret) in [
            (y0.to_owned(), iphone, "f0d1d7c363490f20e5e615166a185150"),
            (format!("app_version=5.0.0&{y0}"), iphone, "6d904afb3eb12832a5286be706515b1c"),
            (y3.to_owned(), iphone, "eef5016180e18ab717ae79fb075ff5d0"),
            (y0.replace("iphone", "unknown"), "null", "69b42eda4cc6a8722df830be25227678"),
            (y0.replace("7893817", "7893818"), iphone, "8353076876bbdd3ae47e86196d0406b1"),
        ] {
            assert_eq!(yoho_secret(&pairs(&parameters), key), secret, "{parameters}");
        }
    }

    #[test]
    fn blanks_around_a_pair_of_yoho_do_not_count() {
        let bare = pairs("uid=1&z=2");
        let wide = pairs("uid=1 \t&z=2\u{1f}");

        assert_eq!(yoho_secret(&bare, "k"), yoho_secret(&wide, "k"));
        assert_ne!(yoho_secret(&bare, "k"), yoho_secret(&pairs("uid= 1&z=2"), "k"));
    }

    const ROW: &str = r#"[{"couponAmount":50.00,"couponCode":"","couponName":"12月生日券-满199减50","endTime":"2017-01-31 09:45:40","id":2030,"startTime":"2013-12-01 00:00:00","status":1,"useLimit":"199","useLimitType":"2"}]"#;
    const GOLDEN: &str = r#"[{"couponAmount":50.00,"couponCode":"","couponName":"12月生日券-满199减50","endTime":"2017-01-31 09:45:40","id":2030,"startTime":"2013-12-01 00:00:00","status":1,"useLimit":"199","useLimitType":"2"},{"couponAmount":300.00,"couponCode":"","couponName":"12月生日券-满799减300","endTime":"2017-01-31 09:45:40","id":2033,"startTime":"2013-12-01 00:00:00","status":1,"useLimit":"799","useLimitType":"2"},{"couponAmount":50.00,"couponCode":"","couponName":"1月生日券-满199减50","endTime":"2017-01-31 09:45:40","id":2035,"startTime":"2014-01-01 00:00:00","status":1,"useLimit":"199","useLimitType":"2"},{"couponAmount":300.00,"couponCode":"","couponName":"1月生日券-满799减300","endTime":"2017-01-31 09:45:40","id":2038,"startTime":"2014-01-01 00:00:00","status":1,"useLimit":"799","useLimitType":"2"}]"#;

    #[test]
    fn digests_of_yoho_are_those_of_the_document() {
        // The historical constant, for this test alone.
        let golden = yoho_digest("fd4ad5fcsa0de589af23234ks1923ks", GOLDEN);
        assert_eq!(golden, "c957283765172838f577de4228d45a42");
        let without_scale = ROW.replace("50.00", "50");
        let center = r#"[{"data":{"isShow":"YES","list":[{"couponID":"2516,2376","goShopping":"http://example.test/a","image":{"src":"http://example.test/{mode}/w/{width}/h/{height}","url":""},"status":1}],"title":"标题内容"},"template_id":1111255,"template_name":"getCoupon"}]"#;
        let batch = r#"{"failed":[{"code":401,"couponId":"45231","message":"优惠券已经领取"}],"success":["23121"]}"#;
        for (data, digest) in [
            ("[]", "354ddea4f75a9a46648f2e822e60268a"),
            ("{}", "ae7920c977f041752d0de5c0b9258804"),
            (r#""123456abcdef""#, "0af48400cc789a1b37f18f41c26d9ff9"),
            (r#"{"total":3}"#, "6e59d6ed99111aedebb271b216a30333"),
            (ROW, "db56e2de5c1c34f02a753034bc7dfb37"),
            (&without_scale, "17d3d59aeb4207393fc7dbbcad785cd0"),
            (batch, "cd483349e82c41b10950b4792e3958a8"),
            (center, "1cb3aec6d6787f71842ea7c1eca46a30"),
        ] {
            assert_eq!(yoho_digest("test-response-salt", data), digest, "{data}");
        }
    }
}
