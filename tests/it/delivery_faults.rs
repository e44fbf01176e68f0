//! Each fault that a call can meet ends with the effect exactly once and the delivery done; no garble counts as done.

use std::{sync::Arc, time::Duration};

use kaquan::simulator::{effects::EffectKind, fault::CallFault};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::support::{
    delivery_chaos::{impatient, wide},
    delivery_scene::{DeliveryScene, Used},
    delivery_stub::{Asked, Reply, Stub},
};

/// Every fault with what the first attempt is in the books; a new fault does not compile until it stands here.
fn story(after: Option<CallFault>) -> Option<(CallFault, &'static str)> {
    use CallFault::*;
    const UNKNOWN: &str = "unknown";
    const NOT_NOW: &str = "retry";
    /// The attempt is not burned, or the call is made once more within it.
    const NOTHING: &str = "";
    Some(match after {
        None => (HangUpAfterAccepting, UNKNOWN),
        Some(HangUpAfterAccepting) => (HangUp, UNKNOWN),
        Some(HangUp) => (Refuse, UNKNOWN),
        Some(Refuse) => (BreakOff, UNKNOWN),
        Some(BreakOff) => (Slow { ms: 2500 }, UNKNOWN),
        Some(Slow { .. }) => (Drip { bytes_per_second: 1 }, UNKNOWN),
        Some(Drip { .. }) => (Unavailable, NOT_NOW),
        Some(Unavailable) => (TooFast, NOTHING),
        Some(TooFast) => (Gateway { code: 1 }, UNKNOWN),
        Some(Gateway { .. }) => (Busy { errno: 5000 }, NOT_NOW),
        Some(Busy { .. }) => (TokenExpired, NOTHING),
        Some(TokenExpired) => (BothErrors, NOTHING),
        Some(BothErrors) => (BadGateway, UNKNOWN),
        Some(BadGateway) => (ServerError { status: 503 }, UNKNOWN),
        Some(ServerError { .. }) => (Html, UNKNOWN),
        Some(Html) => (Redirect, UNKNOWN),
        Some(Redirect) => (CutJson, UNKNOWN),
        Some(CutJson) => (WrongTypes, UNKNOWN),
        Some(WrongTypes) => (MissingErrno, UNKNOWN),
        Some(MissingErrno) => (Empty, UNKNOWN),
        Some(Empty) => (Flood { bytes: 3 << 20 }, UNKNOWN),
        Some(Flood { .. }) => return None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_ends_with_the_effect_once_and_the_delivery_done() {
    let scene = DeliveryScene::new().await;
    let (options, clock) = (&scene.database.options, scene.clock.clone());
    let worker = impatient(options, clock, wide(64), Duration::from_secs(1)).await;
    scene.owe(0..1, Used::Yes).await;
    worker.drain().await.unwrap();

    let (mut fault, mut number) = (None, 1);
    while let Some((next, outcome)) = story(fault) {
        for call in ["sync", "writeOffCoupon"] {
            scene.owe(number..number + 1, Used::Yes).await;
            scene.next_of(call, &[next]);
            scene.drain_to_the_end(&[&worker]).await;

            let record = format!("record-{number}");
            let struck = if call == "sync" { "sync" } else { "write_off" };
            let expected = if outcome.is_empty() { vec!["ok"] } else { vec![outcome, "ok"] };
            for kind in ["sync", "write_off"] {
                let row = scene.row(kind, &record).await;
                let expected = if kind == struck { &expected } else { &vec!["ok"] };
                assert_eq!(
                    (&row.state[..], &row.outcomes),
                    ("done", &texts(expected)),
                    "{next:?} at {call}"
                );
            }
            number += 1;
        }
        fault = Some(next);
    }

    let all = usize::try_from(number).unwrap();
    for kind in [EffectKind::Sync, EffectKind::WriteOff] {
        assert_eq!(scene.effects(kind), (all, 1));
    }
    worker.stop().await;
    scene.finish().await;
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// One answer made wrong in one of many ways; the same seed makes the same one.
fn garble(seed: u64) -> Reply {
    const GOOD: [&str; 3] = [
        r#"{"errno":"0","errmsg":"success"}"#,
        r#"{"errno":0,"msg":"success","data":null}"#,
        r#"{"data":{"id":7},"errno":0,"msg":"","request_id":"1"}"#,
    ];
    const ODD: [&str; 16] = [
        "[0]", "{}", "null", "true", "0.0", "0.1", "\"00\"", "\"\"", "\" 0\"", "\"zero\"", "-0.0",
        "\"0x0\"", "1e400", "\"０\"", "0e0", "false",
    ];
    let mut dice = StdRng::seed_from_u64(seed);
    let good = GOOD[dice.random_range(0..GOOD.len())];
    let mut reply = Reply::json(good);
    let at = dice.random_range(0..good.len());
    match dice.random_range(0..14) {
        0 => reply.body.truncate(at),
        1 => reply.body[at] = dice.random(),
        2 => drop(reply.body.remove(at)),
        3 => reply.body.insert(at, dice.random()),
        4 => reply.body[at] ^= 1 << dice.random_range(0..8),
        5 => {
            let odd = ODD[dice.random_range(0..ODD.len())];
            reply.body = good
                .replace("\"errno\":\"0\"", "\"errno\":0")
                .replace("\"errno\":0", &format!("\"errno\":{odd}"))
                .into();
        }
        6 => {
            let name = ["Errno", "errn", "error", "err_no", "errno "][dice.random_range(0..5)];
            reply.body = good.replace("errno", name).into();
        }
        7 => reply.body = good.replace('{', "{\"errno\":1,").into(),
        8 => {
            let code = ["2", "\"x\"", "[]", "1.5"][dice.random_range(0..4)];
            reply.body = good.replacen('{', &format!("{{\"error_code\":{code},"), 1).into();
        }
        9 => reply.body = format!("{good}{good}").into(),
        10 => reply.body = format!("<html><pre>{good}</pre></html>").into(),
        11 => reply.body = format!("[{good}]").into(),
        12 => {
            reply.status = [201, 204, 206, 301, 302, 400, 404, 418, 429, 500, 502, 503, 504]
                [dice.random_range(0..13)];
        }
        _ => {
            let encoding = ["gzip", "br", "deflate"][dice.random_range(0..3)].to_owned();
            reply.headers.push(("content-encoding", encoding));
        }
    }
    reply
}

/// Whether it still says, beyond doubt, that it is done: judged with nothing of ours.
fn says_done(reply: &Reply) -> bool {
    let Ok(text) = std::str::from_utf8(&reply.body) else { return false };
    let Ok(body) = serde_json::from_str::<Value>(text) else { return false };
    let zero = |value: &Value| value.as_i64() == Some(0) || value.as_str() == Some("0");
    // `Value` keeps the last of two that have one name, so they are counted in the text.
    let theirs = !matches!(reply.status, 204 | 206 | 300..=399 | 418);
    let once = text.matches("\"errno\"").count() == 1;
    let clean =
        ["error_code", "error"].iter().all(|name| body[name].is_null() || zero(&body[name]));
    theirs && body.is_object() && once && zero(&body["errno"]) && clean && reply.headers.len() == 1
}

fn number_of(asked: &Asked) -> u64 {
    let (_, rest) = asked.body.split_once("\"record-").unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_garbled_answer_ever_counts_as_done() {
    const VARIANTS: u32 = 1000;
    let scene = DeliveryScene::new().await;
    let honest = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mended = Arc::clone(&honest);
    let stub = Stub::start(move |asked| match asked {
        asked if asked.is_for_token() => Reply::token(),
        _ if mended.load(std::sync::atomic::Ordering::Acquire) => Reply::success(),
        asked => garble(number_of(asked)),
    })
    .await;
    stub.takes_calls_of(scene.db(), scene.campaign.app).await;
    let settings = wide(VARIANTS as usize);
    let worker =
        impatient(&scene.database.options, scene.clock.clone(), settings, Duration::from_secs(10))
            .await;
    scene.owe(0..VARIANTS, Used::No).await;

    worker.drain().await.unwrap();

    let done: Vec<String> =
        sqlx::query_scalar("select identity from delivery where state = 'done'")
            .fetch_all(scene.db())
            .await
            .unwrap();
    let mut misread: Vec<u64> = done
        .iter()
        .map(|record| record["record-".len()..].parse().unwrap())
        .filter(|seed| !says_done(&garble(*seed)))
        .collect();
    misread.sort_unstable();
    let shown: Vec<_> = misread
        .iter()
        .map(|seed| {
            let reply = garble(*seed);
            (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
        })
        .collect();
    assert!(misread.is_empty(), "misclassified: {shown:?}");
    let garbled = (0..u64::from(VARIANTS)).filter(|seed| !says_done(&garble(*seed))).count();
    assert!(garbled >= 500, "{garbled}");
    assert_eq!(done.len() + garbled, VARIANTS as usize, "what is clear is understood");

    honest.store(true, std::sync::atomic::Ordering::Release);
    scene.drain_to_the_end(&[&worker]).await;
    let dead = scene.count("dead").await;
    say_what_died(&scene, dead).await;
    worker.stop().await;
    scene.finish_owing().await;
}

/// What the garble made into a clear "no" is dead, and nothing else.
async fn say_what_died(scene: &DeliveryScene, dead: i64) {
    let clear: i64 = sqlx::query_scalar(
        "select count(*) from delivery join attempt using (delivery_id)
         where state = 'dead' and outcome = 'permanent' and answer is not null",
    )
    .fetch_one(scene.db())
    .await
    .unwrap();
    assert_eq!(clear, dead);
}
