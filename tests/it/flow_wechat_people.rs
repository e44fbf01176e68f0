//! One person under two names at WeChat, and on another platform besides: what is theirs, and how much they may have.

use chrono::TimeDelta;
use futures_util::future::join;
use kaquan::simulator::{
    app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
    switches,
    take::TakeOrder,
    wechat::{
        aim::PushAim,
        app::{DEFAULT_MP, DEFAULT_OA},
        effects::EffectKind,
        fault::PushFault,
        switches::Switches,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    baidu::start_baidu,
    delivery_scene::set_rate,
    wechat_stage::{Staging, WechatStage},
};

async fn bonds(stage: &WechatStage) -> i64 {
    stage.number("select count(*) from holder_bond").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_in_the_mini_program_is_known_by_wechats_name_over_both() {
    let stage = WechatStage::new().await;
    let (anna, _, _) = stage.taken_by("anna").await;

    let known = stage.wechat.person("anna").unwrap();
    assert_ne!(known.open_ids[DEFAULT_OA], known.open_ids[DEFAULT_MP]);
    assert_eq!((stage.holds(&anna).await.len(), bonds(&stage).await), (1, 1));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_events_do_not_name_it_what_was_signed_says_who_it_is() {
    let switches = Switches { union_id_in_events: false, ..Switches::default() };
    let stage = WechatStage::with(Staging { switches, ..Staging::default() }).await;
    let (anna, taken, _) = stage.taken_by("anna").await;

    assert!(stage.wechat.pushes().iter().all(|push| !push.message.contains("UnionId")));
    assert_eq!((stage.holds(&anna).await.len(), bonds(&stage).await), (1, 1));
    assert!(!stage.wechat.wallet("anna")[0].outer_str.is_empty());
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_took_a_card_before_they_ever_came_finds_it_when_they_come() {
    let stage = WechatStage::new().await;
    let card_id = stage.card_id().await;
    stage.wechat.take("anna", &card_id).unwrap();
    stage.settle().await;

    let anna = stage.log_in("anna").await;

    assert_eq!((stage.holds(&anna).await.len(), bonds(&stage).await), (1, 1));
    stage.sign(&anna).await.problem(409, "limit_reached");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_claim_that_somebody_else_uses_gives_nobody_their_cards() {
    let stage = WechatStage::new().await;
    let anna = stage.log_in("anna").await;
    let bert = stage.log_in("bert").await;
    let signed = stage.sign(&anna).await.is(201).body;

    assert_eq!(stage.add(&bert, &signed).err_msg, "addCard:ok");
    stage.settle().await;

    assert_eq!((stage.holds(&anna).await.len(), stage.holds(&bert).await.len()), (0, 1));
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_one_of_two_platforms_however_fast_they_are() {
    let stage = WechatStage::new().await;
    let baidu = start_baidu(&stage.clock, switches::Switches::default()).await;
    let there = place_on_baidu(&stage, &baidu).await;
    let (mut here, mut elsewhere) = (0, 0);
    for number in 0..30 {
        let name = format!("person-{number}");
        let who = stage.log_in(&name).await;
        let open_id = stage.wechat.person(&name).unwrap().open_ids[DEFAULT_MP].clone();
        let holders = json!({ "holders": [
            { "app_id": stage.mini, "open_id": open_id },
            { "app_id": there["app_id"], "open_id": name },
        ] });
        let path = format!("/v1/members/{name}");
        stage.ask(Method::PUT, &path, Some(holders)).await.is(200);
        let order = TakeOrder::new(there["platform_ref"].as_str().unwrap().parse().unwrap(), &name);

        let (signed, taken) = join(stage.sign(&who), baidu.take(order)).await;

        let taken = taken.unwrap().code().is_some();
        if signed.status == 201 {
            assert!(!taken, "{name} has both");
            assert_eq!(stage.add(&who, &signed.body).err_msg, "addCard:ok");
            here += 1;
        } else {
            signed.problem(409, "limit_reached");
            assert!(taken, "{name} has none");
            elsewhere += 1;
        }
    }
    stage.settle().await;

    assert_eq!(here + elsewhere, 30);
    assert_eq!(stage.number("select count(*) from coupon").await, 30);
    assert!(baidu.report().is_clean(), "{:#?}", baidu.report());
    stage.finish().await;
    baidu.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_one_elsewhere_is_signed_no_more_than_they_may_still_have() {
    let stage = WechatStage::with_limit(2, 10).await;
    let baidu = start_baidu(&stage.clock, switches::Switches::default()).await;
    let there = place_on_baidu(&stage, &baidu).await;
    let who = stage.log_in("anna").await;
    let open_id = stage.wechat.person("anna").unwrap().open_ids[DEFAULT_MP].clone();
    let holders = json!({ "holders": [
        { "app_id": stage.mini, "open_id": open_id }, { "app_id": there["app_id"], "open_id": "anna" },
    ] });
    stage.ask(Method::PUT, "/v1/members/anna", Some(holders)).await.is(200);
    // Whoever has none elsewhere is held by WeChat's own limit.
    stage.sign(&who).await.is(201);
    stage.clock.advance(TimeDelta::minutes(11));
    stage.keep_up().await;
    let order = TakeOrder::new(there["platform_ref"].as_str().unwrap().parse().unwrap(), "anna");
    assert!(baidu.take(order).await.unwrap().code().is_some());

    let signed = stage.sign(&who).await.is(201).body;
    stage.sign(&who).await.problem(409, "reserved");
    assert_eq!(stage.add(&who, &signed).err_msg, "addCard:ok");
    stage.settle().await;
    stage.sign(&who).await.problem(409, "limit_reached");

    assert_eq!(stage.number("select count(*) from coupon").await, 2);
    stage.finish().await;
    baidu.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_of_which_wechat_never_tells_is_taken_up_from_what_the_mini_program_told() {
    let stage = WechatStage::new().await;
    stage.wechat.fault_pushes(PushAim::next(1, PushFault::Lost).of("user_get_card"));
    let anna = stage.log_in("anna").await;
    let taken = stage.take(&anna).await;
    stage.settle().await;
    stage.keep_up().await;
    stage.settle().await;
    assert_eq!(stage.number("select count(*) from coupon").await, 0);

    stage.clock.advance(TimeDelta::minutes(11));
    for _ in 0..2 {
        stage.keep_up().await;
        stage.settle().await;
    }

    assert_eq!(stage.number("select count(*) from card_push where kind = 'seen'").await, 1);
    stage.redeem(&taken.code, "order-1").await.is(201);
    stage.settle().await;
    assert_eq!(stage.effects(EffectKind::Consume).len(), 1);
    stage.finish().await;
}

/// The same template, known to Baidu too.
async fn place_on_baidu(stage: &WechatStage, baidu: &kaquan::simulator::Simulator) -> Value {
    let app = json!({
        "platform": "baidu", "app_key": DEFAULT_APP_KEY, "name": "商城", "secret": DEFAULT_APP_SECRET,
        "settings": { "open_api_url": baidu.base_url(), "session_api_url": baidu.base_url() },
    });
    let app = stage.post("/v1/admin/apps", app).await.is(201).id();
    set_rate(stage.db(), app.parse().unwrap(), 1_000_000.0).await;
    let body = json!({ "template_id": stage.placement["template_id"], "app_id": app });
    let placed = stage.post("/v1/admin/placements", body).await.is(201).body;
    let path = format!("/v1/admin/placements/{}", placed["id"].as_str().unwrap());
    let stock = json!({ "name": "baidu", "way": "take", "amount": 100 });
    stage.post(&format!("{path}/stock-additions"), stock).await.is(201);
    stage.post(&format!("{path}/publish"), json!({})).await.is(202);
    stage.settle().await;
    stage.get(&path).await.is(200).body
}
