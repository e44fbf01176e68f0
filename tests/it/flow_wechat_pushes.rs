//! WeChat tells what happened twice, late, in another order, or somebody else does.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kaquan::{
    domain::reconciliation::DifferenceKind::LostCalls,
    simulator::wechat::{
        acts::Till,
        aim::{Often, PushAim},
        app::PushMode,
        fault::PushFault,
        push::PushState,
        switches::{Retries, Switches},
    },
};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    until::until,
    wechat_stage::{Staging, WechatStage},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_told_twice_or_late_comes_to_the_same() {
    let stage = WechatStage::with_limit(1, 1000).await;
    for (fault, percent, seed) in [
        (PushFault::Duplicate { times: 5 }, 25.0, 1),
        (PushFault::Delay { ms: 60 }, 25.0, 2),
        (PushFault::Reorder, 25.0, 3),
        (PushFault::LoseAnswer, 25.0, 4),
    ] {
        let often = Often::Share { percent, seed };
        stage.wechat.fault_pushes(PushAim { fault, event: None, often });
    }
    for number in 0..24 {
        let name = format!("person-{number}");
        let who = stage.log_in(&name).await;
        let taken = stage.take(&who).await;
        stage.clock.advance(TimeDelta::seconds(1));
        match number % 6 {
            0 => stage.wechat.delete(&name, &taken.code).unwrap(),
            1 => stage.wechat.gift(&name, &taken.code, None, false).unwrap(),
            2 => {
                stage.wechat.gift(&name, &taken.code, Some("friend"), false).unwrap();
                stage.clock.advance(TimeDelta::seconds(1));
                stage.wechat.accept("friend", &taken.code).unwrap();
            }
            3 => {
                stage.wechat.gift(&name, &taken.code, None, false).unwrap();
                stage.clock.advance(TimeDelta::seconds(1));
                stage.wechat.return_gift(&name, &taken.code).unwrap();
            }
            4 => {
                stage.wechat.consume(&name, &taken.code, &Till::Console).unwrap();
            }
            _ => {}
        }
    }
    stage.wechat.clear_faults();
    stage.wechat.release_pushes();
    stage.settle().await;

    // And once more, all of it.
    for push in stage.wechat.pushes() {
        stage.wechat.push_again(push.number).unwrap();
    }
    stage.settle().await;

    let told = stage.wechat.pushes().len();
    let kept = stage.number("select count(*) from card_push").await;
    assert_eq!(kept, i64::try_from(told).unwrap());
    assert_eq!(stage.number("select count(*) from coupon").await, 24 + 4);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_of_which_we_were_never_told_is_missed_and_is_there_with_the_next_word_of_it() {
    let stage = WechatStage::new().await;
    stage.wechat.fault_pushes(PushAim::next(3, PushFault::Lost).of("user_get_card"));
    let mut people = Vec::new();
    for name in ["anna", "bert", "carl"] {
        let who = stage.log_in(name).await;
        let taken = stage.take(&who).await;
        people.push((who, taken));
    }
    stage.settle().await;

    // The phone's word is a hint: it keeps the place of the card, and makes no coupon.
    for (who, taken) in &people {
        stage.sign(who).await.problem(409, "reserved");
        stage.redeem(&taken.code, "order-1").await.problem(404, "no_such_coupon");
    }
    assert_eq!(stage.number("select count(*) from coupon").await, 0);
    stage.clock.advance(TimeDelta::days(3));
    assert_eq!(stage.differences().await, [(LostCalls, Some(0), Some(3))]);

    let pushes = stage.wechat.pushes();
    let annas = pushes.iter().find(|push| push.state == PushState::Lost).unwrap();
    stage.wechat.push_again(annas.number).unwrap();
    stage.wechat.consume("bert", &people[1].1.code, &Till::Console).unwrap();
    stage.wechat.delete("carl", &people[2].1.code).unwrap();
    stage.settle().await;

    let anna = stage.log_in("anna").await;
    let claim = format!("/v1/mini/cards/claims/{}/result", people[0].1.claim);
    let list = json!({ "cardList": [
        { "cardId": people[0].1.card_id, "code": people[0].1.encrypted, "isSuccess": true },
    ] });
    let known = stage.ask_as(&anna, Method::POST, &claim, Some(list)).await.is(200).body;
    assert_eq!(known["coupon_id"], stage.holds(&anna).await[0]["id"]);
    stage.redeem(&people[0].1.code, "order-1").await.is(201);
    stage.redeem(&people[1].1.code, "order-1").await.problem(409, "already_redeemed");
    stage.redeem(&people[2].1.code, "order-1").await.problem(409, "suspended");
    assert_eq!(stage.number("select count(*) from coupon").await, 3);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forged_is_refused_and_what_is_true_is_told_again() {
    for (push, faults) in [
        (
            PushMode::Secure,
            vec![PushFault::WrongSignature, PushFault::ForeignAppid, PushFault::Plain],
        ),
        (
            PushMode::Compatible,
            vec![PushFault::WrongSignature, PushFault::ForeignAppid, PushFault::Plain],
        ),
        (PushMode::Plain, vec![PushFault::WrongSignature]),
    ] {
        let stage = WechatStage::with(Staging { push, ..Staging::default() }).await;
        for (number, fault) in faults.into_iter().enumerate() {
            stage.wechat.next_push(fault);
            stage.taken_by(&format!("person-{number}")).await;
            let last = stage.wechat.pushes().pop().unwrap();
            let heard: Vec<_> = last.tries.iter().map(|each| each.status.unwrap()).collect();
            assert_eq!((heard[1..].to_vec(), last.state), (vec![200], PushState::Delivered));
            assert!([400, 403].contains(&heard[0]), "{push:?} {fault:?} {heard:?}");
        }
        stage.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_stuck_pushes_are_told_so_fast_and_kept_later() {
    let switches =
        Switches { retries: Retries::Long, retries_by_clock: true, ..Switches::default() };
    let stage = WechatStage::with(Staging { switches, ..Staging::default() }).await;
    let people: Vec<_> = (0..10).map(|number| format!("person-{number}")).collect();
    let mut signed = Vec::new();
    for name in &people {
        let who = stage.log_in(name).await;
        let claim = stage.sign(&who).await.is(201).body;
        signed.push((who, claim));
    }

    let mut lock = kaquan::store::begin(stage.db()).await.unwrap();
    sqlx::query("lock table card_push in access exclusive mode").execute(&mut *lock).await.unwrap();
    let began = Instant::now();
    for (who, claim) in &signed {
        assert_eq!(stage.add(who, claim).err_msg, "addCard:ok");
    }
    until("all were answered", async || {
        let pushes = stage.wechat.pushes();
        let taken = pushes.iter().filter(|push| push.event == "user_get_card");
        taken.filter(|push| push.tries.len() == 1).count() == 10
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let pushes = stage.wechat.pushes();
    for push in pushes.iter().filter(|push| push.event == "user_get_card") {
        assert_eq!(push.tries[0].status, Some(503), "{:?}", push.tries[0]);
        assert!(push.tries[0].ms < 1500, "{} ms", push.tries[0].ms);
    }
    lock.rollback().await.unwrap();

    stage.clock.advance(TimeDelta::minutes(1));
    until("all are kept", async || {
        let pushes = stage.wechat.pushes();
        pushes.iter().all(|push| push.state == PushState::Delivered)
    })
    .await;
    stage.settle().await;
    assert_eq!(stage.number("select count(*) from coupon").await, 10);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_are_answered_within_a_second_while_many_come() {
    let stage = WechatStage::with_limit(1, 1000).await;
    let card_id = stage.card_id().await;
    // Both sides share two threads. With 250 under way the slowest takes a fifth of the second beside two other programs that
    // never rest; with 1,000 it is WeChat's own work that takes most of it.
    for wave in 0..4 {
        for number in 0..250 {
            stage.wechat.take(&format!("person-{wave}-{number}"), &card_id).unwrap();
        }
        stage.wechat.settled().await;
    }
    stage.settle().await;

    let slowest =
        stage.wechat.pushes().iter().flat_map(|push| &push.tries).map(|each| each.ms).max();
    assert!(slowest.unwrap() < 1000, "{slowest:?} ms");
    assert_eq!(stage.number("select count(*) from coupon").await, 1000);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secrets_of_pushes_change_without_losing_one() {
    let stage = WechatStage::new().await;
    stage.push_address().await;
    // WeChat's console still has the old ones.
    stage.taken_by("anna").await;
    assert_eq!(stage.number("select count(*) from card_push where state = 'applied'").await, 2);
    assert_eq!(json!(stage.wechat.pushes().iter().map(|push| push.tries.len()).max()), json!(1));
    stage.finish().await;
}
