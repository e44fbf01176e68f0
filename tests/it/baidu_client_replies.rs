//! What our client makes of answers that came whole: Baidu's own, somebody else's, and those that are meant to harm.

use chrono::TimeDelta;
use kaquan::{
    domain::delivery::Outcome,
    outgoing::answer::Heard,
    platform::baidu::{
        error::{CallError, Failure, Garble},
        settings::TokenBy,
    },
};

use crate::support::{
    baidu_desk::{
        CODE, OPEN_ID, RECORD, TEMPLATE, TOKEN, account, banner, client, secret, sync_letter,
        template, token,
    },
    stub::{Scripted, Stub, answer, answer_with},
};

const UNKNOWN: Outcome = Outcome::Unknown { after: None };

/// One coupon is synced against one answer.
async fn sync(scripted: Scripted) -> Result<Heard<()>, CallError> {
    let stub = Stub::answering([scripted]).await;
    let answer = client().sync(account(&stub.url), &token(), &sync_letter()).await;
    stub.heard_one();
    answer
}

async fn sync_fails(scripted: Scripted) -> CallError {
    sync(scripted).await.unwrap_err()
}

#[tokio::test]
async fn success_is_zero_in_either_form() {
    for body in [r#"{"errno":"0"}"#, r#"{"errno":0}"#, r#"{"errno":0,"errmsg":"success"}"#] {
        let heard = sync(answer(200, body)).await.unwrap();

        assert_eq!((heard.status, heard.answer.as_str()), (200, body));
    }
}

#[tokio::test]
async fn what_only_looks_like_success_is_unknown() {
    for body in [
        r#"{"errno":"00"}"#,
        r#"{"errno":0.0}"#,
        r#"{"errno":true}"#,
        r#"{"errno":null}"#,
        r#"{"msg":"success"}"#,
        "",
        "success",
        "<html><body>login</body></html>",
        r#"{"errno":0"#,
    ] {
        let error = sync_fails(answer(200, body)).await;

        assert!(matches!(error.failure, Failure::Decode(_)), "{body}: {error:?}");
        assert_eq!(error.outcome(false), UNKNOWN, "{body}");
        assert_eq!(error.answer().as_str(), body);
    }
}

