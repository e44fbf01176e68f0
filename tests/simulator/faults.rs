//! Faults: what each one sends, and what it leaves behind.

use std::sync::Arc;

use kaquan::simulator::crowd::CrowdOrder;
use kaquan::simulator::fault::Fault;
use kaquan::simulator::ledger::TakeError;
use kaquan::simulator::report::Violation;
use kaquan::simulator::sign::Salt;
use kaquan::simulator::take::TakeOrder;
use tokio::sync::Barrier;

use crate::developer::Manner;
use crate::stage::{NOW, Stage, signed};

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

    let stamps: Vec<_> =
        developer.heard().iter().map(|call| call["timestamp"].as_i64().unwrap()).collect();
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

    let arrived: Vec<_> = developer.heard().iter().map(|call| call["openId"].clone()).collect();
    assert_eq!(arrived, ["second", "first"]);
    assert_eq!(report.results[0].open_id, "first");
    assert_eq!(report.issued, 2);
    let alone = TakeOrder::new(template, "open-1").with(Fault::SwapPairs);
    assert_eq!(stage.simulator.take(alone).await.unwrap_err(), TakeError::NothingToSwap);
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
    let other = Fault::OtherPerson { open_id: "thief".to_owned() };

    for fault in [Fault::BreakSign, Fault::ShiftBoundary, other, Fault::Stale { seconds: -9000 }] {
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
    let taken = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    let faults = vec![Fault::ShiftBoundary];
    stage.simulator.retake(&taken.record_id, faults).await.unwrap();

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
    stage.simulator.take(TakeOrder::new(template, "open-2")).await.unwrap();

    for call in developer.heard() {
        assert_eq!(call["sign"], signed(Salt::V2, &call));
    }
}

#[tokio::test]
async fn a_waiting_fault_hits_the_next_take_only() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    stage.simulator.next(Fault::Replay);

    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.simulator.take(TakeOrder::new(template, "open-2")).await.unwrap();

    assert_eq!(developer.heard().len(), 3);
}
