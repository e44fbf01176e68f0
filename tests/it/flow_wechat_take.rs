//! A card from its creation to its use, with nothing left out: WeChat's calls, the phone's, and WeChat's word of it.

use chrono::TimeDelta;
use kaquan::simulator::wechat::{
    app::PushMode,
    effects::EffectKind,
    fault::CallFault,
    switches::{Layout, Switches},
};
use reqwest::Method;
use serde_json::json;

use crate::support::wechat_stage::{Staging, WechatStage};

/// Everything once, and the use of it with an answer that is lost.
async fn whole_story(code_mode: &str, push: PushMode) {
    let settings = json!({ "code_mode": code_mode });
    let stage = WechatStage::with(Staging { push, settings, ..Staging::default() }).await;
    let who = stage.log_in("anna").await;

    let taken = stage.take(&who).await;
    stage.settle().await;

    let held = stage.holds(&who).await;
    assert_eq!((held.len(), &held[0]["status"]), (1, &json!("usable")));
    let ids = json!({ "coupon_ids": [held[0]["id"]] });
    let opened = stage.ask_as(&who, Method::POST, "/v1/mini/cards/open", Some(ids)).await.is(200);
    assert_eq!(stage.open_cards(&who, &opened.body["cardList"]), "openCard:ok");
    let claim = format!("/v1/mini/cards/claims/{}/result", taken.claim);
    let list = json!({ "cardList": [
        { "cardId": taken.card_id, "code": taken.encrypted, "isSuccess": true },
    ] });
    let again = stage.ask_as(&who, Method::POST, &claim, Some(list)).await.is(200).body;
    assert_eq!((&again["code"], &again["coupon_id"]), (&json!(taken.code), &held[0]["id"]));

    stage.fault("/card/code/consume", CallFault::HangUpAfterAccepting, 1);
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.settle().await;
    stage.drain_after(TimeDelta::minutes(6)).await;
    stage.settle().await;

    let used = stage.effects(EffectKind::Consume);
    assert_eq!(used, [(format!("{}/{}", taken.card_id, taken.code), 1)].into());
    assert!(stage.calls("/card/code/get") >= 1, "a use in doubt is looked at");
    let events = ["card_pass_check", "user_get_card", "user_consume_card"];
    let told: Vec<_> = stage.wechat.pushes().into_iter().map(|push| push.event).collect();
    assert!(events.iter().all(|event| told.iter().any(|told| told == event)), "{told:?}");
    assert_eq!(stage.number("select count(*) from card_push where state <> 'applied'").await, 0);
    assert_eq!(stage.number("select count(*) from event where kind = 'coupon.conflict'").await, 0);
    stage.finish().await;
}

macro_rules! stories {
    ($($name:ident: $mode:literal, $push:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                whole_story($mode, PushMode::$push).await;
            }
        )*
    };
}

