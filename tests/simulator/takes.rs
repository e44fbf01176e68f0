//! Takes: the record, the tries, the wallet, and the one answer that must stay the same.

use chrono::TimeDelta;
use kaquan::simulator::crowd::CrowdOrder;
use kaquan::simulator::ledger::TakeError;
use kaquan::simulator::record::{NotOffered, Outcome, Verdict};
use kaquan::simulator::report::Violation;
use kaquan::simulator::sign::Salt;
use kaquan::simulator::take::TakeOrder;

use crate::developer::Manner;
use crate::stage::{NOW, Stage, signed};

#[tokio::test]
async fn a_take_puts_the_code_into_the_wallet() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;

    let report = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

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
    let report = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    assert_eq!((report.code(), developer.heard().len()), (Some("CODE1"), 3));

    let (developer, template) = stage.offer(Manner::Script(vec![trouble; 3])).await;
    let report = stage.simulator.take(TakeOrder::new(template, "open-2")).await.unwrap();
    assert_eq!((report.outcome, developer.heard().len()), (Outcome::Failed, 3));
    assert_eq!(stage.stock(template), 100);
    assert!(stage.simulator.wallet("open-2").is_empty());
}

#[tokio::test]
async fn the_number_of_tries_is_a_switch() {
    let stage = Stage::with(|switches| switches.deliveries_legacy = 5).await;
    let (developer, template) = stage.offer(Manner::Script(vec![(500, String::new()); 5])).await;

    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    assert_eq!(developer.heard().len(), 5);
}

#[tokio::test]
async fn a_refusal_ends_the_take_and_restores_the_stock() {
    let stage = Stage::set().await;
    let no = (200, r#"{"errno":"40001","msg":"sold out"}"#.to_owned());
    let (developer, template) = stage.offer(Manner::Script(vec![no])).await;

    let report = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    let refused = Outcome::Refused { errno: 40001, msg: "sold out".to_owned() };
    assert_eq!((report.outcome, developer.heard().len()), (refused, 1));
    assert_eq!(stage.stock(template), 100);
}

#[tokio::test]
async fn a_silent_developer_is_given_up() {
    let stage = Stage::impatient().await;
    let (developer, template) = stage.offer(Manner::Silent).await;

    let report = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(report.tries[1].error.as_deref(), Some("timed out"));
    assert_eq!(developer.heard().len(), 2);
}

#[tokio::test]
async fn what_is_not_offered_is_never_asked_for() {
    let stage = Stage::set().await;
    let (developer, template) = stage.offer(Manner::Honest).await;
    let take = async || {
        let report = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
        report.outcome
    };

    stage.simulator.set_stock(template, 0).unwrap();
    assert_eq!(take().await, Outcome::NotOffered { why: NotOffered::SoldOut });
    stage.simulator.advance(TimeDelta::days(2));
    assert_eq!(take().await, Outcome::NotOffered { why: NotOffered::Over });

    assert!(developer.heard().is_empty());
}

#[tokio::test]
async fn a_retake_hears_the_same_or_the_report_says_so() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Honest).await;
    let taken = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    let again = stage.simulator.retake(&taken.record_id, vec![]).await.unwrap();
    assert_eq!((again.code(), again.consistent), (Some("CODE1"), true));
    assert_eq!(stage.stock(template), 99);

    let (_, template) = stage.offer(Manner::Forgetful).await;
    let taken = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    let again = stage.simulator.retake(&taken.record_id, vec![]).await.unwrap();
    assert!(taken.consistent && !again.consistent);
}

#[tokio::test]
async fn a_failed_record_may_succeed_when_it_is_asked_again() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::Script(vec![(503, String::new()); 3])).await;
    let failed = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    let again = stage.simulator.retake(&failed.record_id, vec![]).await.unwrap();

    assert_eq!(again.code(), Some("CODE1"));
    assert_eq!(stage.stock(template), 99);
    assert_eq!(stage.simulator.wallet("open-1").len(), 1);
}

#[tokio::test]
async fn one_code_for_two_records_is_a_violation() {
    let stage = Stage::set().await;
    let (_, template) = stage.offer(Manner::OneCode).await;

    stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();
    stage.simulator.take(TakeOrder::new(template, "open-2")).await.unwrap();

    let violations = stage.simulator.report().violations;
    assert!(matches!(&violations[..], [Violation::CodeGivenTwice { .. }]));
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

    assert_eq!((report.takes, report.issued, report.not_offered), (50, 30, 20));
    assert_eq!(report.inconsistent, 0);
    assert_eq!(stage.stock(template), 0);
    assert!(stage.simulator.report().is_clean());
}

#[tokio::test]
async fn an_answer_that_departs_from_the_documents_is_counted() {
    let stage = Stage::set().await;
    let number = (200, r#"{"errno":0,"msg":"success","data":"A1"}"#.to_owned());
    let (_, template) = stage.offer(Manner::Script(vec![number])).await;

    let report = stage.simulator.take(TakeOrder::new(template, "open-1")).await.unwrap();

    assert_eq!(report.tries[0].verdict, Verdict::Issued { code: "A1".to_owned() });
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

    assert_eq!(stage.simulator.take(order).await.unwrap_err(), TakeError::RecordExists);
    let none = stage.simulator.retake("r-2", vec![]).await;
    assert_eq!(none.unwrap_err(), TakeError::NoSuchRecord);
    let none = stage.simulator.take(TakeOrder::new(1, "open-1")).await;
    assert_eq!(none.unwrap_err(), TakeError::NoSuchTemplate);
}
