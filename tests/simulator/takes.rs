//! Takes: the record, the tries, the faults, and the one answer that must stay the same.

use std::sync::Arc;

use chrono::TimeDelta;
use kaquan::simulator::crowd::CrowdOrder;
use kaquan::simulator::fault::Fault;
use kaquan::simulator::ledger::TakeError;
use kaquan::simulator::record::{NotOffered, Outcome, Verdict};
use kaquan::simulator::report::Violation;
use kaquan::simulator::sign::{Salt, sign};
use kaquan::simulator::take::TakeOrder;
use serde_json::Value;
use tokio::sync::Barrier;

use crate::developer::Manner;
use crate::stage::{NOW, Stage};

fn signed(salt: Salt, call: &Value) -> String {
    let text = |name: &str| {
        call[name]
            .as_str()
            .map_or(call[name].to_string(), str::to_owned)
    };
    let (record, open) = (text("recordId"), text("openId"));
    sign(
        salt,
        &record,
        &open,
        &text("couponTemplateId"),
        &text("timestamp"),
    )
}

#[tokio::test]
async fn a_take_puts_the_code_into_the_wallet() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let report = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    assert_eq!(report.code(), Some("CODE1"));
    assert_eq!((report.tries.len(), report.consistent), (1, true));
    assert_eq!(stage.stock(template), 99);
    let wallet = stage.simulator.wallet("open-1");
    assert_eq!((wallet.len(), wallet[0].code.as_str()), (1, "CODE1"));
    let call = &developer.heard()[0];
    assert_eq!(call["recordId"].as_str().unwrap().len(), 32);
    assert_eq!(call["timestamp"], NOW);
    assert_eq!(call["sign"], signed(Salt::V1, call));
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn an_unclear_answer_is_asked_again_up_to_three_times() {
    let stage = Stage::set().await;
    let trouble = (503, String::new());
    let script = Manner::Script(vec![trouble.clone(), trouble.clone()]);
    let (developer, template) = stage.offer(script).await;
    let report = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();
    assert_eq!((report.code(), developer.heard().len()), (Some("CODE1"), 3));

    let (developer, template) = stage.offer(Manner::Script(vec![trouble; 3])).await;
    let report = stage
        .simulator
        .take(TakeOrder::new(template, "open-2"))
        .await
        .unwrap();
    assert_eq!(
        (report.outcome, developer.heard().len()),
        (Outcome::Failed, 3)
    );
    assert_eq!(stage.stock(template), 100);
    assert!(stage.simulator.wallet("open-2").is_empty());
}

#[tokio::test]
async fn the_number_of_tries_is_a_switch() {
    let stage = Stage::with(|switches| switches.deliveries_legacy = 5).await;
    let (developer, template) = stage
        .offer(Manner::Script(vec![(500, String::new()); 5]))
        .await;

    stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    assert_eq!(developer.heard().len(), 5);
}

#[tokio::test]
async fn a_refusal_ends_the_take_and_restores_the_stock() {
    let stage = Stage::set().await;
    let no = (200, r#"{"errno":"40001","msg":"sold out"}"#.to_owned());
    let (developer, template) = stage.offer(Manner::Script(vec![no])).await;

    let report = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    let refused = Outcome::Refused {
        errno: 40001,
        msg: "sold out".to_owned(),
    };
    assert_eq!((report.outcome, developer.heard().len()), (refused, 1));
    assert_eq!(stage.stock(template), 100);
}

#[tokio::test]
async fn a_silent_developer_is_given_up() {
    let stage = Stage::with(|switches| switches.deliveries_legacy = 2).await;
    let (developer, template) = stage.offer(Manner::Silent).await;

    let report = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(report.tries[1].error.as_deref(), Some("timed out"));
    assert_eq!(developer.heard().len(), 2);
}

#[tokio::test]
async fn what_is_not_offered_is_never_asked_for() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let take = async || {
        let report = stage
            .simulator
            .take(TakeOrder::new(template, "open-1"))
            .await
            .unwrap();
        report.outcome
    };

    stage.simulator.set_stock(template, 0).unwrap();
    assert_eq!(
        take().await,
        Outcome::NotOffered {
            why: NotOffered::SoldOut
        }
    );
    stage.simulator.advance(TimeDelta::days(2));
    assert_eq!(
        take().await,
        Outcome::NotOffered {
            why: NotOffered::Over
        }
    );

    assert!(developer.heard().is_empty());
}

#[tokio::test]
async fn duplicates_are_under_way_together_and_hear_one_answer() {
    let stage = Stage::set().await;
    let barrier = Arc::new(Barrier::new(4));
    let (developer, template) = stage.offer(Manner::Together(barrier)).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::Duplicate { times: 4 });
    let report = stage.simulator.take(order).await.unwrap();

    assert_eq!((report.code(), report.tries.len()), (Some("CODE1"), 4));
    assert!(report.consistent && report.same_bytes);
    assert_eq!(developer.heard().len(), 4);
    assert_eq!(stage.simulator.wallet("open-1").len(), 1);
}

