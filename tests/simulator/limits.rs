//! Limits and quirks: how often an app may call, how tokens end, how answers are spelt.

use chrono::TimeDelta;
use kaquan::simulator::app::{AppSeed, DEFAULT_APP_KEY};
use serde_json::{Value, json};

use crate::asked::told;
use crate::stage::Stage;

const NOWHERE: &str = "http://127.0.0.1:9/callback";

fn too_fast() -> Value {
    json!({ "error_code": 18, "error_msg": "Open api qps request limit reached" })
}

#[tokio::test]
async fn each_app_has_its_calls_in_a_second() {
    let mut stage = Stage::with(|switches| switches.calls_per_second = Some(2)).await;

    assert_eq!(stage.list(&[]).await["errno"], 0);
    assert_eq!(stage.list(&[]).await["errno"], 0);
    assert_eq!(stage.list(&[]).await, too_fast());

    let mine = stage.token.clone();
    let other = stage.simulator.put_app(AppSeed::default());
    stage.token = stage.token_of(&other).await;
    assert_eq!(stage.list(&[]).await["errno"], 0);
    stage.token = mine;
    assert_eq!(stage.list(&[]).await, too_fast());
    stage.simulator.advance(TimeDelta::seconds(1));
    assert_eq!(stage.list(&[]).await["errno"], 0);
}

#[tokio::test]
async fn a_day_in_china_has_so_many_calls() {
    let stage = Stage::with(|switches| switches.calls_per_day = Some(1)).await;
    let used_up = json!({ "error_code": 17, "error_msg": "Open api daily request limit reached" });

    assert_eq!(stage.list(&[]).await["errno"], 0);
    stage.simulator.advance(TimeDelta::hours(1));
    assert_eq!(stage.list(&[]).await, used_up);
    // The first moment is 22:52 in China.
    stage.simulator.advance(TimeDelta::minutes(8));
    assert_eq!(stage.list(&[]).await["errno"], 0);
}

#[tokio::test]
async fn tokens_end_for_one_app_or_for_all() {
    let mut stage = Stage::set().await;
    let mine = stage.token.clone();
    let other = stage.simulator.put_app(AppSeed::default());
    let theirs = stage.token_of(&other).await;
    stage.simulator.revoke_tokens_of(DEFAULT_APP_KEY);
    assert_eq!(stage.list(&[]).await["error_code"], 110);
    stage.token = theirs;
    assert_eq!(stage.list(&[]).await["errno"], 0);
    stage.control("/_sim/tokens/expire", &json!({ "app_key": other.app_key })).await;
    assert_eq!(stage.list(&[]).await["error_code"], 111);
    stage.token = mine;
    assert_eq!(stage.list(&[]).await["error_code"], 110);

    stage.token = stage.fresh_token().await;
    stage.simulator.expire_tokens(None);
    assert_eq!(stage.list(&[]).await["error_code"], 111);
    stage.control("/_sim/tokens/revoke", &json!({})).await;
    assert_eq!(stage.list(&[]).await["error_code"], 110);
}

#[tokio::test]
async fn a_token_lives_as_long_as_the_switch_says() {
    let stage = Stage::with(|switches| switches.token_ttl = 60).await;

    stage.simulator.advance(TimeDelta::seconds(59));
    assert_eq!(stage.list(&[]).await["errno"], 0);
    stage.simulator.advance(TimeDelta::seconds(1));

    assert_eq!(stage.list(&[]).await["error_code"], 111);
}

#[tokio::test]
async fn types_and_keys_of_one_call_are_flipped() {
    let stage = Stage::with(|switches| {
        switches.flip_errno_type_of.insert("sync".to_owned());
        switches.flip_message_key_of.insert("sync".to_owned());
    })
    .await;
    let template = stage.template(NOWHERE).await;

    let good = stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    let bad = stage.sync(&told(template, "r-1", "open-1", "A2")).await;

    assert_eq!(good, json!({ "errno": 0, "msg": "success" }));
    assert_eq!(bad, json!({ "errno": 40000, "msg": "记录已存在" }));
    assert_eq!(stage.write_off("r-2", "open-1").await["errno"], "40001");
}

#[tokio::test]
async fn a_star_flips_every_call() {
    let stage = Stage::set().await;
    let wish = json!({ "flip_errno_type_of": ["*"], "flip_message_key_of": ["*"] });
    stage.control("/_sim/switches", &wish).await;

    let listed = stage.list(&[]).await;
    let written_off = stage.write_off("r-1", "open-1").await;

    assert_eq!((&listed["errno"], &listed["errmsg"]), (&json!("0"), &json!("")));
    assert_eq!(written_off, json!({ "errno": 40001, "errmsg": "recordId is not known" }));
}
