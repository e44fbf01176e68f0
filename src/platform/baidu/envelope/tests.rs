//! Every reply that is a success, and every one that only looks like it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn numbered(body: &str) -> Result<Value, Failure> {
    open(Shape::Numbered, 200, body.as_bytes())
}

fn business(errno: i64) -> Failure {
    Failure::Business { errno, before: false, request_id: None }
}

#[test]
fn zero_is_a_success_as_a_number_and_as_a_text() {
    for body in [
        r#"{"errno":"0"}"#,
        r#"{"errno":0}"#,
        r#"{"errno":0,"errmsg":"succ"}"#,
        r#"{"errno":0,"error_code":0,"error":null,"data":null}"#,
        r#" {"errno":0,"unknown":{"deep":[1]}} "#,
    ] {
        assert_eq!(numbered(body), Ok(Value::Null), "{body}");
    }
    assert_eq!(numbered(r#"{"errno":"0","msg":"","data":{"id":1}}"#), Ok(json!({ "id": 1 })));
    assert_eq!(numbered(r#"{"data":true,"errno":0,"msg":""}"#), Ok(json!(true)));
}

#[test]
fn what_only_looks_like_zero_is_not() {
    for body in [
        r#"{"errno":"00"}"#,
        r#"{"errno":0.0}"#,
        r#"{"errno":-0}"#,
        r#"{"errno":0e0}"#,
        r#"{"errno":"+0"}"#,
        r#"{"errno":"-0"}"#,
        r#"{"errno":" 0"}"#,
        r#"{"errno":""}"#,
        r#"{"errno":true}"#,
        r#"{"errno":false}"#,
        r#"{"errno":null}"#,
        r#"{"errno":[0]}"#,
        r#"{"errno":99999999999999999999}"#,
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"data":true}"#,
        "{}",
    ] {
        assert_eq!(numbered(body), Err(Failure::Decode(Garble::NoErrno)), "{body}");
    }
}

#[test]
fn what_is_not_one_json_object_is_not_understood() {
    for body in [
        "",
        "success",
        "0",
        "null",
        "[0]",
        r#""0""#,
        r#"{"errno":0"#,
        r#"{"errno":0}{"errno":0}"#,
        r#"{"errno":1,"errno":0}"#,
        "<html>login</html>",
        "\u{feff}{\"errno\":0}",
    ] {
        assert_eq!(numbered(body), Err(Failure::Decode(Garble::NotJson)), "{body}");
    }
    let deep = format!(r#"{{"errno":0,"data":{}{}}}"#, "[".repeat(9999), "]".repeat(9999));
    assert_eq!(numbered(&deep), Err(Failure::Decode(Garble::NotJson)));
    assert_eq!(open(Shape::Numbered, 200, b"\xff"), Err(Failure::Decode(Garble::NotJson)));
}

#[test]
fn the_gateways_error_wins_over_everything() {
    for body in [
        r#"{"error_code":110,"error_msg":"Access token invalid or no longer valid"}"#,
        r#"{"errno":0,"error_code":110}"#,
        r#"{"errno":0,"error_code":"110","error":"invalid_client"}"#,
        r#"{"errno":"odd","error_code":110,"data":true}"#,
    ] {
        assert_eq!(numbered(body), Err(Failure::Gateway { code: 110 }), "{body}");
    }
    for odd in [r#"{"errno":0,"error_code":"x"}"#, r#"{"errno":0,"error_code":true}"#] {
        assert_eq!(numbered(odd), Err(Failure::Decode(Garble::OddError)), "{odd}");
    }
}

#[test]
fn an_oauth_error_is_a_word_in_small_letters() {
    let body = br#"{"error":"invalid_client","error_description":"unknown client id"}"#;
    let invalid = Err(Failure::OAuth { error: "invalid_client".to_owned() });

    for status in [200, 400, 401] {
        assert_eq!(open(Shape::Bare, status, body), invalid);
    }
    assert_eq!(numbered(r#"{"errno":0,"error":"invalid_client"}"#), invalid);
    let page = br#"{"timestamp":1,"status":500,"error":"Internal Server Error","path":"/"}"#;
    assert_eq!(open(Shape::Bare, 500, page), Err(Failure::Http { status: 500 }));
    assert_eq!(open(Shape::Bare, 200, page), Err(Failure::Decode(Garble::OddError)));
}

#[test]
fn a_number_of_the_service_is_read_with_what_support_asks_for() {
    assert_eq!(numbered(r#"{"errno":70001,"msg":"优惠券不存在"}"#), Err(business(70001)));
    assert_eq!(numbered(r#"{"errno":"-1024"}"#), Err(business(-1024)));
    for (key, id) in
        [("request_id", json!("a-1")), ("requestId", json!(7)), ("traceId", json!("t"))]
    {
        let body = json!({ "errno": 1000, key: id }).to_string();
        let Err(Failure::Business { request_id, .. }) = numbered(&body) else { panic!() };
        assert_eq!(request_id.unwrap(), id.as_str().map_or(id.to_string(), str::to_owned));
    }
    let strange = r#"{"errno":1000,"request_id":"<script>"}"#;
    assert_eq!(numbered(strange), Err(business(1000)));
    let banner = numbered(r#"{"errno":70000,"request_id":"r"}"#);
    assert_eq!(banner, Err(Failure::BannerExists { request_id: Some("r".to_owned()) }));
}

#[test]
fn a_message_may_say_that_it_was_done_before() {
    for body in [
        r#"{"errno":"40001","errmsg":"duplicate record"}"#,
        r#"{"errno":-1024,"msg":"Already written off"}"#,
    ] {
        assert!(matches!(numbered(body), Err(Failure::Business { before: true, .. })), "{body}");
    }
}

#[test]
fn data_that_is_false_is_a_failure() {
    assert_eq!(numbered(r#"{"errno":0,"data":false}"#), Err(Failure::DataFalse));
}

#[test]
fn a_bare_success_needs_no_number_but_may_not_have_another_one() {
    let bare = |body: &str| open(Shape::Bare, 200, body.as_bytes());

    assert!(bare(r#"{"access_token":"t"}"#).is_ok());
    assert!(bare(r#"{"access_token":"t","errno":0}"#).is_ok());
    assert_eq!(bare(r#"{"access_token":"t","errno":5}"#), Err(business(5)));
    assert!(bare(r#"{"access_token":"t","errno":"x"}"#).is_err());
}

#[test]
fn an_answer_about_another_record_is_none() {
    for (body, right) in [
        (r#"{"errno":"0","msg":"success"}"#, true),
        (r#"{"errno":"0","data":{"record_id":"r-1"},"recordId":null}"#, true),
        (r#"{"errno":"0","record_id":"r-2"}"#, false),
        (r#"{"errno":"0","data":{"recordId":"r-2"}}"#, false),
        (r#"{"errno":"0","data":{"recordId":1}}"#, false),
    ] {
        let opened = open(Shape::About("r-1"), 200, body.as_bytes());
        assert_eq!(opened.is_ok(), right, "{body}");
        assert!(right || opened == Err(Failure::Decode(Garble::Other)), "{body}");
    }
}

#[test]
fn an_envelope_counts_whatever_its_status() {
    for status in [200, 201, 400, 403, 500, 503] {
        assert_eq!(open(Shape::Numbered, status, br#"{"errno":0}"#), Ok(Value::Null));
        let refused = open(Shape::Numbered, status, br#"{"errno":70001}"#);
        assert_eq!(refused, Err(business(70001)));
    }
}

#[test]
fn some_statuses_are_never_baidus() {
    for status in [101, 204, 206, 301, 302, 304, 307, 308, 418] {
        for body in [&br#"{"errno":0}"#[..], b"", b"<html>"] {
            assert_eq!(open(Shape::Numbered, status, body), Err(Failure::Http { status }));
        }
    }
}

#[test]
fn without_an_envelope_the_status_speaks() {
    for status in [400, 404, 408, 429, 500, 502, 503] {
        for body in [&b"<html>"[..], b"", br#"{"message":"slow down"}"#] {
            assert_eq!(open(Shape::Numbered, status, body), Err(Failure::Http { status }));
        }
    }
}

const SUCCESSES: [&str; 3] = [
    r#"{"errno":"0","msg":"success"}"#,
    r#"{"data":{"dataList":[{"id":1}],"pageNo":0,"total":1},"errno":0,"msg":""}"#,
    r#"{"errno":0,"errmsg":"succ","data":{"open_id":"O"},"request_id":"1"}"#,
];

#[test]
fn a_success_that_was_cut_anywhere_is_none() {
    for body in SUCCESSES {
        assert!(numbered(body).is_ok());
        for end in 0..body.len() {
            assert_eq!(numbered(&body[..end]), Err(Failure::Decode(Garble::NotJson)));
        }
    }
}

proptest! {
    #[test]
    fn only_a_number_that_says_zero_is_a_success(errno in any::<i64>(), text in "[-+0. x]{0,4}") {
        let number = numbered(&json!({ "errno": errno }).to_string());
        let quoted = numbered(&json!({ "errno": text }).to_string());

        prop_assert_eq!(number.is_ok(), errno == 0);
        prop_assert_eq!(quoted.is_ok(), text == "0");
    }

    /// Garbled on the way: whatever still counts as a success says so in so many letters.
    #[test]
    fn a_garbled_success_is_one_only_if_it_still_says_so(
        which in 0usize..3, place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut body = SUCCESSES[which].as_bytes().to_vec();
        let place = place.index(body.len());
        body[place] = byte;

        if open(Shape::Numbered, 200, &body).is_ok() {
            let reply: Value = serde_json::from_slice(&body).unwrap();
            prop_assert!(reply["errno"] == 0 || reply["errno"] == "0");
        }
    }

    #[test]
    fn noise_is_never_a_success(body in prop::collection::vec(any::<u8>(), 0..200), status in 100u16..600) {
        prop_assert!(open(Shape::Numbered, status, &body).is_err());
    }
}