#[tokio::test]
async fn a_dropped_answer_is_asked_again_and_still_compared() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let order = TakeOrder::new(template, "open-1").with(Fault::drop_answer());
    let report = stage.simulator.take(order).await.unwrap();
    assert_eq!((report.code(), report.consistent), (Some("CODE1"), true));
    assert_eq!((report.tries[0].seen, report.tries[1].seen), (false, true));
    assert_eq!(developer.heard().len(), 2);

    let (_, template) = stage.offer(Manner::Forgetful).await;
    let order = TakeOrder::new(template, "open-1").with(Fault::drop_answer());
    let report = stage.simulator.take(order).await.unwrap();
    assert!(!report.consistent);
    let violations = stage.simulator.report().violations;
    assert!(matches!(&violations[..], [Violation::Inconsistent { .. }]));
}

#[tokio::test]
async fn a_hang_up_reaches_the_developer_before_the_retry() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::hang_up());
    let report = stage.simulator.take(order).await.unwrap();

    developer.has_heard(2).await;
    assert_eq!(report.code(), Some("CODE1"));
    assert_eq!(report.tries[0].status, None);
    assert!(!report.tries[0].seen);
}

#[tokio::test]
async fn a_delayed_call_keeps_its_timestamp() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::Delay { ms: 20 });
    let begun = std::time::Instant::now();
    let report = stage.simulator.take(order).await.unwrap();

    assert!(begun.elapsed().as_millis() >= 20);
    assert_eq!(report.code(), Some("CODE1"));
    assert_eq!(developer.heard()[0]["timestamp"], NOW);
}

#[tokio::test]
async fn a_retry_may_overtake_the_first_call() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::RetryOvertakesFirst);
    let report = stage.simulator.take(order).await.unwrap();

    let stamps: Vec<_> = developer
        .heard()
        .iter()
        .map(|call| call["timestamp"].as_i64().unwrap())
        .collect();
    assert_eq!(stamps, [NOW + 1, NOW]);
    assert_eq!((report.code(), report.consistent), (Some("CODE1"), true));
}

#[tokio::test]
async fn two_records_may_arrive_in_swapped_order() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let order = CrowdOrder {
        coupon_template_id: template,
        open_ids: vec!["first".to_owned(), "second".to_owned()],
        faults: vec![Fault::SwapPairs],
        parallel: 1,
        ..CrowdOrder::default()
    };

    let report = stage.simulator.take_all(order).await.unwrap();

    let arrived: Vec<_> = developer
        .heard()
        .iter()
        .map(|call| call["openId"].clone())
        .collect();
    assert_eq!(arrived, ["second", "first"]);
    assert_eq!(report.results[0].open_id, "first");
    assert_eq!(report.issued, 2);
    let alone = TakeOrder::new(template, "open-1").with(Fault::SwapPairs);
    assert_eq!(
        stage.simulator.take(alone).await.unwrap_err(),
        TakeError::NothingToSwap
    );
}

#[tokio::test]
async fn a_broken_sign_matches_no_salt() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::BreakSign);
    let report = stage.simulator.take(order).await.unwrap();

    let call = &developer.heard()[0];
    let sent = call["sign"].as_str().unwrap();
    assert_eq!(sent.len(), 32);
    assert!(sent != signed(Salt::V1, call) && sent != signed(Salt::V2, call));
    assert!(!report.tries[0].genuine);
}

#[tokio::test]
async fn a_forged_call_puts_nothing_into_a_wallet_and_costs_no_stock() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let other = Fault::OtherPerson {
        open_id: "thief".to_owned(),
    };

    for fault in [
        Fault::BreakSign,
        Fault::ShiftBoundary,
        other,
        Fault::Stale { seconds: -9000 },
    ] {
        let order = TakeOrder::new(template, "open-1").with(fault);
        stage.simulator.take(order).await.unwrap();
    }

    assert!(stage.simulator.wallet("open-1").is_empty());
    assert_eq!(stage.stock(template), 100);
}

#[tokio::test]
async fn a_stale_timestamp_is_signed_truly() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::Stale { seconds: -600 });
    stage.simulator.take(order).await.unwrap();

    let call = &developer.heard()[0];
    assert_eq!(call["timestamp"], NOW - 600);
    assert_eq!(call["sign"], signed(Salt::V1, call));
}

#[tokio::test]
async fn a_shifted_boundary_collides_with_the_true_call() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let taken = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    let faults = vec![Fault::ShiftBoundary];
    stage
        .simulator
        .retake(&taken.record_id, faults)
        .await
        .unwrap();

    let (calls, wallet) = (developer.heard(), stage.simulator.wallet("open-1"));
    assert_eq!(calls[1]["recordId"], format!("{}o", taken.record_id));
    assert_eq!(calls[1]["openId"], "pen-1");
    assert_eq!(calls[1]["sign"], calls[0]["sign"]);
    assert_eq!((wallet.len(), wallet[0].code.as_str()), (1, "CODE1"));
}

