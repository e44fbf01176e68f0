//! What people, tills and the merchant do with cards, on either side.

use chrono::TimeDelta;
use kaquan::simulator::wechat::{acts::Till, coupon::CouponStatus, effects::EffectKind};
use reqwest::Method;
use serde_json::json;

use crate::support::wechat_stage::{Staging, WechatStage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gift_comes_under_a_new_code_and_the_old_one_is_nobodys() {
    let stage = WechatStage::new().await;
    let (anna, taken, _) = stage.taken_by("anna").await;
    let bert = stage.log_in("bert").await;

    stage.wechat.gift("anna", &taken.code, Some("bert"), false).unwrap();
    stage.settle().await;
    stage.redeem(&taken.code, "order-1").await.problem(409, "suspended");
    stage.clock.advance(TimeDelta::seconds(5));
    let new = stage.wechat.accept("bert", &taken.code).unwrap();
    stage.settle().await;

    assert_ne!(new, taken.code);
    assert_eq!(stage.holds(&anna).await.len(), 0);
    assert_eq!(stage.holds(&bert).await.len(), 1);
    stage.redeem(&taken.code, "order-1").await.problem(409, "suspended");
    stage.redeem(&new, "order-1").await.is(201);
    stage.settle().await;
    assert_eq!(
        stage.effects(EffectKind::Consume),
        [(format!("{}/{new}", taken.card_id), 1)].into()
    );
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gift_keeps_a_code_that_is_ours() {
    for code_mode in ["custom", "deposit"] {
        let settings = json!({ "code_mode": code_mode });
        let stage = WechatStage::with(Staging { settings, ..Staging::default() }).await;
        let (anna, taken, coupon) = stage.taken_by("anna").await;
        let bert = stage.log_in("bert").await;

        stage.wechat.gift("anna", &taken.code, None, true).unwrap();
        stage.clock.advance(TimeDelta::seconds(5));
        assert_eq!(stage.wechat.accept("bert", &taken.code).unwrap(), taken.code);
        stage.settle().await;

        assert_eq!(stage.holds(&anna).await.len(), 0);
        assert_eq!(stage.holds(&bert).await[0]["id"], json!(coupon));
        // Whom the limit counts does not change with a gift.
        stage.sign(&anna).await.problem(409, "limit_reached");
        stage.redeem(&taken.code, "order-1").await.is(201);
        stage.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gift_that_nobody_takes_comes_back() {
    let stage = WechatStage::new().await;
    let (anna, taken, coupon) = stage.taken_by("anna").await;

    stage.wechat.gift("anna", &taken.code, None, false).unwrap();
    stage.settle().await;
    let ids = Some(json!({ "coupon_ids": [coupon] }));
    let open = "/v1/mini/cards/open";
    stage.ask_as(&anna, Method::POST, open, ids.clone()).await.problem(409, "suspended");
    stage.agree().await;
    stage.clock.advance(TimeDelta::hours(24));
    stage.wechat.return_gift("anna", &taken.code).unwrap();
    stage.settle().await;

    stage.ask_as(&anna, Method::POST, open, ids).await.is(200);
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_card_cannot_be_used_and_was_had_all_the_same() {
    let stage = WechatStage::new().await;
    let (anna, taken, _) = stage.taken_by("anna").await;

    stage.clock.advance(TimeDelta::seconds(5));
    stage.wechat.delete("anna", &taken.code).unwrap();
    stage.settle().await;

    stage.redeem(&taken.code, "order-1").await.problem(409, "suspended");
    stage.sign(&anna).await.problem(409, "limit_reached");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_till_has_used_is_used_here_and_nothing_is_owed_for_it() {
    let tills = [
        Till::Console,
        Till::Helper { staff: "oSTAFF".to_owned() },
        Till::SelfService { verify_code: "1234".to_owned(), remark_amount: "1000".to_owned() },
    ];
    let stage = WechatStage::new().await;
    for (name, till) in ["anna", "bert", "carl"].iter().zip(&tills) {
        let (who, taken, _) = stage.taken_by(name).await;

        stage.clock.advance(TimeDelta::seconds(5));
        stage.wechat.consume(name, &taken.code, till).unwrap();
        stage.settle().await;

        stage.redeem(&taken.code, "order-1").await.problem(409, "already_redeemed");
        assert_eq!(stage.holds(&who).await.len(), 0, "{till:?}");
    }
    assert_eq!(stage.calls("/card/code/consume"), 0);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tills_at_once_are_a_conflict_for_people() {
    let stage = WechatStage::new().await;
    let (_, taken, _) = stage.taken_by("anna").await;

    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.clock.advance(TimeDelta::seconds(5));
    stage.wechat.consume("anna", &taken.code, &Till::Console).unwrap();
    stage.settle().await;

    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 0);
    let conflicts = "select count(*) from event where kind = 'coupon.conflict'";
    assert_eq!(stage.number(conflicts).await, 1);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_coupon_is_unavailable_there() {
    let stage = WechatStage::new().await;
    let (_, taken, coupon) = stage.taken_by("anna").await;
    let path = format!("/v1/admin/coupons/{coupon}/void");

    stage.post(&path, json!({ "reason": "活动取消" })).await.is(200);
    stage.settle().await;

    assert_eq!(stage.wechat.wallet("anna")[0].status, CouponStatus::Unavailable);
    assert_eq!(stage.effects(EffectKind::Void).values().sum::<u64>(), 1);
    stage.redeem(&taken.code, "order-1").await.problem(404, "no_such_coupon");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_is_given_back_only_where_the_merchant_has_said_so() {
    let stage = WechatStage::new().await;
    let (_, taken, _) = stage.taken_by("anna").await;
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.settle().await;
    let back = json!({ "code": taken.code, "order_no": "order-1" });

    let refused = stage.post("/v1/give-backs", back.clone()).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    stage.agree().await;
    let path = format!("/v1/admin/apps/{}", stage.account);
    let version = stage.get(&path).await.is(200).body["version"].clone();
    let edit = json!({ "version": version, "give_back": "allowed" });
    stage.ask(Method::PATCH, &path, Some(edit)).await.is(200);
    let given = stage.post("/v1/give-backs", back).await.is(200).body;
    assert_eq!((&given["changed"], &given["told"]), (&json!(true), &json!(false)));
    stage.settle().await;

    // Told again of the use that was given back, nothing changes; used again, WeChat knows it already.
    let pushes = stage.wechat.pushes();
    let used = pushes.iter().find(|push| push.event == "user_consume_card").unwrap();
    stage.wechat.push_again(used.number).unwrap();
    stage.settle().await;
    assert_eq!(stage.texts("select state from coupon").await, ["issued"]);
    stage.redeem(&taken.code, "order-2").await.is(201);
    stage.settle().await;

    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 1);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_goes_up_and_down_and_nobody_takes_more_than_there_is() {
    let stage = WechatStage::with_limit(1, 2).await;
    stage.taken_by("anna").await;

    stage.add_stock("less", -1).await.is(201);
    stage.settle().await;
    let bert = stage.log_in("bert").await;
    stage.sign(&bert).await.problem(409, "sold_out");
    stage.add_stock("more", 3).await.is(201);
    stage.settle().await;
    for name in ["bert", "carl", "dora"] {
        stage.taken_by(name).await;
    }
    let emil = stage.log_in("emil").await;
    stage.sign(&emil).await.problem(409, "sold_out");

    let card = &stage.wechat.cards()[0];
    assert_eq!(stage.effects(EffectKind::Stock), [(card.card_id.clone(), 2)].into());
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_past_us_is_written_down_even_beyond_the_stock() {
    let stage = WechatStage::with_limit(1, 3).await;
    // Somebody has raised it in WeChat's console, and people take it by its link.
    let token = stage.access_token().await;
    stage
        .console(
            "/card/modifystock",
            &token,
            &json!({
                "card_id": stage.card_id().await, "increase_stock_value": 5,
            }),
        )
        .await;
    let card_id = stage.card_id().await;
    for name in ["a", "b", "c", "d", "e"] {
        stage.wechat.take(name, &card_id).unwrap();
    }
    stage.settle().await;

    assert_eq!(stage.number("select count(*) from coupon").await, 5);
    stage.finish().await;
}
