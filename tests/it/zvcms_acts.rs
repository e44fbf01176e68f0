//! Claims and steps over the zvcms protocol: each once, and told so.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::zvcms::{Heard, LIST, Shop};

async fn shop_with_a_coupon() -> (Shop, Value) {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let coupon = shop.coupon("1001", json!({})).await;
    (shop, coupon)
}

/// A step of this coupon for this order, under this name.
async fn step(shop: &Shop, action: &str, coupon: &Value, order: &str, name: &str) -> Heard {
    let mut params = json!({ "id": coupon["id"], "order_sn": order, "out_request_no": name });
    if action == "coupon.lock" {
        params["user_id"] = json!("1001");
    }
    shop.ask(action, params).await
}

fn standing(heard: &Heard) -> (i64, i64) {
    let item = heard.done();
    (item["status"].as_i64().unwrap(), item["is_lock"].as_i64().unwrap())
}

#[tokio::test]
async fn a_claim_is_one_claim_however_often_it_is_sent() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let many = json!({ "per_person_limit": 5 });
    let (template, other) = (shop.template(many.clone(), 5).await, shop.template(many, 5).await);

    let first = shop.receive("1001", template, "no-1").await;
    let again = shop.receive("1001", template, "no-1").await;
    let more = shop.receive("1001", template, "no-2").await;

    assert_eq!(first, again);
    assert_ne!(first.done()["id"], more.done()["id"]);
    shop.receive("1001", other, "no-1").await.failed(20_113, "重复请求参数不一致");
    shop.receive("1002", template, "no-1").await.failed(20_113, "重复请求参数不一致");
    assert_eq!(shop.listed(json!({ "user_id": "1001" })).await.len(), 2);
    shop.is_sound().await;
}

#[tokio::test]
async fn every_no_to_a_claim_has_its_code_and_one_that_stays_is_heard_again() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    shop.member("1002", json!({})).await;
    let one = shop.template(json!({}), 1).await;
    let gold = json!({ "audience": { "type": "member_classes", "any_of": ["gold"] } });
    let gold = shop.template(gold, 1).await;
    let later = shop.template(json!({ "claim_from": "2026-11-11T12:30:00+08:00" }), 1).await;

    shop.receive("1001", 999_999, "a").await.failed(20_101, "优惠券不存在");
    shop.receive("nobody", one, "b").await.failed(20_003, "会员不存在");
    shop.receive("1001", gold, "c").await.failed(20_107, "用户身份不可领取该券");
    shop.receive("1001", later, "d").await.failed(20_103, "领取未开始");
    shop.receive("1001", one, "e").await.done();
    // Who has one hears so before they hear that it is sold out.
    shop.receive("1001", one, "f").await.failed(20_106, "优惠券已经领取");
    shop.receive("1002", one, "g").await.failed(20_105, "优惠券已抢光");

    // Nobody becomes gold by asking again, but time passes.
    shop.member("1001", json!({ "classes": ["gold"] })).await;
    shop.admin.clock.advance(TimeDelta::hours(1));
    shop.receive("1001", gold, "c").await.failed(20_107, "用户身份不可领取该券");
    shop.receive("1001", gold, "c2").await.done();
    shop.receive("1001", later, "d").await.done();
    shop.admin.clock.advance(TimeDelta::days(30));
    shop.receive("1001", later, "h").await.failed(20_104, "领取已结束");
    shop.is_sound().await;
}

#[tokio::test]
async fn a_batch_gives_what_there_is_and_says_what_there_is_not() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let (one, two) = (shop.template(json!({}), 5).await, shop.template(json!({}), 5).await);
    let empty = shop.template(json!({}), 0).await;
    let batch = async |ids: String, name: &str| {
        let params = json!({ "user_id": "1001", "coupon_ids": ids, "out_request_no": name });
        shop.ask("coupon.batch-receive", params).await
    };

    let full = batch(format!("{two},{one}"), "full").await;
    let again = batch(format!("{two},{one}"), "full").await;
    let partial = batch(format!("{one},{empty},999999"), "partial").await.done();

    assert_eq!(full, again);
    let given = full.done()["success_list"].as_array().unwrap().clone();
    let templates: Vec<_> = given.iter().map(|item| item["coupon_id"].clone()).collect();
    assert_eq!(templates, [json!(two), json!(one)]);
    assert_eq!(full.done()["fail_list"], json!([]));
    let failed = json!({
        "success_list": [],
        "fail_list": [
            { "coupon_id": one, "code": 20106, "message": "优惠券已经领取" },
            { "coupon_id": empty, "code": 20105, "message": "优惠券已抢光" },
            { "coupon_id": 999_999, "code": 20101, "message": "优惠券不存在" },
        ],
    });
    assert_eq!(partial, failed);
    batch(one.to_string(), "full").await.failed(20_113, "重复请求参数不一致");
    batch(format!("{one},{one}"), "twice").await.failed(20_001, "参数错误:coupon_ids");
    let strangers = json!({
        "user_id": "nobody", "coupon_ids": format!("999999,{one}"), "out_request_no": "nobody",
    });
    shop.ask("coupon.batch-receive", strangers).await.failed(20_003, "会员不存在");
    shop.is_sound().await;
}

