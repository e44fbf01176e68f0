//! Write-offs: coupons that were used with the developer.

use chrono::TimeDelta;
use kaquan::simulator::app::AppSeed;
use kaquan::simulator::record::HeldState;
use kaquan::simulator::switches::Second;
use kaquan::simulator::take::TakeOrder;
use serde_json::json;

use crate::asked::{done, told};
use crate::developer::Manner;
use crate::stage::{NOW, Stage};

#[tokio::test]
async fn a_record_of_either_origin_is_written_off() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let taken = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.sync(&told(template, "r-2", "open-2", "A2")).await;

    assert_eq!(stage.write_off(&taken.record_id, "open-1").await, done());
    assert_eq!(stage.write_off("r-2", "open-2").await, done());

    for open_id in ["open-1", "open-2"] {
        let held = stage.only_held(open_id);
        assert_eq!(held.state, HeldState::Used);
        assert_eq!(held.used_at.unwrap().timestamp(), NOW);
    }
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn each_refusal_has_its_errno() {
    let stage = Stage::set().await;
    let no = (200, r#"{"errno":"40001","msg":"sold out"}"#.to_owned());
    let (_, template) = stage.offer(Manner::Script(vec![no])).await;
    let refused = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    let cases = [
        ("unknown", "open-1", "recordId is not known"),
        ("r-1", "open-2", "openId is not the record's"),
        (refused.record_id.as_str(), "open-1", "the record has no coupon"),
        ("", "open-1", "recordId is missing"),
    ];

    for (record, open_id, words) in cases {
        let body = stage.write_off(record, open_id).await;

        assert_eq!(body, json!({ "errno": "40001", "msg": words }));
    }
    assert_eq!(stage.only_held("open-1").state, HeldState::Unused);
}

#[tokio::test]
async fn a_second_write_off_is_refused_or_let_pass() {
    for (switch, expected) in [(Second::Refuse, "-1024"), (Second::Succeed, "0")] {
        let stage = Stage::with(|switches| switches.write_off_twice = switch).await;
        let (_, template) = stage.offer(Manner::Honest).await;
        stage.sync(&told(template, "r-1", "open-1", "A1")).await;
        stage.write_off("r-1", "open-1").await;
        stage.simulator.advance(TimeDelta::seconds(5));

        let second = stage.write_off("r-1", "open-1").await;

        assert_eq!(second["errno"], expected);
        assert_eq!(stage.only_held("open-1").used_at.unwrap().timestamp(), NOW);
        assert_eq!(stage.simulator.figures()[0].used, 1);
    }
}

#[tokio::test]
async fn what_is_over_cannot_be_used() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    stage.simulator.advance(TimeDelta::hours(1));

    let body = stage.write_off("r-1", "open-1").await;

    assert_eq!(body, json!({ "errno": "-1024", "msg": "优惠券已过期" }));
}

#[tokio::test]
async fn another_apps_record_is_not_known() {
    let mut stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.sync(&told(template, "r-1", "open-1", "A1")).await;
    let other = stage.simulator.put_app(AppSeed::default());
    stage.token = stage.token_of(&other).await;

    let body = stage.write_off("r-1", "open-1").await;

    assert_eq!(body["errno"], "40001");
}