#[tokio::test]
async fn numbers_may_come_as_text_under_the_same_sign() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::NumbersAsText);
    stage.simulator.take(order).await.unwrap();

    let call = &developer.heard()[0];
    assert_eq!(call["couponTemplateId"], template.to_string());
    assert_eq!(call["timestamp"], NOW.to_string());
    assert_eq!(call["sign"], signed(Salt::V1, call));
}

#[tokio::test]
async fn a_replay_repeats_every_byte() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let order = TakeOrder::new(template, "open-1").with(Fault::Replay);
    let report = stage.simulator.take(order).await.unwrap();

    assert_eq!(report.tries[0].request, report.tries[1].request);
    assert_eq!((report.tries.len(), report.consistent), (2, true));
    assert_eq!(developer.heard().len(), 2);
}

#[tokio::test]
async fn salt_v2_is_a_fault_and_a_switch() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let order = TakeOrder::new(template, "open-1").with(Fault::SaltV2);
    stage.simulator.take(order).await.unwrap();

    let mut switches = stage.simulator.switches();
    switches.salt = Salt::V2;
    stage.simulator.set_switches(switches);
    stage
        .simulator
        .take(TakeOrder::new(template, "open-2"))
        .await
        .unwrap();

    for call in developer.heard() {
        assert_eq!(call["sign"], signed(Salt::V2, &call));
    }
}

#[tokio::test]
async fn a_waiting_fault_hits_the_next_take_only() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    stage.simulator.next(Fault::Replay);

    stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();
    stage
        .simulator
        .take(TakeOrder::new(template, "open-2"))
        .await
        .unwrap();

    assert_eq!(developer.heard().len(), 3);
}

#[tokio::test]
async fn a_retake_hears_the_same_or_the_report_says_so() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let taken = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();
    let again = stage
        .simulator
        .retake(&taken.record_id, vec![])
        .await
        .unwrap();
    assert_eq!((again.code(), again.consistent), (Some("CODE1"), true));
    assert_eq!(stage.stock(template), 99);

    let (_, template) = stage.offer(Manner::Forgetful).await;
    let taken = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();
    let again = stage
        .simulator
        .retake(&taken.record_id, vec![])
        .await
        .unwrap();
    assert!(taken.consistent && !again.consistent);
}

#[tokio::test]
async fn a_failed_record_may_succeed_when_it_is_asked_again() {
    let stage = Stage::set().await;
    let (_, template) = stage
        .offer(Manner::Script(vec![(503, String::new()); 3]))
        .await;
    let failed = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    let again = stage
        .simulator
        .retake(&failed.record_id, vec![])
        .await
        .unwrap();

    assert_eq!(again.code(), Some("CODE1"));
    assert_eq!(stage.stock(template), 99);
    assert_eq!(stage.simulator.wallet("open-1").len(), 1);
}

#[tokio::test]
async fn one_code_for_two_records_is_a_violation() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::OneCode).await;

    stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();
    stage
        .simulator
        .take(TakeOrder::new(template, "open-2"))
        .await
        .unwrap();

    let violations = stage.simulator.report().violations;
    assert!(matches!(
        &violations[..],
        [Violation::CodeGivenTwice { .. }]
    ));
}

#[tokio::test]
async fn a_crowd_empties_the_stock_and_not_more() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    stage.simulator.set_stock(template, 30).unwrap();
    let order = CrowdOrder {
        coupon_template_id: template,
        open_ids: (0..50).map(|number| format!("open-{number}")).collect(),
        parallel: 16,
        ..CrowdOrder::default()
    };

    let report = stage.simulator.take_all(order).await.unwrap();

    assert_eq!(
        (report.takes, report.issued, report.not_offered),
        (50, 30, 20)
    );
    assert_eq!(report.inconsistent, 0);
    assert_eq!(stage.stock(template), 0);
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn an_answer_that_departs_from_the_documents_is_counted() {
    let stage = Stage::set().await;
    let number = (200, r#"{"errno":0,"msg":"success","data":"A1"}"#.to_owned());
    let (_, template) = stage.offer(Manner::Script(vec![number])).await;

    let report = stage
        .simulator
        .take(TakeOrder::new(template, "open-1"))
        .await
        .unwrap();

    assert_eq!(
        report.tries[0].verdict,
        Verdict::Issued {
            code: "A1".to_owned()
        }
    );
    let report = stage.simulator.report();
    assert_eq!(report.deviations["callback answer: errno is a number"], 1);
}

#[tokio::test]
async fn a_record_is_taken_once_and_must_exist_to_be_asked_again() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let mut order = TakeOrder::new(template, "open-1");
    order.record_id = Some("r-1".to_owned());
    stage.simulator.take(order.clone()).await.unwrap();

    assert_eq!(
        stage.simulator.take(order).await.unwrap_err(),
        TakeError::RecordExists
    );
    let none = stage.simulator.retake("r-2", vec![]).await;
    assert_eq!(none.unwrap_err(), TakeError::NoSuchRecord);
    let none = stage.simulator.take(TakeOrder::new(1, "open-1")).await;
    assert_eq!(none.unwrap_err(), TakeError::NoSuchTemplate);
}