#[tokio::test]
async fn a_name_stays_with_its_request_also_while_that_may_still_come_to_something() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    shop.member("1002", json!({})).await;
    let one = shop.template(json!({}), 5).await;
    let later = json!({ "claim_from": "2026-11-11T12:30:00+08:00" });
    let later = shop.template(later, 5).await;
    let batch = async |user: &str, ids: String| {
        let params = json!({ "user_id": user, "coupon_ids": ids, "out_request_no": "batch" });
        shop.ask("coupon.batch-receive", params).await
    };
    let codes = |heard: &Heard| {
        ["success_list", "fail_list"].map(|list| heard.done()[list].as_array().unwrap().len())
    };

    let partly = batch("1001", format!("{one},{later}")).await;
    shop.receive("1001", later, "claim").await.failed(20_103, "领取未开始");

    assert_eq!(codes(&partly), [1, 1]);
    for other in [
        batch("1001", one.to_string()).await,
        batch("1002", format!("{one},{later}")).await,
        shop.receive("1001", one, "batch").await,
        shop.receive("1001", one, "claim").await,
        shop.receive("1002", later, "claim").await,
    ] {
        other.failed(20_113, "重复请求参数不一致");
    }
    // Nobody has to wait for a lease.
    assert_eq!(batch("1001", format!("{one},{later}")).await, partly);
    shop.receive("1001", later, "claim").await.failed(20_103, "领取未开始");
    shop.admin.clock.advance(TimeDelta::hours(1));
    let whole = batch("1001", format!("{one},{later}")).await;
    assert_eq!(codes(&whole), [2, 0]);
    assert_eq!(whole.done()["success_list"][0], partly.done()["success_list"][0]);
    assert_eq!(batch("1001", format!("{one},{later}")).await, whole);
    shop.receive("1001", later, "claim").await.failed(20_106, "优惠券已经领取");
    assert!(shop.listed(json!({ "user_id": "1002" })).await.is_empty());
    shop.is_sound().await;
}

#[tokio::test]
async fn a_parameter_that_nobody_reads_makes_no_other_request() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let template = shop.template(json!({}), 5).await;
    let claim = async |trace: &str| {
        let params = json!({
            "user_id": "1001", "coupon_id": template, "out_request_no": "a", "trace": trace,
        });
        shop.ask("coupon.receive", params).await
    };

    let first = claim("x").await;

    first.done();
    assert_eq!(claim("y").await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_send_the_same_at_the_same_moment_have_one_coupon() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let template = shop.template(json!({ "per_person_limit": 99 }), 99).await;
    for pair in 1..=20 {
        let name = format!("pair-{pair}");

        let (one, other) = tokio::join!(
            shop.receive("1001", template, &name),
            shop.receive("1001", template, &name),
        );

        let kept = shop.receive("1001", template, &name).await;
        kept.done();
        assert!([&one, &other].contains(&&kept), "{one:?} {other:?}");
        for heard in [&one, &other].into_iter().filter(|heard| **heard != kept) {
            heard.failed(10_010, "请求过于频繁");
        }
        assert_eq!(shop.listed(json!({ "user_id": "1001" })).await.len(), pair);
    }
    shop.is_sound().await;
}

#[tokio::test]
async fn a_coupon_is_kept_for_an_order_used_and_given_back() {
    let (shop, coupon) = shop_with_a_coupon().await;

    let locked = step(&shop, "coupon.lock", &coupon, "order-1", "a").await;
    assert_eq!(standing(&locked), (0, 2));
    assert_eq!(step(&shop, "coupon.lock", &coupon, "order-1", "a").await, locked);
    // The same order under another name is the same lock.
    assert_eq!(standing(&step(&shop, "coupon.lock", &coupon, "order-1", "a2").await), (0, 2));
    let other = step(&shop, "coupon.lock", &coupon, "order-2", "b").await;
    other.failed(20_109, "优惠券已锁定");
    let verified = step(&shop, "coupon.verify", &coupon, "order-2", "c").await;
    verified.failed(20_109, "优惠券已锁定");
    step(&shop, "coupon.unlock", &coupon, "order-2", "d").await.failed(20_109, "优惠券已锁定");

    let used = step(&shop, "coupon.verify", &coupon, "order-1", "e").await;
    assert_eq!(standing(&used), (1, 1));
    assert_eq!(step(&shop, "coupon.verify", &coupon, "order-1", "e").await, used);
    assert_eq!(standing(&step(&shop, "coupon.verify", &coupon, "order-1", "e2").await), (1, 1));
    let again = step(&shop, "coupon.verify", &coupon, "order-3", "f").await;
    again.failed(20_108, "优惠券已使用");
    step(&shop, "coupon.unlock", &coupon, "order-1", "g").await.failed(20_108, "优惠券已使用");
    step(&shop, "coupon.lock", &coupon, "order-1", "h").await.failed(20_108, "优惠券已使用");

    let wrong = step(&shop, "coupon.cancel-verify", &coupon, "order-9", "i").await;
    wrong.failed(20_113, "重复请求参数不一致");
    let back = step(&shop, "coupon.cancel-verify", &coupon, "order-1", "j").await;
    assert_eq!(standing(&back), (0, 1));
    assert_eq!(step(&shop, "coupon.cancel-verify", &coupon, "order-1", "j").await, back);
    // An order that has given it back does not get it again.
    let once_more = step(&shop, "coupon.verify", &coupon, "order-1", "k").await;
    once_more.failed(20_113, "重复请求参数不一致");
    let kept = step(&shop, "coupon.lock", &coupon, "order-1", "k2").await;
    kept.failed(20_113, "重复请求参数不一致");
    assert_eq!(standing(&step(&shop, "coupon.verify", &coupon, "order-4", "l").await), (1, 1));
    shop.is_sound().await;
}

