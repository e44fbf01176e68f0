//! Our client on a bad line: answers that break off, stay away, never end or come packed, and addresses that are not dialled.

use std::time::Duration;

use kaquan::{
    domain::delivery::Outcome,
    outgoing::{answer::Heard, transport::Unsent},
    platform::baidu::{
        error::{CallError, Failure, Garble},
        settings::TokenBy,
    },
};
use tokio::net::TcpListener;
use url::Url;

use crate::support::{
    baidu_desk::{
        CODE, LOGIN_CODE, OPEN_ID, SECRET, TEMPLATE, TOKEN, account, banner, client,
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
