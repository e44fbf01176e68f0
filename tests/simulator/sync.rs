//! Sync: coupons that were taken with the developer and are told to the platform.

use chrono::{DateTime, TimeDelta};
use kaquan::simulator::record::{HeldState, Origin};
use kaquan::simulator::report::Violation;
use kaquan::simulator::switches::Choice;
use kaquan::simulator::take::TakeOrder;
use serde_json::{Value, json};

use crate::asked::{synced, told};
use crate::developer::Manner;
use crate::stage::{NOW, Stage, json as read};

const NOWHERE: &str = "http://127.0.0.1:9/callback";

fn taken() -> Value {
    json!({ "errno": "40000", "errmsg": "记录已存在" })
}

#[tokio::test]
async fn a_synced_coupon_lies_in_the_wallet_and_costs_no_stock() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;

    let body = stage.sync(&told(template, "r-1", "open-1", "A1")).await;

    assert_eq!(body, synced());
    let held = stage.only_held("open-1");
    assert_eq!((held.record_id.as_str(), held.code.as_str()), ("r-1", "A1"));
    assert_eq!((held.origin, held.state, held.used_at), (Origin::Sync, HeldState::Unused, None));
    assert_eq!(held.valid_from, DateTime::from_timestamp(NOW, 0).unwrap());
    assert_eq!(held.valid_until, DateTime::from_timestamp(NOW + 3600, 0).unwrap());
    assert_eq!(stage.stock(template), 100);
    assert!(stage.simulator.report().is_clean());

    stage.simulator.advance(TimeDelta::hours(1));
    assert_eq!(stage.only_held("open-1").state, HeldState::Expired);
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_anything_else_is_refused() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let other = stage.template(&format!("{NOWHERE}/2")).await;
    let first = told(template, "r-1", "open-1", "A1");
    stage.sync(&first).await;
    let mut longer = first.clone();
    longer["coupon"]["expire_time"] = json!(NOW + 7200);

    assert_eq!(stage.sync(&first).await, synced());
    for different in [
        told(template, "r-1", "open-2", "A1"),
        told(template, "r-1", "open-1", "A2"),
        told(other, "r-1", "open-1", "A1"),
        longer,
    ] {
        assert_eq!(stage.sync(&different).await, taken(), "{different}");
    }

    assert_eq!(stage.only_held("open-1").code, "A1");
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn each_wrong_field_has_its_errno() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let long = "a".repeat(33);
    let cases = [
        ("record_id", json!(""), "40001"),
        ("record_id", json!(null), "40001"),
        ("record_id", json!(7), "41000"),
        ("record_id", json!(long), "40001"),
        ("code", json!(long), "40001"),
        ("code", json!(["A1"]), "41000"),
        ("coupon_template_id", json!(template.to_string()), "41000"),
        ("coupon_template_id", json!(1.5), "41000"),
        ("coupon_template_id", json!(1), "70001"),
        ("effect_time", json!("soon"), "41000"),
        ("effect_time", json!(NOW + 9999), "40001"),
        ("expire_time", json!(2_147_483_648_i64), "40001"),
        ("expire_time", json!(NOW), "40001"),
        ("shop", json!(1), "40001"),
    ];

    for (name, value, errno) in cases {
        let mut body = told(template, "r-1", "open-1", "A1");
        body["coupon"][name] = value.clone();
        let answer = stage.sync(&body).await;

        assert_eq!(answer["errno"], errno, "{name}={value}: {answer}");
        assert!(answer["errmsg"].is_string() && answer["msg"].is_null());
    }
    assert!(stage.simulator.wallet("open-1").is_empty());
    assert_eq!(stage.simulator.report().undocumented["sync.coupon.shop"], 1);
}

#[tokio::test]
async fn the_body_is_json_and_the_open_id_small() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;
    let url = stage.url("/rest/2.0/smartapp/coupon/sync");
    let token = [("access_token", &stage.token)];
    let text = told(template, "r-1", "open-1", "A1").to_string();
    let twice = text.replacen('{', r#"{"openid":"open-2","#, 1);
    let capital = text.replace("openid", "openId");
    let cases = [
        ("text/plain", text.as_str(), "40001"),
        ("application/json", &twice, "40001"),
        ("application/json", &capital, "40001"),
        ("application/json", "[]", "40001"),
        ("application/json", "{", "40001"),
        ("application/json;", &text, "0"),
    ];

    for (kind, body, errno) in cases {
        let request = stage.client.post(&url).query(&token).header("content-type", kind);
        let answer = read(request.body(body.to_owned()).send().await.unwrap()).await;

        assert_eq!(answer["errno"], errno, "{kind} {body}: {answer}");
    }
}

