//! Uses at WeChat of which nobody knows whether they were heard: each is made once, and none is lost.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::Clock,
    domain::delivery::MOST_ATTEMPTS,
    simulator::wechat::{
        aim::{CallAim, Often},
        coupon::CouponStatus,
        effects::EffectKind,
        fault::CallFault,
    },
};
use reqwest::Method;
use serde_json::json;

use crate::support::wechat_stage::{Staging, WechatStage};

const CONSUME: &str = "/card/code/consume";
const GET: &str = "/card/code/get";

/// All that may befall a call, each for a share of them.
fn trouble(stage: &WechatStage) {
    let at_consume = [
        (CallFault::HangUpAfterAccepting, 30.0),
        (CallFault::HangUp, 10.0),
        (CallFault::BadGateway, 10.0),
        (CallFault::BadGatewayAfterAccepting, 10.0),
        (CallFault::CutJson, 10.0),
        (CallFault::Errcode(-1), 10.0),
        (CallFault::ErrcodeAsText, 20.0),
        (CallFault::PlainText, 20.0),
    ];
    let at_get =
        [(CallFault::HangUp, 10.0), (CallFault::CutJson, 10.0), (CallFault::Errcode(-1), 10.0)];
    let all = at_consume.map(|(fault, percent)| (CONSUME, fault, percent)).into_iter();
    let all = all.chain(at_get.map(|(fault, percent)| (GET, fault, percent)));
    for (seed, (path, fault, percent)) in (1..).zip(all) {
        let often = Often::Share { percent, seed };
        stage.wechat.fault_calls(CallAim { fault, path: Some(path.to_owned()), often }).unwrap();
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_uses_are_a_thousand_uses_whatever_is_lost() {
    let stage = WechatStage::with_limit(1, 1000).await;
    let card_id = stage.card_id().await;
    let mut names = Vec::new();
    for number in 0..1000 {
        let code = stage.wechat.take(&format!("person-{number}"), &card_id).unwrap();
        names.push((format!("{card_id}/{code}"), code));
    }
    stage.settle().await;

    trouble(&stage);
    let used = names.iter().enumerate().map(|(number, (_, code))| {
        let stage = &stage;
        async move { stage.redeem(code, &format!("order-{number}")).await.is(201) }
    });
    let used: Vec<_> = futures_util::StreamExt::collect(futures_util::StreamExt::buffer_unordered(
        futures_util::stream::iter(used),
        16,
    ))
    .await;
    assert_eq!(used.len(), 1000);
    let mut rounds = 0;
    while let Some(due) = last_due(&stage).await {
        reopen(&stage).await;
        // Whoever fails often waits for hours: their time comes too.
        stage.drain_after((due - stage.clock.now()).max(TimeDelta::minutes(6))).await;
        rounds += 1;
        assert!(rounds <= MOST_ATTEMPTS, "some are never told");
    }

    let effects = stage.effects(EffectKind::Consume);
    assert_eq!(effects.len(), 1000);
    assert!(names.iter().all(|(name, _)| effects[name] == 1));
    let held = stage.wechat.wallets().into_values().flatten();
    assert!(held.into_iter().all(|held| held.status == CouponStatus::Consumed));
    stage.wechat.clear_faults();
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