#[tokio::test]
async fn a_gateway_error_wins_and_a_token_error_can_be_told() {
    let error = sync_fails(answer(200, r#"{"errno":0,"error_code":110,"error_msg":"x"}"#)).await;

    assert_eq!(error.failure, Failure::Gateway { code: 110 });
    assert!(error.token_problem());
    for (body, is_token) in [
        (r#"{"error_code":111}"#, true),
        (r#"{"error_code":100}"#, true),
        (r#"{"errno":44003}"#, true),
        (r#"{"error_code":18}"#, false),
        (r#"{"errno":40001}"#, false),
    ] {
        assert_eq!(sync_fails(answer(200, body)).await.token_problem(), is_token, "{body}");
    }
}

#[tokio::test]
async fn what_was_done_before_is_done() {
    for body in [
        r#"{"errno":"40000","errmsg":"record already exists"}"#,
        r#"{"errno":"40001","errmsg":"duplicate record"}"#,
    ] {
        assert_eq!(sync_fails(answer(200, body)).await.outcome(false), Outcome::DoneBefore);
    }
    let body = r#"{"errno":"-1024","msg":"already written off"}"#;
    let stub = Stub::answering([answer(200, body)]).await;

    let error = client().write_off(account(&stub.url), &token(), RECORD, OPEN_ID).await;

    assert_eq!(error.unwrap_err().outcome(false), Outcome::DoneBefore);
}

#[tokio::test]
async fn an_answer_about_another_record_is_unknown() {
    let other = r#"{"errno":"0","errmsg":"success","data":{"record_id":"other"}}"#;
    let ours = format!(r#"{{"errno":"0","errmsg":"success","data":{{"record_id":"{RECORD}"}}}}"#);

    let error = sync_fails(answer(200, other)).await;

    assert_eq!(error.failure, Failure::Decode(Garble::Other));
    assert_eq!(error.outcome(false), UNKNOWN);
    assert!(sync(answer(200, &ours)).await.is_ok());
}

#[tokio::test]
async fn statuses_that_are_never_baidus_are_never_a_success() {
    for status in [204, 206, 301, 302, 304, 418] {
        let body = if status == 204 || status == 304 { "" } else { r#"{"errno":0}"# };
        let error = sync_fails(answer(status, body)).await;

        assert_eq!(error.failure, Failure::Http { status });
        assert_eq!((error.status, error.outcome(false)), (Some(status), UNKNOWN));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::answering([]).await;
    let location = format!("Location: {}\r\n", elsewhere.url);

    for status in [301, 302, 303, 307, 308] {
        let error = sync_fails(answer_with(status, &location, b"")).await;

        assert_eq!(error.failure, Failure::Http { status });
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn an_envelope_counts_whatever_its_status() {
    for status in [200, 400, 401, 500, 503] {
        assert!(sync(answer(status, r#"{"errno":"0"}"#)).await.is_ok());
        let error = sync_fails(answer(status, r#"{"errno":70001}"#)).await;
        assert_eq!(error.outcome(false), Outcome::Refused, "{status}");
    }
}

#[tokio::test]
async fn without_an_envelope_the_status_speaks() {
    for status in [400, 403, 404, 408, 500, 502, 503, 504] {
        let error = sync_fails(answer(status, "<html>Bad</html>")).await;

        assert_eq!(error.failure, Failure::Http { status });
        assert_eq!(error.outcome(false), UNKNOWN);
    }
}

#[tokio::test]
async fn a_platform_may_ask_for_a_pause_in_plain_seconds() {
    for (asked, after) in [
        ("3600", Some(3600)),
        ("1000000000000", Some(1_000_000_000_000)),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("99999999999999999999999", None),
    ] {
        let after = after.and_then(TimeDelta::try_seconds);
        let header = format!("Retry-After: {asked}\r\n");

        let busy = sync_fails(answer_with(429, &header, b"slow down")).await;
        let away = sync_fails(answer_with(503, &header, b"")).await;

        assert_eq!(busy.outcome(false), Outcome::Busy { after }, "{asked}");
        assert_eq!(away.outcome(false), Outcome::Unknown { after }, "{asked}");
    }
}

#[tokio::test]
async fn an_answer_is_kept_without_what_could_harm_or_tell() {
    let body = format!(
        r#"{{"errno":40001,"msg":"<script>\u0007","url":"https:\/\/x?t={TOKEN}","o":"{OPEN_ID}","c":"{CODE}"}}"#
    );
    let with_escape = format!("{body}\n\u{1b}[2J");

    let error = sync_fails(answer(200, &with_escape)).await;

    let kept = error.answer().as_str();
    assert_eq!(
        kept,
        r#"{"errno":40001,"msg":"<script>\u0007","url":"https:\/\/x?t=***","o":"***","c":"***"}\u{a}\u{1b}[2J"#
    );
}

#[tokio::test]
async fn a_delete_that_failed_is_not_done() {
    let stub = Stub::answering([
        answer(200, r#"{"errno":0,"data":false}"#),
        answer(200, r#"{"errno":0}"#),
        answer(200, r#"{"errno":0,"data":"true"}"#),
        answer(200, r#"{"errno":70001,"msg":"优惠券不存在"}"#),
    ])
    .await;
    let client = client();
    let delete =
        async || client.delete_template(account(&stub.url), &token(), TEMPLATE).await.unwrap_err();

    assert_eq!(delete().await.failure, Failure::DataFalse);
    assert_eq!(delete().await.failure, Failure::Decode(Garble::Data));
    assert_eq!(delete().await.failure, Failure::Decode(Garble::Data));
    assert_eq!(delete().await.outcome(false), Outcome::DoneBefore);
}

#[tokio::test]
async fn a_banner_that_is_there_already_is_told_apart() {
    let stub = Stub::answering([answer(200, r#"{"errno":70000,"request_id":"r-1"}"#)]).await;

    let error = client().create_banner(account(&stub.url), &token(), TEMPLATE, &banner()).await;

    let failure = error.unwrap_err().failure;
    assert_eq!(failure, Failure::BannerExists { request_id: Some("r-1".to_owned()) });
}

#[tokio::test]
async fn a_created_template_without_its_number_is_unknown() {
    for body in [r#"{"errno":0}"#, r#"{"errno":0,"data":{}}"#, r#"{"errno":0,"data":{"id":"x"}}"#] {
        let stub = Stub::answering([answer(200, body)]).await;

        let error = client().create_template(account(&stub.url), &token(), &template()).await;

        let error = error.unwrap_err();
        assert_eq!((error.outcome(false), error.answer().as_str()), (UNKNOWN, body));
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_and_never_kept() {
    let long = format!(r#"{{"access_token":"{}","expires_in":60}}"#, "x".repeat(10 * 1024));
    for body in [
        long.as_str(),
        r#"{"access_token":"","expires_in":60}"#,
        r#"{"access_token":"24.x y"}"#,
        r#"{"access_token":"24.x"#,
        r#"{"expires_in":60}"#,
    ] {
        let stub = Stub::answering([answer(200, body)]).await;

        let error = client().token(account(&stub.url), &secret(), TokenBy::PostForm).await;

        let error = error.unwrap_err();
        assert!(matches!(error.failure, Failure::Decode(_)), "{error:?}");
        assert_eq!(error.answer().as_str(), "(withheld: it holds a secret)");
    }
}

#[tokio::test]
async fn a_secret_that_baidu_does_not_take_is_for_a_person_to_mend() {
    let body = r#"{"error":"invalid_client","error_description":"unknown client id"}"#;
    let stub = Stub::answering([answer(401, body)]).await;

    let error = client().token(account(&stub.url), &secret(), TokenBy::PostForm).await;

    let error = error.unwrap_err();
    assert_eq!(error.outcome(false), Outcome::Locked);
    assert_eq!((error.status, error.answer().as_str()), (Some(401), body));
}
