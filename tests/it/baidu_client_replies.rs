//! What our client makes of answers that are late, broken, somebody else's, or meant to harm (RELIABILITY, rows 97 to 107).

use std::time::Duration;

use chrono::TimeDelta;
use kaquan::{
    domain::delivery::Outcome,
    platform::baidu::{
        answer::Heard,
        error::{CallError, Failure, Garble, Unsent},
        settings::TokenBy,
    },
};
use tokio::net::TcpListener;
use url::Url;

use crate::support::{
    baidu_desk::{
        CODE, LOGIN_CODE, OPEN_ID, RECORD, SECRET, TEMPLATE, TOKEN, account, banner, client,
        client_that_waits, login_code, secret, stock_letter, sync_letter, template, token,
    },
    log,
    stub::{Scripted, Stub, answer, answer_with},
};

const UNKNOWN: Outcome = Outcome::Unknown { after: None };
const NOT_JSON: Failure = Failure::Decode(Garble::NotJson);

/// Enough to connect on a busy machine, and all that these tests wait.
const IMPATIENT: Duration = Duration::from_millis(600);

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
async fn a_longer_length_than_the_body_is_a_broken_answer() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"errno\":0}".to_vec();

    let error = sync_fails(Scripted::Bytes(head)).await;

    assert!(matches!(error.failure, Failure::Transport { timed_out: false, .. }), "{error:?}");
    assert_eq!(error.outcome(false), UNKNOWN);
}

#[tokio::test]
async fn an_answer_that_is_no_http_or_none_at_all_is_a_broken_answer() {
    for bytes in
        [&b""[..], b"hello", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
    {
        let error = sync_fails(Scripted::Bytes(bytes.to_vec())).await;

        assert!(matches!(error.failure, Failure::Transport { .. }), "{error:?}");
        assert_eq!(error.outcome(true), UNKNOWN);
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"errno\"".to_vec();
    for begun in [Vec::new(), half] {
        let stub = Stub::answering([Scripted::AndSilence(begun)]).await;
        let client = client_that_waits(IMPATIENT);

        let error = client.sync(account(&stub.url), &token(), &sync_letter()).await.unwrap_err();

        assert!(matches!(error.failure, Failure::Transport { timed_out: true, .. }), "{error:?}");
        assert!(error.took >= IMPATIENT);
        assert_eq!(error.outcome(false), UNKNOWN);
        stub.heard_one();
    }
}

#[tokio::test]
async fn an_upload_has_its_own_patience() {
    let stub = Stub::answering([Scripted::AndSilence(Vec::new())]).await;
    let client = client_that_waits(IMPATIENT);

    let error = client.create_banner(account(&stub.url), &token(), TEMPLATE, &banner()).await;

    let failure = error.unwrap_err().failure;
    assert!(matches!(failure, Failure::Transport { timed_out: true, .. }), "{failure:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_let_go() {
    let padding = "x".repeat(2 * 1024 * 1024);
    let body = format!(r#"{{"errno":0,"msg":"{padding}"}}"#);

    let error = sync_fails(answer(200, &body)).await;

    assert_eq!(error.failure, Failure::Decode(Garble::TooLong));
    assert_eq!((error.outcome(false), error.answer().as_str()), (UNKNOWN, ""));
}

#[tokio::test]
async fn a_compressed_answer_is_never_unpacked() {
    // `{"errno":0}` by gzip; one of ten gibibytes begins no differently.
    let gzip =
        hex::decode("1f8b0800000000000203ab564a2d2acacb57b232a805008596f3850b000000").unwrap();
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "x"] {
        let header = format!("Content-Encoding: {coding}\r\n");

        let error = sync_fails(answer_with(200, &header, &gzip)).await;

        assert_eq!(error.failure, Failure::Decode(Garble::Compressed));
        assert_eq!(error.outcome(false), UNKNOWN);
    }
    assert_eq!(sync_fails(answer_with(200, "", &gzip)).await.failure, NOT_JSON);
    let plain = answer_with(200, "Content-Encoding: identity\r\n", br#"{"errno":0}"#);
    assert!(sync(plain).await.is_ok());
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

#[tokio::test]
async fn nothing_is_dialled_where_a_secret_must_not_travel() {
    // Names that no resolver knows: a call that got past the check would fail otherwise.
    for base in [
        "http://openapi.invalid/",
        "ftp://127.0.0.1/",
        "https://u:p@a.invalid/",
        "https://a.invalid/?q",
    ] {
        let base = Url::parse(base).unwrap();

        let error = client().add_stock(account(&base), &token(), &stock_letter()).await;

        let error = error.unwrap_err();
        assert!(matches!(error.failure, Failure::NotSent(Unsent::Address(_))), "{error:?}");
        assert_eq!((error.outcome(false), error.answer().as_str()), (Outcome::Locked, ""));
    }
}

#[tokio::test]
async fn a_platform_that_does_not_listen_has_heard_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = Url::parse(&format!("http://{closed}")).unwrap();

    let error = client().sync(account(&base), &token(), &sync_letter()).await.unwrap_err();

    assert!(matches!(error.failure, Failure::NotSent(Unsent::Connect(_))), "{error:?}");
    assert_eq!(error.outcome(true), Outcome::Busy { after: None });
}

#[tokio::test]
async fn a_platform_that_hangs_up_before_tls_has_heard_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let (client, token, letter) = (client(), token(), sync_letter());

    let (_hung_up, answer) = tokio::join!(
        async { drop(listener.accept().await.unwrap()) },
        client.sync(account(&base), &token, &letter)
    );

    let error = answer.unwrap_err();
    assert!(matches!(error.failure, Failure::NotSent(Unsent::Connect(_))), "{error:?}");
    assert_eq!(error.outcome(true), Outcome::Busy { after: None });
}

#[tokio::test]
async fn neither_errors_nor_logs_tell_a_url_or_a_secret() {
    log::listen();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = Url::parse(&format!("http://{closed}")).unwrap();
    let stub = Stub::answering([
        answer(200, r#"{"errno":0}"#),
        answer(200, r#"{"errno":40001}"#),
        answer(502, "<html>"),
        Scripted::Bytes(Vec::new()),
        answer(400, r#"{"error":"invalid_client"}"#),
        answer(200, r#"{"errno":1}"#),
    ])
    .await;
    let (client, here, token) = (client(), account(&stub.url), token());
    let mut told = Vec::new();

    told.push(format!("{:?}", client.sync(here, &token, &sync_letter()).await));
    for base in [&stub.url, &stub.url, &stub.url, &nobody] {
        let error = client.create_template(account(base), &token, &template()).await.unwrap_err();
        told.push(format!("{error} {error:?} {:?}", error.failure));
    }
    let error = client.token(here, &secret(), TokenBy::Get).await.unwrap_err();
    told.push(format!("{error} {error:?}"));
    let error = client.session_key(here, &token, &login_code()).await.unwrap_err();
    told.push(format!("{error} {error:?} {:?} {:?}", template(), sync_letter()));
    told.push(log::heard());

    for secret in [TOKEN, SECRET, LOGIN_CODE, OPEN_ID, CODE, "canary", "/rest/2.0", "access_token="]
    {
        for text in &told {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(told.last().unwrap().contains("platform.baidu.sync"));
}
