//! How cards end on both sides: over, void, or thrown away before their use was told.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::simulator::wechat::{coupon::CouponStatus, effects::EffectKind, fault::CallFault};
use serde_json::json;

use crate::support::wechat_stage::{Staging, WechatStage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_say_the_same_until_when_a_card_can_be_used() {
    for validity in [
        json!({ "type": "after_claim", "days": 7 }),
        json!({ "type": "after_claim", "days": 3, "starts_after_days": 2 }),
        json!({
            "type": "fixed", "from": "2026-11-05T00:00:00+08:00", "until": "2026-12-24T00:00:00+08:00",
        }),
    ] {
        let terms = json!({ "validity": validity });
        let stage = WechatStage::with(Staging { terms, ..Staging::default() }).await;
        stage.taken_by("anna").await;

        let theirs = &stage.wechat.wallet("anna")[0];
        let ours: DateTime<Utc> = sqlx::query_scalar("select valid_until from coupon")
            .fetch_one(stage.db())
            .await
            .unwrap();
        // Theirs is the last second, ours the first moment after it.
        let last = (ours - TimeDelta::seconds(1)).timestamp();
        assert!([last, last + 1].contains(&theirs.end), "{validity}: {ours} {}", theirs.end);
        stage.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_whose_answer_is_lost_is_made_once() {
    let stage = WechatStage::new().await;
    let (_, _, coupon) = stage.taken_by("anna").await;
    stage.fault("/card/code/unavailable", CallFault::HangUpAfterAccepting, 1);
    let path = format!("/v1/admin/coupons/{coupon}/void");

    stage.post(&path, json!({ "reason": "活动取消" })).await.is(200);
    stage.settle().await;
    stage.drain_after(TimeDelta::minutes(6)).await;

    assert_eq!(stage.effects(EffectKind::Void).values().sum::<u64>(), 1);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_to_a_friend_is_void_when_it_is_back() {
    let stage = WechatStage::new().await;
    let (_, taken, coupon) = stage.taken_by("anna").await;
    stage.wechat.gift("anna", &taken.code, None, false).unwrap();
    stage.settle().await;
    let path = format!("/v1/admin/coupons/{coupon}/void");

    stage.post(&path, json!({ "reason": "活动取消" })).await.is(200);
    stage.settle().await;
    assert_eq!(stage.wechat.wallet("anna")[0].status, CouponStatus::Gifting);
    stage.clock.advance(TimeDelta::minutes(30));
    stage.wechat.return_gift("anna", &taken.code).unwrap();
    stage.settle().await;
    stage.drain_after(TimeDelta::hours(1)).await;

    assert_eq!(stage.wechat.wallet("anna")[0].status, CouponStatus::Unavailable);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_of_a_card_that_was_thrown_away_meanwhile_is_left_to_people() {
    let stage = WechatStage::new().await;
    let (_, taken, _) = stage.taken_by("anna").await;

    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.clock.advance(TimeDelta::seconds(5));
    stage.wechat.delete("anna", &taken.code).unwrap();
    stage.settle().await;

    assert_eq!(stage.texts("select state from coupon").await, ["redeemed"]);
    let owed = "select state from delivery where kind = 'write_off'";
    assert_eq!(stage.texts(owed).await, ["dead"]);
    stage.finish_apart().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_little_is_left_there_is_told_once() {
    let stage = WechatStage::with_limit(1, 210).await;
    let card_id = stage.card_id().await;
    for number in 0..115 {
        stage.wechat.take(&format!("person-{number}"), &card_id).unwrap();
    }
    stage.settle().await;

    let told = stage.wechat.pushes().iter().filter(|push| push.event == "card_sku_remind").count();
    assert_eq!(told, 1);
    assert_eq!(stage.number("select count(*) from card_push where state <> 'applied'").await, 0);
    stage.finish().await;
}