#[tokio::test]
async fn a_lock_is_let_go_or_lapses() {
    let (shop, coupon) = shop_with_a_coupon().await;

    step(&shop, "coupon.lock", &coupon, "order-1", "a").await.done();
    let free = step(&shop, "coupon.unlock", &coupon, "order-1", "b").await;
    assert_eq!(standing(&free), (0, 1));
    assert_eq!(step(&shop, "coupon.unlock", &coupon, "order-1", "b").await, free);
    assert_eq!(standing(&step(&shop, "coupon.unlock", &coupon, "order-1", "c").await), (0, 1));
    step(&shop, "coupon.lock", &coupon, "order-2", "d").await.done();
    shop.admin.clock.advance(TimeDelta::minutes(30));
    let lapsed = shop.look(&coupon).await;

    assert_eq!(lapsed["is_lock"], 1);
    step(&shop, "coupon.lock", &coupon, "order-3", "e").await.done();
    shop.is_sound().await;
}

#[tokio::test]
async fn a_lock_is_for_its_member_and_a_use_for_whoever_shows_the_code() {
    let (shop, coupon) = shop_with_a_coupon().await;
    shop.member("1002", json!({})).await;
    let lock = json!({
        "user_id": "1002", "id": coupon["id"], "order_sn": "1", "out_request_no": "a",
    });
    shop.ask("coupon.lock", lock.clone()).await.failed(20_002, "查询的信息不存在");
    let mut strangers = lock;
    strangers["user_id"] = json!("nobody");
    strangers["out_request_no"] = json!("d");
    shop.ask("coupon.lock", strangers).await.failed(20_003, "会员不存在");
    let short = json!({
        "verify_code": coupon["verify_code"], "order_sn": "1", "amount": "99.99",
        "out_request_no": "b",
    });
    shop.ask("coupon.verify", short.clone()).await.failed(20_111, "未达到使用条件");
    let mut enough = short;
    enough["amount"] = json!("100");
    shop.ask("coupon.verify", enough.clone()).await.failed(20_113, "重复请求参数不一致");
    enough["out_request_no"] = json!("c");

    let used = shop.ask("coupon.verify", enough).await;

    assert_eq!(standing(&used), (1, 1));
    assert_eq!(shop.listed(json!({ "user_id": "1001", "expire": "used" })).await.len(), 1);
    shop.is_sound().await;
}

#[tokio::test]
async fn what_is_over_early_or_for_another_store_is_not_used() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let late = json!({ "validity": { "type": "after_claim", "days": 7, "starts_after_days": 1 } });
    let early = shop.coupon("1001", late).await;
    let there = json!({ "scope": { "stores": { "include": ["s-1"] } } });
    let there = shop.coupon("1001", there).await;
    let verify = async |name: &str, store: &str| {
        let params = json!({
            "id": there["id"], "order_sn": name, "out_request_no": name, "multi_store_sn": store,
        });
        shop.ask("coupon.verify", params).await
    };

    step(&shop, "coupon.verify", &early, "1", "a").await.failed(20_111, "未达到使用条件");
    verify("b", "s-2").await.failed(20_112, "没有可用商品");
    assert_eq!(standing(&verify("c", "s-1").await), (1, 1));
    shop.admin.clock.advance(TimeDelta::days(10));
    step(&shop, "coupon.lock", &early, "2", "d").await.failed(20_110, "优惠券已过期");
    step(&shop, "coupon.verify", &early, "2", "e").await.failed(20_110, "优惠券已过期");
    shop.is_sound().await;
}

#[tokio::test]
async fn one_name_stands_for_one_act_of_whatever_kind() {
    let (shop, coupon) = shop_with_a_coupon().await;

    step(&shop, "coupon.lock", &coupon, "order-1", "a").await.done();
    let other = step(&shop, "coupon.unlock", &coupon, "order-1", "a").await;

    other.failed(20_113, "重复请求参数不一致");
    assert_eq!(shop.look(&coupon).await["is_lock"], 2);
    let wallet = shop.ask(LIST, json!({ "user_id": "1001" })).await.done();
    assert_eq!(wallet["item_list"][0]["verify_code"], coupon["verify_code"]);
}
