//! Faults of calls to the platform: what arrives, and whether the effect took place.

use std::time::{Duration, Instant};

use kaquan::simulator::aim::FaultAim;
use kaquan::simulator::fault::CallFault;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::asked::{done, synced, told};
use crate::stage::{NOW, Stage};

const NOWHERE: &str = "http://127.0.0.1:9/callback";

/// What came back: status and body, or nothing whole.
type Arrived = Option<(u16, String)>;

/// Adds 7 to a new template's stock under a fault; tells what arrived and whether the 7 are there.
async fn struck(stage: &Stage, fault: CallFault) -> (Arrived, bool) {
    let id = stage.template(&format!("{NOWHERE}/{fault:?}")).await;
    stage.simulator.next_call(fault);
    let template = id.to_string();
    let time = NOW.to_string();
    let form = [
        ("couponTemplateId", template.as_str()),
        ("stockName", &template),
        ("stock", "7"),
        ("createTime", &time),
    ];
    let url = stage.url("/rest/2.0/smartapp/coupon/addStock");
    let token = [("access_token", &stage.token)];
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let arrived = async {
        let reply = client.post(url).query(&token).form(&form).send().await?;
        let status = reply.status().as_u16();
        Ok::<_, reqwest::Error>((status, reply.text().await?))
    };
    (arrived.await.ok(), stage.stock(id) == 7)
}

#[tokio::test]
async fn before_the_effect_nothing_happens() {
    let cases = [
        (CallFault::HangUp, None),
        (CallFault::Refuse, None),
        (CallFault::BadGateway, Some((502, "<html>502 Bad Gateway</html>"))),
        (CallFault::ServerError { status: 503 }, Some((503, "server error"))),
        (CallFault::ServerError { status: 7 }, Some((500, "server error"))),
        (CallFault::Redirect, Some((302, "moved"))),
    ];
    let stage = Stage::set().await;

    for (fault, expected) in cases {
        let (arrived, effect) = struck(&stage, fault).await;

        let expected = expected.map(|(status, body)| (status, body.to_owned()));
        assert_eq!((arrived, effect), (expected, false), "{fault:?}");
    }
    let (arrived, effect) = struck(&stage, CallFault::Html).await;
    let (status, page) = arrived.unwrap();
    assert!(status == 200 && page.starts_with("<!doctype html>") && !effect);
}

#[tokio::test]
async fn a_refusal_before_the_effect_has_the_documented_shape() {
    let gateway = |code: i64, words: &str| json!({ "error_code": code, "error_msg": words });
    let cases = [
        (CallFault::Unavailable, gateway(2, "Service temporarily unavailable")),
        (CallFault::TooFast, gateway(18, "Open api qps request limit reached")),
        (CallFault::Gateway { code: 17 }, gateway(17, "Open api daily request limit reached")),
        (CallFault::Gateway { code: 999 }, gateway(999, "Unknown error")),
        (CallFault::Busy { errno: 500 }, json!({ "errno": "500", "msg": "系统繁忙" })),
        (
            CallFault::BothErrors,
            json!({
                "errno": 0, "msg": "", "data": null, "error_code": 110,
                "error_msg": "Access token invalid or no longer valid",
            }),
        ),
    ];
    let stage = Stage::set().await;

    for (fault, expected) in cases {
        let (arrived, effect) = struck(&stage, fault).await;

        let (status, body) = arrived.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, body, effect), (200, expected, false), "{fault:?}");
    }
}

