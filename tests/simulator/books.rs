//! What can be read from inside: wallets, records, people, figures, faults that wait.

use kaquan::simulator::app::DEFAULT_APP_KEY;
use kaquan::simulator::record::{HeldState, Outcome};
use kaquan::simulator::take::TakeOrder;
use serde_json::{Value, json};

use crate::asked::told;
use crate::developer::Manner;
use crate::stage::{Stage, json as read};

async fn book(stage: &Stage, path: &str) -> Value {
    read(stage.client.get(stage.url(path)).send().await.unwrap()).await
}

#[tokio::test]
async fn every_wallet_and_every_record_can_be_compared() {
    let stage = Stage::set().await;
    let no = (200, r#"{"errno":"40001","msg":"sold out"}"#.to_owned());
    let (_, template) = stage.offer(Manner::Script(vec![no])).await;
    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.simulator.take(TakeOrder::new(template, "open-2")).await.unwrap();
    stage.sync(&told(template, "r-3", "open-3", "A3")).await;
    stage.write_off("r-3", "open-3").await;

    let wallets = stage.simulator.wallets();
    let records = stage.simulator.records();

    assert_eq!(wallets.keys().collect::<Vec<_>>(), ["open-2", "open-3"]);
    assert_eq!(wallets["open-3"][0].state, HeldState::Used);
    assert_eq!(records.len(), 3);
    let of = |open_id: &str| records.iter().find(|record| record.open_id == open_id).unwrap();
    assert!(matches!(of("open-1").outcome, Some(Outcome::Refused { .. })));
    assert!(of("open-1").held.is_none());
    assert_eq!(of("open-2").held.as_ref(), Some(&wallets["open-2"][0]));
    assert!(of("open-3").outcome.is_none());
}

#[tokio::test]
async fn the_same_is_read_over_the_wire() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.sync(&told(template, "r-2", "open-2", "A2")).await;

    let wallet = book(&stage, "/_sim/wallet?open_id=open-2&app_key=sim-app-key").await;
    assert_eq!((&wallet[0]["state"], &wallet[0]["origin"]), (&json!("unused"), &json!("sync")));
    assert_eq!(wallet[0]["look"], "#9857AE");
    assert_eq!(book(&stage, "/_sim/wallet?open_id=open-2&app_key=other").await, json!([]));
    assert_eq!(book(&stage, "/_sim/wallets").await.as_object().unwrap().len(), 2);
    assert_eq!(book(&stage, "/_sim/records").await.as_array().unwrap().len(), 2);
    assert_eq!(book(&stage, "/_sim/banners").await, json!([]));
    let people = book(&stage, "/_sim/people?app_key=sim-app-key").await;
    assert_eq!(people, json!(["open-1", "open-2"]));
    let figures = book(&stage, "/_sim/figures").await;
    assert_eq!((&figures[0]["taken"], &figures[0]["synced"]), (&json!(1), &json!(1)));
    assert_eq!((&figures[0]["day"], &figures[0]["stock"]), (&json!("2019-11-28"), &json!(99)));
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_the_wire() {
    let stage = Stage::set().await;
    let aims = [
        json!({ "fault": { "slow": { "ms": 5 } }, "call": "sync", "often": { "next": 3 } }),
        json!({ "fault": "hang_up", "call": null,
                "often": { "share": { "percent": 2.5, "seed": 7 } } }),
    ];

    for aim in &aims {
        assert_eq!(stage.control("/_sim/faults", aim).await.0, 200);
    }
    assert_eq!(book(&stage, "/_sim/faults").await, json!(aims));
    stage.control("/_sim/faults/clear", &json!({})).await;
    assert_eq!(book(&stage, "/_sim/faults").await, json!([]));
    assert_eq!(book(&stage, "/_sim/down").await, json!({ "down": false }));

    for wrong in [
        json!({ "fault": "earthquake", "often": { "next": 1 } }),
        json!({ "fault": "hang_up", "call": "synch", "often": { "next": 1 } }),
        json!({ "fault": "hang_up" }),
    ] {
        assert_eq!(stage.control("/_sim/faults", &wrong).await.0, 400);
    }
    let (_, next) = stage.control("/_sim/next_call", &json!({ "fault": "too_fast" })).await;
    assert_eq!(next, json!({}));
    assert_eq!(stage.list(&[]).await["error_code"], 18);
}

#[tokio::test]
async fn a_login_code_is_minted_over_the_wire() {
    let stage = Stage::set().await;
    let wish = json!({ "app_key": DEFAULT_APP_KEY, "open_id": "open-1" });

    let (_, minted) = stage.control("/_sim/login_code", &wish).await;

    let code = minted["code"].as_str().unwrap();
    let session = stage.post("getsessionkey", &[("code", code)]).await;
    assert_eq!(session["data"]["open_id"], "open-1");
    let wish = json!({ "app_key": "nobody", "open_id": "open-1" });
    assert_eq!(stage.control("/_sim/login_code", &wish).await.0, 404);
}