stories! {
    their_codes_told_in_the_open: "wechat", Plain;
    their_codes_told_both_ways: "wechat", Compatible;
    their_codes_told_in_secret: "wechat", Secure;
    our_codes_told_in_the_open: "custom", Plain;
    our_codes_told_both_ways: "custom", Compatible;
    our_codes_told_in_secret: "custom", Secure;
    a_pool_of_codes_told_in_the_open: "deposit", Plain;
    a_pool_of_codes_told_both_ways: "deposit", Compatible;
    a_pool_of_codes_told_in_secret: "deposit", Secure;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_may_be_laid_out_in_any_way() {
    for (layout, push) in [
        (Layout::Compact, PushMode::Plain),
        (Layout::Official, PushMode::Plain),
        (Layout::Shuffled, PushMode::Compatible),
        (Layout::Bom, PushMode::Plain),
        (Layout::Bom, PushMode::Secure),
    ] {
        let switches = Switches { layout, ..Switches::default() };
        let stage = WechatStage::with(Staging { push, switches, ..Staging::default() }).await;

        let (_, taken, _) = stage.taken_by("anna").await;
        stage.wechat.gift("anna", &taken.code, Some("bert"), false).unwrap();
        stage.wechat.accept("bert", &taken.code).unwrap();

        stage.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploaded_codes_are_the_cards_own() {
    for code_mode in ["custom", "deposit"] {
        let codes: Vec<_> = (0..5).map(|number| format!("TEA-{number:04}")).collect();
        let stage = WechatStage::with(Staging {
            settings: json!({ "code_mode": code_mode }),
            terms: json!({ "codes": { "type": "uploaded" } }),
            codes: codes.clone(),
            stock: 3,
            ..Staging::default()
        })
        .await;

        for name in ["anna", "bert", "carl"] {
            let (_, taken, _) = stage.taken_by(name).await;
            assert!(codes.contains(&taken.code), "{}", taken.code);
        }
        let late = stage.log_in("dora").await;
        stage.sign(&late).await.problem(409, "sold_out");

        stage.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cards_in_one_second_are_two_coupons() {
    let stage = WechatStage::with_limit(2, 100).await;
    let who = stage.log_in("anna").await;

    let first = stage.take(&who).await;
    let second = stage.take(&who).await;
    stage.settle().await;

    let pushes = stage.wechat.pushes();
    let taken = pushes.iter().filter(|push| push.event == "user_get_card");
    let seconds: Vec<_> = taken.map(|push| push.at).collect();
    assert_eq!((seconds.len(), seconds[0]), (2, seconds[1]));
    assert_ne!(first.code, second.code);
    assert_eq!(stage.holds(&who).await.len(), 2);
    stage.sign(&who).await.problem(409, "limit_reached");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_card_leads_back_to_its_coupon_whatever_its_encrypted_code_is_made_of() {
    let stage = WechatStage::new().await;
    let (anna, taken, coupon) = stage.taken_by("anna").await;
    let other = stage.log_in("bert").await;

    let jump = stage.wechat.tap("anna", &taken.code, "center").unwrap();
    let (page, query) = jump.path.split_once('?').unwrap();
    assert_eq!(page, "pages/coupon/coupon");
    assert!(query.contains("%2B") && query.contains("%2F"), "{query}");
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let query: std::collections::HashMap<_, _> = query.collect();
    let body = |code: &str| Some(json!({ "card_id": query["card_id"], "encrypt_code": code }));
    let path = "/v1/mini/cards/lookup";
    let found = stage.ask_as(&anna, Method::POST, path, body(&query["encrypt_code"])).await.is(200);
    // Somebody in between has decoded it once too often.
    let spoilt = query["encrypt_code"].replace('+', " ");
    let mended = stage.ask_as(&anna, Method::POST, path, body(&spoilt)).await.is(200);

    assert_eq!((found.id(), mended.id()), (coupon.clone(), coupon));
    let theirs = body(&query["encrypt_code"]);
    stage.ask_as(&other, Method::POST, path, theirs).await.problem(404, "no_such_coupon");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_the_reviewers_refuse_cannot_be_taken_until_it_was_changed_and_has_passed() {
    let stage = WechatStage::new().await;
    let anna = stage.log_in("anna").await;
    stage.clock.advance(TimeDelta::seconds(1));
    stage.edit(json!({ "texts": {
        "description": "仅限周末", "introduction": "一单一张。", "threshold": "满 100 元可用", "limit": "每人限领 1 张",
    } })).await;
    stage.drain().await;
    assert_eq!(stage.look().await["review"]["state"], "pending");
    stage.sign(&anna).await.problem(409, "not_reviewed");

    stage.clock.advance(TimeDelta::seconds(1));
    stage.wechat.review(&stage.card_id().await, false, "文案不合规").unwrap();
    stage.settle().await;
    let review = stage.look().await["review"].clone();
    assert_eq!((&review["state"], &review["note"]), (&json!("failed"), &json!("文案不合规")));
    stage.sign(&anna).await.problem(409, "not_reviewed");

    stage.clock.advance(TimeDelta::seconds(1));
    stage.edit(json!({ "texts": {
        "description": "全场通用", "introduction": "一单一张。", "threshold": "满 100 元可用", "limit": "每人限领 1 张",
    } })).await;
    stage.drain().await;
    stage.clock.advance(TimeDelta::seconds(1));
    stage.wechat.review(&stage.card_id().await, true, "").unwrap();
    stage.settle().await;
    stage.take(&anna).await;
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_reviewers_will_look_at_anew_can_be_asked_before_anything_is_changed() {
    let stage = WechatStage::new().await;
    let (template, placement) = (stage.template_path(), stage.path(""));
    let before = (stage.get(&template).await.is(200).body, stage.look().await);
    let mut texts = before.0["texts"].clone();
    texts["description"] = "仅限周末".into();
    let edit = json!({ "version": before.0["version"], "texts": texts });
    let settings =
        json!({ "version": before.1["version"], "settings": { "notice": "出示给店员" } });

    let asked = stage.ask(Method::PATCH, &format!("{template}?dry_run=true"), Some(edit)).await;
    let said = asked.is(200).body;
    assert_eq!(said["texts"], texts);
    assert_eq!(said["platforms"][0]["needs_review"], json!(["description"]));
    let dry = format!("{placement}?dry_run=true");
    let said = stage.ask(Method::PATCH, &dry, Some(settings.clone())).await.is(200).body;
    assert_eq!(said["needs_review"], json!(["notice"]));
    assert_eq!(said.get("delivery"), None);
    assert_eq!((stage.get(&template).await.body, stage.look().await), before);
    assert_eq!(stage.number("select count(*) from delivery where kind = 'update'").await, 0);

    stage.clock.advance(TimeDelta::seconds(1));
    let said = stage.ask(Method::PATCH, &placement, Some(settings)).await.is(200).body;
    assert_eq!(said["needs_review"], json!(["notice"]));
    assert_eq!(said["review"]["state"], "passed");
    assert_eq!(said["delivery"]["kind"], "update");
    stage.settle().await;
    let review = stage.look().await["review"].clone();
    assert_eq!(review, json!({ "state": "pending" }));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_card_is_gone_there_and_can_still_be_used() {
    let stage = WechatStage::new().await;
    let (_, taken, _) = stage.taken_by("anna").await;
    let late = stage.log_in("bert").await;

    stage.act("withdraw").await.is(202);
    stage.settle().await;

    assert_eq!(stage.effects(EffectKind::Delete), [(taken.card_id.clone(), 1)].into());
    assert!(stage.sign(&late).await.status >= 400);
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.settle().await;
    assert_eq!(stage.effects(EffectKind::Consume).values().sum::<u64>(), 1);
    stage.finish().await;
}
