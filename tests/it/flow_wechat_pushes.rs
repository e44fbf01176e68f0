//! WeChat tells what happened twice, late, in another order, or somebody else does.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kaquan::simulator::wechat::{
    aim::{Often, PushAim},
    app::PushMode,
    fault::PushFault,
    push::PushState,
    switches::{Retries, Switches},
};
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
                let till = kaquan::simulator::wechat::acts::Till::Console;
                stage.wechat.consume(&name, &taken.code, &till).unwrap();
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
async fn pushes_are_answered_fast_while_many_come() {
    let stage = WechatStage::with_limit(1, 1000).await;
    let card_id = stage.card_id().await;
    for number in 0..300 {
        stage.wechat.take(&format!("person-{number}"), &card_id).unwrap();
    }
    stage.settle().await;

    let slowest =
        stage.wechat.pushes().iter().flat_map(|push| &push.tries).map(|each| each.ms).max();
    assert!(slowest.unwrap() < 5000, "{slowest:?} ms");
    assert_eq!(stage.number("select count(*) from coupon").await, 300);
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
