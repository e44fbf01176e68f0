//! The published vectors, and what must not pass.

use http::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::gateway::zvcms::envelope;

const PATH: &str = "/api/v2";
const Z1: &str = "U5Jxz3Bsbiy2/hIO492CD70r/ok=";
const Z1B: &str = "1rX0Tsu9XGJaB9b3Ab2toJtXBijvWgi2eSk2Y1phyBo=";
const Z3: &str = "shmqkCDqzBlIHb4vBJ5ERJFJZUU=";
const Z5: &str = "lYCwJ3IVP9igr4Wbp2a/6YgsBqE=";
const SEED: &str = "0%2B%2B3c6hthjwAml4ABAXOYF4Q6UY%3D";

fn listing() -> Value {
    json!({ "user_id": "1001", "shopping": "0", "expire": "canuse" })
}

async fn envelope(token: &str, params: Value) -> Envelope {
    let body = json!({
        "OpenId": "6dc05b4ac175cf316d226252b05cf685", "GrantCode": "782c281f62",
        "Timestamp": "1547186244", "Nonce": "658965", "Token": token,
        "Action": "coupon.user-coupon-list", "Params": params,
    });
    envelope::read(&HeaderMap::new(), body.to_string().into()).await.unwrap()
}

fn secrets() -> [SecretString; 1] {
    ["test-openapi-secret".into()]
}

async fn admits(scheme: Scheme, address: &str, token: &str, params: Value) -> bool {
    let envelope = envelope(token, params).await;
    scheme.admits(&message(address, &envelope).unwrap(), &envelope.token, &secrets())
}

#[tokio::test]
async fn the_message_is_one_line_of_sorted_pairs() {
    let message = message(PATH, &envelope(Z1, listing()).await).unwrap();

    let expected = "POST/api/v2?Action=coupon.user-coupon-list&GrantCode=782c281f62&Nonce=658965&OpenId=6dc05b4ac175cf316d226252b05cf685&Params.expire=canuse&Params.shopping=0&Params.user_id=1001&Timestamp=1547186244";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn fields_and_parameters_of_no_meaning_are_signed_among_the_others() {
    let body = json!({
        "OpenId": "o", "GrantCode": "g", "Timestamp": "1", "Nonce": "2", "Token": Z1, "Action": "a",
        "Params": { "trace": 7 }, "Extra": "x", "Ranks": "", "p": 3,
    });
    let envelope = envelope::read(&HeaderMap::new(), body.to_string().into()).await.unwrap();

    let expected = "POST/api/v2?Action=a&Extra=x&GrantCode=g&Nonce=2&OpenId=o&Params.trace=7&Ranks=&Timestamp=1&p=3";
    assert_eq!(message(PATH, &envelope).unwrap(), expected);
}

#[tokio::test]
async fn the_published_vectors_pass_in_both_spellings() {
    let with_host = "openapi.zvcms.com/api/v2";
    for (scheme, address, token, params) in [
        (Scheme::HmacSha1Flat, PATH, Z1, listing()),
        (Scheme::HmacSha1Flat, PATH, "U5Jxz3Bsbiy2%2FhIO492CD70r%2Fok%3D", listing()),
        (Scheme::HmacSha1Flat, PATH, "U5Jxz3Bsbiy2%2fhIO492CD70r%2fok%3d", listing()),
        (Scheme::HmacSha256Flat, PATH, Z1B, listing()),
        (Scheme::HmacSha1Host, with_host, Z3, listing()),
        (Scheme::HmacSha1Flat, PATH, Z5, json!({})),
        (Scheme::HmacSha1Flat, PATH, Z5, json!([])),
    ] {
        assert!(admits(scheme, address, token, params).await, "{scheme:?} {token}");
    }
}

#[tokio::test]
async fn the_seed_s_own_token_and_any_other_is_refused() {
    let all = [Scheme::HmacSha1Flat, Scheme::HmacSha256Flat, Scheme::HmacSha1Host];
    for scheme in all {
        for token in [SEED, "x", "====", "%", "%zz", "AAAA", "U5Jxz3Bsbiy2/hIO492CD70r/ok"] {
            for params in [listing(), json!({})] {
                assert!(!admits(scheme, PATH, token, params).await, "{scheme:?} {token}");
            }
        }
    }
    assert!(!admits(Scheme::HmacSha256Flat, PATH, Z1, listing()).await);
    assert!(!admits(Scheme::HmacSha1Flat, PATH, Z3, listing()).await);
    assert!(!admits(Scheme::HmacSha1Flat, "/api/v3", Z1, listing()).await);
}

#[tokio::test]
async fn whoever_changes_a_parameter_has_to_sign_anew() {
    let mut other = listing();
    other["user_id"] = json!("1002");
    let mut more = listing();
    more["amount"] = json!("");
    // An integer is its plain decimal.
    let mut number = listing();
    number["user_id"] = json!(1001);

    assert!(!admits(Scheme::HmacSha1Flat, PATH, Z1, other).await);
    assert!(!admits(Scheme::HmacSha1Flat, PATH, Z1, more).await);
    assert!(admits(Scheme::HmacSha1Flat, PATH, Z1, number).await);
}

#[tokio::test]
async fn either_of_two_secrets_will_do() {
    let envelope = envelope(Z1, listing()).await;
    let message = message(PATH, &envelope).unwrap();
    let two = |first: &str, second: &str| [first.into(), second.into()];

    for secrets in [two("test-openapi-secret", "old"), two("new", "test-openapi-secret")] {
        assert!(Scheme::HmacSha1Flat.admits(&message, &envelope.token, &secrets));
    }
    assert!(!Scheme::HmacSha1Flat.admits(&message, &envelope.token, &two("new", "old")));
    assert!(!Scheme::HmacSha1Flat.admits(&message, &envelope.token, &[]));
    assert!(!Scheme::HmacSha1Flat.admits(&message, "", &[]));
}

#[tokio::test]
async fn what_cannot_be_signed_is_named() {
    for value in [json!(1.5), json!(1e3), json!(true), json!(null), json!([]), json!({ "a": 1 })] {
        let envelope = envelope(Z1, json!({ "user_id": "1", "checked": value })).await;

        let refused = message(PATH, &envelope).unwrap_err();

        assert_eq!(refused.message(), "参数错误:checked", "{value}");
    }
}
