//! Replies as they come, and as they should not.

use super::*;

fn opened(body: &str) -> Result<Opened, Failure> {
    open(200, body.as_bytes())
}

#[test]
fn success_is_zero_in_either_form_or_nothing() {
    for (body, says_done) in [
        (r#"{"errcode":0,"errmsg":"ok"}"#, true),
        (r#"{"errcode":"0"}"#, true),
        (r#"{"errmsg":"ok"}"#, true),
        (r#"{"errmsg":"ok rid: 1-2-3","list":[]}"#, true),
        (r#"{"access_token":"x"}"#, false),
        ("{}", false),
    ] {
        assert_eq!(opened(body).map(|opened| opened.says_done), Ok(says_done), "{body}");
    }
}

#[test]
fn what_only_looks_like_success_is_none() {
    for body in [
        r#"{"errcode":"00"}"#,
        r#"{"errcode":0.0}"#,
        r#"{"errcode":true}"#,
        r#"{"errcode":null}"#,
        r#"{"errcode":""}"#,
        r#"{"errcode":0,"errcode":40001}"#,
        r#"{"errcode":0"#,
        r#"[{"errcode":0}]"#,
        "",
        "success",
        "ok",
        "<html></html>",
    ] {
        assert!(matches!(opened(body), Err(Failure::Decode(_))), "{body}");
    }
}

#[test]
fn an_error_is_told_with_what_support_asks_for() {
    for (body, code, rid) in [
        (
            r#"{"errcode":40001,"errmsg":"invalid credential rid: 608d5803-66b84dfc-005383b1"}"#,
            40001,
            Some("608d5803-66b84dfc-005383b1"),
        ),
        (
            r#"{"errcode":"40056","errmsg":"invalid serial code hint: [W0HW.a0437ent2]"}"#,
            40056,
            Some("W0HW.a0437ent2"),
        ),
        (r#"{"errcode":-1,"errmsg":"system error"}"#, -1, None),
        (r#"{"errcode":41011,"errmsg":"rid: <script>"}"#, 41011, None),
        (r#"{"errcode":7}"#, 7, None),
    ] {
        let rid = rid.map(str::to_owned);
        assert_eq!(opened(body), Err(Failure::Business { code, rid }), "{body}");
    }
}

#[test]
fn a_status_can_spoil_a_success_but_not_an_error() {
    for status in [400, 401, 404, 412, 500, 502, 503] {
        assert_eq!(open(status, br#"{"errcode":0}"#), Err(Failure::Http { status }));
        assert_eq!(open(status, b"<html>"), Err(Failure::Http { status }));
        let error = open(status, br#"{"errcode":40056}"#);
        assert_eq!(error, Err(Failure::Business { code: 40056, rid: None }));
    }
    for status in [204, 206, 301, 302, 304, 418, 100] {
        for body in [&br#"{"errcode":0}"#[..], br#"{"errcode":40056}"#] {
            assert_eq!(open(status, body), Err(Failure::Http { status }));
        }
    }
}