#[tokio::test]
async fn after_the_effect_only_the_answer_suffers() {
    let whole = |body: &str| Some((200, body.to_owned()));
    let cases = [
        (CallFault::HangUpAfterAccepting, None),
        (CallFault::BreakOff, None),
        (CallFault::CutJson, whole(r#"{"errno":"0",""#)),
        (CallFault::WrongTypes, whole(r#"{"errno":["0"],"msg":"success"}"#)),
        (CallFault::MissingErrno, whole(r#"{"msg":"success"}"#)),
        (CallFault::Empty, whole("")),
        (CallFault::Drip { bytes_per_second: 1000 }, whole(r#"{"errno":"0","msg":"success"}"#)),
        (CallFault::Slow { ms: 1 }, whole(r#"{"errno":"0","msg":"success"}"#)),
    ];
    let stage = Stage::set().await;

    for (fault, expected) in cases {
        let (arrived, effect) = struck(&stage, fault).await;

        assert_eq!((arrived, effect), (expected, true), "{fault:?}");
    }
    let (arrived, effect) = struck(&stage, CallFault::Flood { bytes: 200_000 }).await;
    assert!(arrived.unwrap().1.len() > 200_000 && effect);
}

#[tokio::test]
async fn wrong_types_reach_into_the_data() {
    let stage = Stage::set().await;
    stage.simulator.next_call(CallFault::WrongTypes);

    let body = stage.create(&Stage::terms(NOWHERE)).await;

    assert_eq!((&body["errno"], &body["data"]["id"]), (&json!([0]), &json!("23830866")));
}

#[tokio::test]
async fn a_slow_answer_takes_its_time_and_a_slow_platform_takes_it_always() {
    let stage = Stage::with(|switches| switches.answer_after_ms = 15).await;
    stage.simulator.fault_calls(FaultAim::next(1, CallFault::Slow { ms: 30 })).unwrap();

    let begun = Instant::now();
    assert_eq!(stage.list(&[]).await["errno"], 0);
    assert!(begun.elapsed() >= Duration::from_millis(45));

    let begun = Instant::now();
    assert_eq!(stage.list(&[]).await["errno"], 0);
    assert!(begun.elapsed() >= Duration::from_millis(15));
}

#[tokio::test]
async fn a_token_dies_in_mid_flight_and_a_new_one_lives() {
    let mut stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let coupon = told(template, "r-1", "open-1", "A1");
    stage.simulator.fault_calls(FaultAim::next(1, CallFault::TokenExpired).at("sync")).unwrap();

    assert_eq!(stage.list(&[]).await["errno"], 0);
    assert_eq!(stage.sync(&coupon).await["error_code"], 110);
    assert_eq!(stage.sync(&coupon).await["error_code"], 110);
    assert!(stage.simulator.wallet("open-1").is_empty());

    stage.token = stage.fresh_token().await;
    assert_eq!(stage.sync(&coupon).await, synced());
}

#[tokio::test]
async fn faults_are_aimed_at_one_call_and_used_up() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let coupon = told(template, "r-1", "open-1", "A1");
    stage.simulator.fault_calls(FaultAim::next(2, CallFault::TooFast).at("sync")).unwrap();

    assert_eq!(stage.list(&[]).await["errno"], 0);
    assert_eq!(stage.sync(&coupon).await["error_code"], 18);
    assert_eq!(stage.sync(&coupon).await["error_code"], 18);
    assert_eq!(stage.sync(&coupon).await, synced());

    let misspelt = FaultAim::next(1, CallFault::TooFast).at("addstock");
    assert!(stage.simulator.fault_calls(misspelt).is_err());
}

#[tokio::test]
async fn a_share_of_the_calls_fails_until_the_faults_are_cleared() {
    let stage = Stage::set().await;
    stage.simulator.fault_calls(FaultAim::share(50.0, 7, CallFault::TooFast).at("list")).unwrap();

    let mut failed = 0;
    for _ in 0..60 {
        failed += i32::from(stage.list(&[]).await["error_code"] == 18);
    }
    assert!((15..45).contains(&failed), "{failed}");

    stage.simulator.clear_call_faults();
    for _ in 0..20 {
        assert_eq!(stage.list(&[]).await["errno"], 0);
    }
}

#[tokio::test]
async fn the_token_endpoint_can_be_struck_too() {
    let stage = Stage::set().await;
    let fault = CallFault::ServerError { status: 503 };
    stage.simulator.fault_calls(FaultAim::next(1, fault).at("token")).unwrap();

    let url = stage.url("/oauth/2.0/token");
    let first = stage.client.get(&url).send().await.unwrap();
    let second = stage.client.get(&url).send().await.unwrap();

    assert_eq!((first.status().as_u16(), second.status().as_u16()), (503, 400));
}

#[tokio::test]
async fn a_platform_that_is_away_answers_nobody_but_its_keeper() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let coupon = told(template, "r-1", "open-1", "A1");
    stage.simulator.set_down(true);

    assert!(stage.try_sync(&coupon).await.is_err());
    assert!(stage.client.get(stage.url("/oauth/2.0/token")).send().await.is_err());
    let (status, answer) = stage.control("/_sim/down", &json!({ "down": false })).await;

    assert_eq!((status, answer), (200, json!({ "down": false })));
    assert!(stage.simulator.wallet("open-1").is_empty());
    assert_eq!(stage.sync(&coupon).await, synced());
    assert_eq!(stage.write_off("r-1", "open-1").await, done());
}