#[tokio::test]
async fn a_failed_take_may_be_told_afterwards() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Script(vec![(503, String::new()); 3])).await;
    let failed = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    assert_eq!((failed.code(), stage.stock(template)), (None, 100));

    let stranger = told(template, &failed.record_id, "open-2", "A1");
    assert_eq!(stage.sync(&stranger).await, taken());
    let body = told(template, &failed.record_id, "open-1", "A1");
    assert_eq!(stage.sync(&body).await, synced());
    assert_eq!(stage.sync(&body).await, synced());

    let held = stage.only_held("open-1");
    assert_eq!((held.code.as_str(), held.origin), ("A1", Origin::Sync));
    assert_eq!(stage.stock(template), 99);
}

#[tokio::test]
async fn a_failed_take_stays_failed_when_switched_so() {
    let stage = Stage::with(|switches| switches.sync_of_failed_take = Choice::Refuse).await;
    let no = (200, r#"{"errno":"40001","msg":"sold out"}"#.to_owned());
    let (_, template) = stage.offer(Manner::Script(vec![no])).await;
    let refused = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    let body = stage.sync(&told(template, &refused.record_id, "open-1", "A1")).await;

    assert_eq!(body, taken());
    assert!(stage.simulator.wallet("open-1").is_empty());
}

#[tokio::test]
async fn a_coupon_of_a_take_is_confirmed_by_its_code_alone() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let issued = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    let same = told(template, &issued.record_id, "open-1", "CODE1");
    let other = told(template, &issued.record_id, "open-1", "CODE2");

    assert_eq!(stage.sync(&same).await, synced());
    assert_eq!(stage.sync(&other).await, taken());
    let held = stage.only_held("open-1");
    assert_eq!((held.code.as_str(), held.origin), ("CODE1", Origin::Take));
    assert_eq!(held.valid_until, DateTime::from_timestamp(NOW + 86_400, 0).unwrap());
    assert_eq!(stage.stock(template), 99);
}

#[tokio::test]
async fn a_take_that_hears_another_code_than_was_told_is_a_violation() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Script(vec![(503, String::new()); 3])).await;
    let failed = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.sync(&told(template, &failed.record_id, "open-1", "TOLD")).await;

    stage.simulator.retake(&failed.record_id, vec![]).await.unwrap();

    assert_eq!(stage.only_held("open-1").code, "TOLD");
    let violations = stage.simulator.report().violations;
    assert!(matches!(&violations[..], [Violation::OtherCode { .. }]), "{violations:?}");
}

#[tokio::test]
async fn one_code_told_for_two_records_is_a_violation() {
    let stage = Stage::set().await;
    let template = stage.template(NOWHERE).await;

    stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    stage.sync(&told(template, "r-2", "open-2", "A1")).await;

    let violations = stage.simulator.report().violations;
    assert!(matches!(&violations[..], [Violation::CodeGivenTwice { .. }]));
}

#[tokio::test]
async fn a_sync_may_cost_stock_when_switched_so() {
    let stage = Stage::with(|switches| switches.sync_takes_stock = true).await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.simulator.set_stock(template, 1).unwrap();

    assert_eq!(stage.sync(&told(template, "r-1", "open-1", "A1")).await, synced());
    assert_eq!(stage.sync(&told(template, "r-1", "open-1", "A1")).await, synced());
    let none = stage.sync(&told(template, "r-2", "open-2", "A2")).await;

    assert_eq!(none, json!({ "errno": "-1024", "errmsg": "库存不足" }));
    assert_eq!(stage.stock(template), 0);
}

#[tokio::test]
async fn a_coupon_that_is_over_is_told_in_vain_only_when_switched_so() {
    for refuses in [false, true] {
        let stage = Stage::with(|switches| switches.sync_refuses_expired = refuses).await;
        let template = stage.template(NOWHERE).await;
        stage.simulator.advance(TimeDelta::days(3));

        let body = stage.sync(&told(template, "r-1", "open-1", "A1")).await;

        assert_eq!(body["errno"], if refuses { "40001" } else { "0" });
        assert_eq!(stage.simulator.wallet("open-1").len(), usize::from(!refuses));
    }
}
