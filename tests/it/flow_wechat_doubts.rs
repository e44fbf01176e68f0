//! Uses at WeChat of which nobody knows whether they were heard: each is made once, and none is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream};
use kaquan::{
    clock::Clock,
    domain::delivery::MOST_ATTEMPTS,
    simulator::wechat::{
        aim::{CallAim, Often},
        coupon::CouponStatus,
        effects::EffectKind,
        fault::CallFault,
        journal::Entry,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::wechat_stage::{Staging, WechatStage};

const CONSUME: &str = "/card/code/consume";
const GET: &str = "/card/code/get";

/// All that may befall a call, each for a share of them.
const TROUBLE: [(&str, CallFault, f64); 11] = [
    (CONSUME, CallFault::HangUpAfterAccepting, 30.0),
    (CONSUME, CallFault::HangUp, 10.0),
    (CONSUME, CallFault::BadGateway, 10.0),
    (CONSUME, CallFault::BadGatewayAfterAccepting, 10.0),
    (CONSUME, CallFault::CutJson, 10.0),
    (CONSUME, CallFault::Errcode(-1), 10.0),
    (CONSUME, CallFault::ErrcodeAsText, 20.0),
    (CONSUME, CallFault::PlainText, 20.0),
    (GET, CallFault::HangUp, 10.0),
    (GET, CallFault::CutJson, 10.0),
    (GET, CallFault::Errcode(-1), 10.0),
];

/// A card in a thousand wallets, used at our till: WeChat's names of these uses.
async fn a_thousand_used(stage: &WechatStage) -> Vec<String> {
    let card_id = stage.card_id().await;
    let take = |number| stage.wechat.take(&format!("person-{number}"), &card_id).unwrap();
    let codes: Vec<_> = (0..1000).map(take).collect();
    stage.settle().await;
    let used = codes.iter().enumerate().map(async |(number, code)| {
        stage.redeem(code, &format!("order-{number}")).await.is(201);
    });
    stream::iter(used).buffer_unordered(16).collect::<Vec<_>>().await;
    codes.iter().map(|code| format!("{card_id}/{code}")).collect()
}

/// What the channel makes of so many failures is another story.
async fn reopen(stage: &WechatStage) {
    sqlx::query("update channel set failures = 0, open_until = null, probing_until = null")
        .execute(stage.db())
        .await
        .unwrap();
}

/// When the last use that is not told yet is tried again.
async fn last_due(stage: &WechatStage) -> Option<DateTime<Utc>> {
    let waits = "select max(due_at) from delivery where kind = 'write_off' and state = 'pending'";
    sqlx::query_scalar(waits).fetch_one(stage.db()).await.unwrap()
}

/// Lets time pass until WeChat has heard of every use.
async fn tell_all(stage: &WechatStage) {
    let mut rounds = 0;
    while let Some(due) = last_due(stage).await {
        reopen(stage).await;
        // Whoever fails often waits for hours: their time comes too.
        stage.drain_after((due - stage.clock.now()).max(TimeDelta::minutes(6))).await;
        rounds += 1;
        assert!(rounds <= MOST_ATTEMPTS, "some are never told");
    }
}

/// Calls that something went wrong with.
fn faulted(stage: &WechatStage) -> Vec<Entry> {
    stage.wechat.journal().into_iter().filter(|entry| entry.fault.is_some()).collect()
}

/// Each of these uses was made once, and there is no other.
fn each_was_used_once(stage: &WechatStage, names: &[String]) {
    let once: BTreeMap<_, _> = names.iter().map(|name| (name.clone(), 1)).collect();
    assert_eq!(stage.effects(EffectKind::Consume), once);
    let mut held = stage.wechat.wallets().into_values().flatten();
    assert!(held.all(|held| held.status == CouponStatus::Consumed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_uses_of_which_nobody_knows_are_each_made_once_and_none_is_lost() {
    let stage = WechatStage::with_limit(1, 1000).await;
    let names = a_thousand_used(&stage).await;
    stage.fault(CONSUME, CallFault::HangUpAfterAccepting, 500);
    stage.fault(CONSUME, CallFault::HangUp, 500);

    // While the clock stands still none is tried again, so these are the first calls.
    let mut rounds = 0;
    while stage.calls(CONSUME) < 1000 {
        reopen(&stage).await;
        stage.drain().await;
        rounds += 1;
        assert!(rounds <= 100, "some are not even tried");
    }

    let first: BTreeSet<_> = faulted(&stage)
        .iter()
        .map(|entry| serde_json::from_str::<Value>(&entry.body).unwrap()["code"].to_string())
        .collect();
    assert_eq!((stage.calls(CONSUME), first.len(), stage.calls(GET)), (1000, 1000, 0));
    let unknown = "select count(*) from attempt where outcome = 'unknown'";
    assert_eq!(stage.number(unknown).await, 1000);
    assert_eq!(stage.effects(EffectKind::Consume).len(), 500);

    tell_all(&stage).await;

    // Each was looked at, and only those that had not been heard were told again.
    assert_eq!((stage.calls(CONSUME), stage.calls(GET)), (1500, 1000));
    assert_eq!(faulted(&stage).len(), 1000);
    each_was_used_once(&stage, &names);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_uses_are_a_thousand_uses_whatever_is_lost() {
    let stage = WechatStage::with_limit(1, 1000).await;
    let names = a_thousand_used(&stage).await;
    for (seed, (path, fault, percent)) in (1..).zip(TROUBLE) {
        let often = Often::Share { percent, seed };
        stage.wechat.fault_calls(CallAim { fault, path: Some(path.to_owned()), often }).unwrap();
    }

    tell_all(&stage).await;

    let faulted = faulted(&stage);
    for (path, fault, _) in TROUBLE {
        let is_it = |entry: &&Entry| entry.path == path && entry.fault == Some(fault);
        let times = faulted.iter().filter(is_it).count();
        assert!(times >= 10, "{fault:?} struck {path} {times} times");
    }
    each_was_used_once(&stage, &names);
    stage.wechat.clear_faults();
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_whose_answer_takes_too_long_is_looked_at_and_made_once() {
    const NEVER: CallFault = CallFault::Slow { ms: 60_000 };
    let call_timeout = Duration::from_secs(2);
    let stage = WechatStage::with(Staging { call_timeout, ..Staging::default() }).await;
    let (_, taken, _) = stage.taken_by("anna").await;
    let looks = stage.calls(GET);
    stage.fault(CONSUME, NEVER, 1);
    stage.fault(GET, NEVER, 1);

    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.drain().await;
    stage.drain_after(TimeDelta::minutes(6)).await;
    stage.drain_after(TimeDelta::minutes(6)).await;

    let ended = "select outcome from attempt join delivery using (delivery_id)
        where kind = 'write_off' order by number";
    assert_eq!(stage.texts(ended).await, ["unknown", "retry", "ok"]);
    assert_eq!((stage.calls(CONSUME), stage.calls(GET)), (1, looks + 2));
    each_was_used_once(&stage, &[format!("{}/{}", taken.card_id, taken.code)]);

    // What only comes late is an answer.
    let (_, taken, _) = stage.taken_by("bert").await;
    let looks = stage.calls(GET);
    stage.fault(CONSUME, CallFault::Slow { ms: 200 }, 1);
    stage.redeem(&taken.code, "order-2").await.is(201);
    stage.drain().await;
    assert_eq!((stage.calls(CONSUME), stage.calls(GET)), (2, looks));
    assert_eq!(faulted(&stage).len(), 3);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_a_number_is_believed_for_what_it_shows_and_else_looked_at() {
    const VOID: &str = "/card/code/unavailable";
    const STOCK: &str = "/card/modifystock";
    let stage = WechatStage::new().await;
    let (_, used, _) = stage.taken_by("anna").await;
    let (_, doubted, _) = stage.taken_by("bert").await;
    let (_, _, void) = stage.taken_by("carl").await;
    for path in [CONSUME, VOID, STOCK] {
        stage.fault(path, CallFault::MissingErrcode, 1);
    }

    let looks = stage.calls(GET);
    stage.redeem(&used.code, "order-1").await.is(201);
    stage.drain().await;
    assert_eq!((stage.calls(CONSUME), stage.calls(GET)), (1, looks), "it names whose it was");
    stage.fault(CONSUME, CallFault::HangUpAfterAccepting, 1);
    stage.fault(GET, CallFault::MissingErrcode, 1);
    stage.redeem(&doubted.code, "order-2").await.is(201);
    let reason = json!({ "reason": "活动取消" });
    stage.post(&format!("/v1/admin/coupons/{void}/void"), reason).await.is(200);
    stage.add_stock("more", 5).await.is(201);
    stage.settle().await;
    stage.drain_after(TimeDelta::minutes(6)).await;

    assert_eq!(faulted(&stage).len(), 5);
    assert_eq!((stage.calls(CONSUME), stage.calls(VOID), stage.calls(STOCK)), (2, 1, 1));
    for (kind, times) in [(EffectKind::Consume, 2), (EffectKind::Void, 1), (EffectKind::Stock, 1)] {
        assert_eq!(stage.effects(kind).values().sum::<u64>(), times, "{kind:?}");
    }
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_was_made_unheard_is_made_once_and_its_stock_told_once() {
    let lost =
        [CallFault::HangUpAfterAccepting, CallFault::CutJson, CallFault::BadGatewayAfterAccepting];
    for fault in lost {
        let stage = WechatStage::with_limit(1, 10).await;
        stage.fault("/card/modifystock", fault, 1);
        stage.add_stock("more", 5).await.is(201);
        stage.settle().await;
        stage.drain_after(TimeDelta::minutes(6)).await;
        stage.fault("/card/update", fault, 1);
        stage.edit(json!({ "texts": {
            "description": "仅限周末", "introduction": "一单一张。", "threshold": "满 100 元可用", "limit": "每人限领 1 张",
        } })).await;
        stage.settle().await;
        stage.drain_after(TimeDelta::minutes(6)).await;
        stage.wechat.review(&stage.card_id().await, true, "").unwrap();
        stage.settle().await;

        assert_eq!(stage.wechat.cards().len(), 1);
        assert_eq!(stage.effects(EffectKind::Stock).values().sum::<u64>(), 1, "{fault:?}");
        for name in 0..15 {
            stage.taken_by(&format!("person-{name}")).await;
        }
        let late = stage.log_in("late").await;
        stage.sign(&late).await.problem(409, "sold_out");
        stage.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_whose_answers_are_lost_holds_every_code_once() {
    let stage = WechatStage::with(Staging {
        settings: json!({ "code_mode": "deposit" }),
        stock: 10,
        ..Staging::default()
    })
    .await;
    stage.fault("/card/code/deposit", CallFault::HangUpAfterAccepting, 2);
    stage.fault("/card/modifystock", CallFault::HangUpAfterAccepting, 1);
    stage.add_stock("more", 250).await.is(201);
    for _ in 0..6 {
        stage.drain_after(TimeDelta::minutes(6)).await;
    }

    let deposited = stage.effects(EffectKind::Deposit);
    assert_eq!(deposited.len(), 260);
    assert!(deposited.values().all(|times| *times == 1));
    assert_eq!(stage.effects(EffectKind::Stock).values().sum::<u64>(), 2);
    stage.taken_by("anna").await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_again_after_a_use_was_given_back_unheard_is_told() {
    let stage = WechatStage::new().await;
    let account = format!("/v1/admin/apps/{}", stage.account);
    let version = stage.get(&account).await.is(200).body["version"].clone();
    let allowed = json!({ "version": version, "give_back": "allowed" });
    stage.ask(Method::PATCH, &account, Some(allowed)).await.is(200);
    let (_, taken, _) = stage.taken_by("anna").await;
    stage.fault(CONSUME, CallFault::HangUp, 1);
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.drain().await;

    let back = json!({ "code": taken.code, "order_no": "order-1" });
    stage.post("/v1/give-backs", back).await.is(200);
    stage.drain_after(TimeDelta::minutes(6)).await;
    assert_eq!(stage.wechat.wallet("anna")[0].status, CouponStatus::Normal);
    stage.redeem(&taken.code, "order-2").await.is(201);
    stage.settle().await;

    assert_eq!(stage.wechat.wallet("anna")[0].status, CouponStatus::Consumed);
    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 1);
    stage.finish().await;
}
