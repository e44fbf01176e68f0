//! What our client makes of WeChat's answers: its own, somebody else's, those that break off, and those meant to harm.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kaquan::{
    domain::delivery::Outcome,
    outgoing::{answer::Heard, transport::Unsent},
    platform::wechat::{
        client::code::Consumed,
        error::{CallError, Failure, Garble},
        settings::TokenBy,
    },
};
use tokio::net::TcpListener;
use url::Url;

use crate::support::{
    log,
    stub::{Scripted, Stub, answer, answer_with},
    wechat_desk::{
        CARD, CODE, JS_CODE, OPEN_ID, SECRET, TOKEN, account, card, client, client_that_waits,
        js_code, secret, token,
    },
};

const UNKNOWN: Outcome = Outcome::Unknown { after: None };
const DONE: &str = r#"{"errcode":0,"errmsg":"ok","card":{"card_id":"pSIM0000000000000000000000AA"},"openid":"oUSER000000000000000000000AA"}"#;

/// One code is used up against one answer.
async fn consume(scripted: Scripted) -> Result<Heard<Consumed>, CallError> {
    let stub = Stub::answering([scripted]).await;
    let answer = client().consume_code(account(&stub.url), &token(), CODE, Some(CARD)).await;
    stub.heard_one();
    answer
}

async fn consume_fails(scripted: Scripted) -> CallError {
    consume(scripted).await.unwrap_err()
}

/// One card is deleted against one answer, which has nothing to show but that it was done.
async fn delete(scripted: Scripted) -> Result<Heard<()>, CallError> {
    let stub = Stub::answering([scripted]).await;
    client().delete_card(account(&stub.url), &token(), CARD).await
}

#[tokio::test]
async fn success_is_zero_in_either_form_or_none_and_of_any_content_type() {
    for body in [
        DONE.to_owned(),
        DONE.replace(r#""errcode":0,"#, r#""errcode":"0","#),
        DONE.replace(r#""errcode":0,"#, ""),
        DONE.replace(r#""errcode":0,"errmsg":"ok","#, ""),
    ] {
        for kind in [
            "Content-Type: text/plain\r\n",
            "Content-Type: application/json; encoding=utf-8\r\n",
            "",
        ] {
            let heard = consume(answer_with(200, kind, body.as_bytes())).await.unwrap();
            assert_eq!((heard.status, heard.value.card_id.as_str()), (200, CARD));
        }
    }
    for body in [r#"{"errcode":0}"#, r#"{"errcode":"0","errmsg":"ok"}"#, r#"{"errmsg":"ok"}"#] {
        assert!(delete(answer(200, body)).await.is_ok(), "{body}");
    }
}

#[tokio::test]
async fn what_only_looks_like_success_is_unknown() {
    for body in [
        r#"{"errcode":"00"}"#,
        r#"{"errcode":0.0}"#,
        r#"{"errcode":true}"#,
        r#"{"errcode":null}"#,
        "{}",
        r#"{"status":"up"}"#,
        "",
        "success",
        "<html><body>login</body></html>",
        r#"{"errcode":0"#,
    ] {
        for error in
            [consume_fails(answer(200, body)).await, delete(answer(200, body)).await.unwrap_err()]
        {
            assert!(matches!(error.failure, Failure::Decode(_)), "{body}: {error:?}");
            assert_eq!(error.outcome(false), UNKNOWN, "{body}");
            assert_eq!(error.answer().as_str(), body);
        }
    }
}

#[tokio::test]
async fn a_success_that_shows_nothing_or_something_else_is_unknown() {
    for (body, garble) in [
        (r#"{"errcode":0,"errmsg":"ok"}"#.to_owned(), Garble::Data),
        (DONE.replace(OPEN_ID, "not an id"), Garble::Data),
        (DONE.replace(CARD, "pOTHER"), Garble::Other),
    ] {
        let error = consume_fails(answer(200, &body)).await;

        assert_eq!(error.failure, Failure::Decode(garble), "{body}");
        assert_eq!(error.outcome(false), UNKNOWN);
    }
    let stub = Stub::answering(
        [r#"{"errcode":0}"#, r#"{"errcode":0,"card_id":"../x"}"#, r#"{"errcode":0,"card_id":7.5}"#]
            .map(|body| answer(200, body)),
    )
    .await;
    for _ in 0..3 {
        let error = client().create_card(account(&stub.url), &token(), &card()).await.unwrap_err();
        assert_eq!(error.outcome(false), UNKNOWN);
    }
}

#[tokio::test]
async fn a_token_error_can_be_told_and_each_error_has_its_meaning() {
    for (code, is_token, outcome) in [
        ("40001", true, Outcome::Busy { after: None }),
        ("\"40014\"", true, Outcome::Busy { after: None }),
        ("42001", true, Outcome::Busy { after: None }),
        ("41001", false, Outcome::Refused),
        ("45009", false, Outcome::UsedUpToday),
        ("45011", false, Outcome::TooFast { after: Some(TimeDelta::minutes(1)) }),
        ("48001", false, Outcome::Locked),
        ("40164", false, Outcome::Locked),
        ("47001", false, Outcome::Refused),
        ("40099", false, Outcome::Refused),
        ("40127", false, Outcome::Refused),
        ("-1", false, UNKNOWN),
        ("12345", false, Outcome::Refused),
    ] {
        let body = format!(r#"{{"errcode":{code},"errmsg":"x rid: 1-2"}}"#);
        let error = consume_fails(answer(200, &body)).await;

        assert_eq!((error.token_problem(), error.outcome(false)), (is_token, outcome), "{code}");
        assert!(
            matches!(&error.failure, Failure::Business { rid, .. } if rid.as_deref() == Some("1-2"))
        );
    }
    let gone = delete(answer(200, r#"{"errcode":40073}"#)).await.unwrap_err();
    assert_eq!(gone.outcome(false), Outcome::DoneBefore);
    let used = consume_fails(answer(200, r#"{"errcode":40099}"#)).await;
    assert_eq!((used.code(), used.outcome(true)), (Some(40099), Outcome::DoneBefore));
}

#[tokio::test]
async fn a_busy_wechat_is_asked_thrice_and_never_to_do_what_it_may_have_done() {
    const BUSY: &str = r#"{"errcode":-1,"errmsg":"system error"}"#;
    let (busy, token) = (|| answer(200, BUSY), token());
    let stub = Stub::answering([busy(), busy(), answer(200, r#"{"errcode":0}"#)]).await;
    let began = Instant::now();
    client().delete_card(account(&stub.url), &token, CARD).await.unwrap();
    let asked = stub.heard();
    assert_eq!((asked.len(), &asked[0].body), (3, &asked[2].body));
    assert!(began.elapsed() >= Duration::from_millis(750), "{:?}", began.elapsed());

    let ticket = answer(200, r#"{"errcode":0,"ticket":"ticket-1","expires_in":7200}"#);
    let stub = Stub::answering([busy(), ticket]).await;
    client().card_ticket(account(&stub.url), &token).await.unwrap();
    assert_eq!(stub.heard().len(), 2);

    let stub = Stub::answering([busy(), busy(), busy()]).await;
    let error = client().delete_card(account(&stub.url), &token, CARD).await.unwrap_err();
    assert_eq!((stub.heard().len(), error.outcome(false)), (3, Outcome::Busy { after: None }));

    let later = answer_with(200, "Retry-After: 60\r\n", BUSY.as_bytes());
    let stub = Stub::answering([later]).await;
    let error = client().delete_card(account(&stub.url), &token, CARD).await.unwrap_err();
    assert_eq!(error.outcome(false), Outcome::Busy { after: Some(TimeDelta::minutes(1)) });
    stub.heard_one();

    let stub = Stub::answering([busy(), busy(), busy()]).await;
    let (wechat, whose) = (client(), account(&stub.url));
    wechat.consume_code(whose, &token, CODE, Some(CARD)).await.unwrap_err();
    wechat.create_card(whose, &token, &card()).await.unwrap_err();
    wechat.change_stock(whose, &token, CARD, 1).await.unwrap_err();
    assert_eq!(stub.heard().len(), 3);
}

#[tokio::test]
async fn a_status_that_is_not_wechats_is_never_a_success() {
    for status in [204, 206, 301, 302, 304, 418, 400, 404, 500, 502] {
        let body = if status == 204 || status == 304 { "" } else { DONE };
        let error = consume_fails(answer(status, body)).await;

        assert_eq!(error.failure, Failure::Http { status });
        assert_eq!((error.status, error.outcome(false)), (Some(status), UNKNOWN));
    }
    let error = consume_fails(answer(500, r#"{"errcode":40099}"#)).await;
    assert_eq!(error.code(), Some(40099));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::answering([]).await;
    let location = format!("Location: {}\r\n", elsewhere.url);
    for status in [301, 302, 303, 307, 308] {
        let error = consume_fails(answer_with(status, &location, b"")).await;

        assert_eq!(error.failure, Failure::Http { status });
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn a_pause_in_plain_seconds_is_heard() {
    for (asked, after) in [
        ("3600", Some(3600)),
        ("1000000000000", Some(1_000_000_000_000)),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        let after = after.and_then(TimeDelta::try_seconds);
        let header = format!("Retry-After: {asked}\r\n");

        let busy = consume_fails(answer_with(429, &header, b"slow down")).await;
        let away = consume_fails(answer_with(503, &header, b"")).await;

        // Of a use nobody can be sure: it is looked at first.
        assert_eq!(busy.outcome(false), Outcome::Unknown { after }, "{asked}");
        assert_eq!(away.outcome(false), Outcome::Unknown { after }, "{asked}");
    }
}

#[tokio::test]
async fn a_broken_a_slow_and_an_endless_answer_are_given_up() {
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"errcode\":0}".to_vec();
    let no_http = b"hello".to_vec();
    for bytes in [long, no_http, Vec::new()] {
        let error = consume_fails(Scripted::Bytes(bytes)).await;
        assert!(matches!(error.failure, Failure::Transport { timed_out: false, .. }), "{error:?}");
        assert_eq!(error.outcome(false), UNKNOWN);
    }

    let patience = Duration::from_millis(600);
    let stub = Stub::answering([Scripted::AndSilence(Vec::new())]).await;
    let slow = client_that_waits(patience);
    let error = slow.consume_code(account(&stub.url), &token(), CODE, None).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Transport { timed_out: true, .. }), "{error:?}");

    let endless = format!("{{\"errcode\":0,\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    let error = consume_fails(answer(200, &endless)).await;
    assert_eq!(error.failure, Failure::Decode(Garble::TooLong));
    let packed = answer_with(200, "Content-Encoding: gzip\r\n", b"\x1f\x8b");
    let error = consume_fails(packed).await;
    assert_eq!(error.failure, Failure::Decode(Garble::Compressed));
}

#[tokio::test]
async fn what_cannot_be_dialled_is_not() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = Url::parse(&format!("http://{closed}")).unwrap();
    let error = client().consume_code(account(&nobody), &token(), CODE, None).await.unwrap_err();
    assert!(matches!(error.failure, Failure::NotSent(Unsent::Connect(_))), "{error:?}");
    assert_eq!(error.outcome(true), Outcome::Busy { after: None });

    let open = Url::parse("http://api.weixin.qq.com").unwrap();
    let error = client().consume_code(account(&open), &token(), CODE, None).await.unwrap_err();
    assert!(matches!(error.failure, Failure::NotSent(Unsent::Address(_))), "{error:?}");
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
        r#"{"errcode":0,"errmsg":"ok"}"#,
    ] {
        let stub = Stub::answering([answer(200, body)]).await;

        let error =
            client().access_token(account(&stub.url), &secret(), TokenBy::Token, false).await;

        let error = error.unwrap_err();
        assert!(matches!(error.failure, Failure::Decode(_)), "{error:?}");
        assert_eq!(error.outcome(false), Outcome::Busy { after: None });
        assert_eq!(error.answer().as_str(), "(withheld: it holds a secret)");
    }
}

#[tokio::test]
async fn a_secret_or_an_address_that_wechat_does_not_take_is_for_a_person_to_mend() {
    for body in [
        r#"{"errcode":40125,"errmsg":"invalid appsecret rid: 1-2"}"#,
        r#"{"errcode":40001,"errmsg":"invalid credential"}"#,
        r#"{"errcode":40164,"errmsg":"invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 1-2"}"#,
    ] {
        for by in [TokenBy::StableToken, TokenBy::Token] {
            let stub = Stub::answering([answer(200, body)]).await;

            let error = client().access_token(account(&stub.url), &secret(), by, false).await;

            let error = error.unwrap_err();
            assert_eq!((error.outcome(false), error.token_problem()), (Outcome::Locked, false));
            assert_eq!(error.answer().as_str(), body);
        }
    }
}

#[tokio::test]
async fn an_answer_is_kept_without_what_could_harm_or_tell() {
    let body =
        format!(r#"{{"errcode":40127,"errmsg":"<script>\u0007","t":"{TOKEN}","c":"{CODE}"}}"#);
    let with_escape = format!("{body}\n\u{1b}[2J");

    let error = consume_fails(answer(200, &with_escape)).await;
    let heard = consume(answer(200, DONE)).await.unwrap();

    let kept = r#"{"errcode":40127,"errmsg":"<script>\u0007","t":"***","c":"***"}\u{a}\u{1b}[2J"#;
    assert_eq!(error.answer().as_str(), kept);
    assert!(!heard.answer.as_str().contains(OPEN_ID) && heard.answer.as_str().contains(CARD));
}

#[tokio::test]
async fn nothing_printed_or_logged_tells_a_secret_a_person_or_a_code() {
    log::listen();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = Url::parse(&format!("http://{closed}")).unwrap();
    let session = r#"{"openid":"oUSER000000000000000000000AA","session_key":"canary-session-key"}"#;
    let ticket = r#"{"errcode":0,"errmsg":"ok","ticket":"canary-ticket","expires_in":7200}"#;
    let stub = Stub::answering([
        answer(200, DONE),
        answer(200, r#"{"errcode":40127}"#),
        answer(502, "<html>"),
        Scripted::Bytes(Vec::new()),
        answer(200, r#"{"errcode":40125}"#),
        answer(200, r#"{"errcode":40029}"#),
        answer(200, session),
        answer(200, ticket),
    ])
    .await;
    let (client, here, token) = (client(), account(&stub.url), token());
    let mut told = Vec::new();

    told.push(format!("{:?}", client.consume_code(here, &token, CODE, None).await));
    for base in [&stub.url, &stub.url, &stub.url, &nobody] {
        let error = client.consume_code(account(base), &token, CODE, None).await.unwrap_err();
        told.push(format!("{error} {error:?} {:?}", error.failure));
    }
    told.push(format!("{:?}", client.access_token(here, &secret(), TokenBy::Token, false).await));
    told.push(format!("{:?}", client.session(here, &secret(), &js_code()).await));
    told.push(format!("{:?}", client.session(here, &secret(), &js_code()).await));
    told.push(format!("{:?}", client.card_ticket(here, &token).await));
    told.push(log::heard());

    for secret in [TOKEN, SECRET, JS_CODE, OPEN_ID, CODE, "canary", "/card/code", "access_token="] {
        for text in &told {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(told.last().unwrap().contains("platform.wechat.consume_code"));
}
