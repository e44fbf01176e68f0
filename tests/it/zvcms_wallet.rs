//! `coupon.user-coupon-list` over every state of a coupon, every filter and every cart, and `coupon.coupon-list`.

use chrono::TimeDelta;
use kaquan::domain::id::AppId;
use serde_json::{Value, json};

use crate::support::zvcms::{Held, LIST, SECRET, Shop};

fn id(coupon: &Value) -> i64 {
    coupon["id"].as_i64().unwrap()
}

/// Without a threshold, so that nothing but the state counts.
fn free() -> Value {
    json!({ "threshold": { "type": "none" } })
}

fn with(mut fields: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not fields: {more}") };
    fields.as_object_mut().unwrap().extend(more);
    fields
}

/// One member with a coupon in each state.
struct Wallet {
    shop: Shop,
    usable: i64,
    early: i64,
    locked: i64,
    lapsed: i64,
    used: i64,
    expired: i64,
}

impl Wallet {
    async fn filled() -> Self {
        let shop = Shop::open().await;
        shop.member("1001", json!({})).await;
        let short = json!({ "validity": { "type": "after_claim", "days": 1 } });
        let late =
            json!({ "validity": { "type": "after_claim", "days": 7, "starts_after_days": 3 } });
        let expired = shop.coupon("1001", with(free(), short)).await;
        let lapsed = shop.coupon("1001", free()).await;
        step(&shop, "coupon.lock", &lapsed, "order-lapsed", json!({ "user_id": "1001" })).await;
        shop.admin.clock.advance(TimeDelta::days(1));
        let usable = shop.coupon("1001", free()).await;
        let early = shop.coupon("1001", with(free(), late)).await;
        let used = shop.coupon("1001", free()).await;
        step(&shop, "coupon.verify", &used, "order-used", json!({})).await;
        let void = shop.coupon("1001", free()).await;
        let path = format!("/v1/admin/coupons/{}/void", shop.our_id(&void).await);
        shop.admin.act(&path, json!({ "reason": "印错了" })).await.ok();
        let locked = shop.coupon("1001", free()).await;
        let forever = json!({ "user_id": "1001", "lock_seconds": "86400" });
        step(&shop, "coupon.lock", &locked, "order-locked", forever).await;
        let [usable, early, locked, lapsed, used, expired] =
            [usable, early, locked, lapsed, used, expired].map(|coupon| id(&coupon));
        Self { shop, usable, early, locked, lapsed, used, expired }
    }
}

async fn step(shop: &Shop, action: &str, coupon: &Value, order: &str, more: Value) -> Value {
    let own = json!({ "id": coupon["id"], "order_sn": order, "out_request_no": order });
    shop.ask(action, with(own, more)).await.done()
}

#[tokio::test]
async fn each_expire_lists_the_states_it_stands_for_and_the_newest_first() {
    let Wallet { shop, usable, early, locked, lapsed, used, expired } = Wallet::filled().await;
    let listed = async |expire: &str| {
        shop.listed(json!({ "user_id": "1001", "shopping": "0", "expire": expire })).await
    };

    assert_eq!(listed("").await, [locked, used, early, usable, lapsed, expired]);
    assert_eq!(listed("canuse").await, [locked, early, usable, lapsed]);
    assert_eq!(listed("used").await, [used]);
    assert_eq!(listed("expired").await, [expired]);
    let other = json!({ "user_id": "1001", "expire": "usable" });
    shop.ask(LIST, other).await.failed(20_001, "参数错误:expire");
    assert!(shop.listed(json!({ "user_id": "nobody" })).await.is_empty());
    let pages = json!({ "user_id": "1001", "page": 2, "page_size": 4 });
    assert_eq!(shop.listed(pages).await, [lapsed, expired]);
}

#[tokio::test]
async fn every_state_says_what_it_is() {
    let Wallet { shop, usable, early, locked, lapsed, used, expired } = Wallet::filled().await;

    let data = shop.ask(LIST, json!({ "user_id": "1001" })).await.done();

    for (coupon, status, lock, label) in [
        (usable, 0, 1, "未使用"),
        (early, 0, 1, "未生效"),
        (locked, 0, 2, "已锁定"),
        (lapsed, 0, 1, "未使用"),
        (used, 1, 1, "已使用"),
        (expired, 0, 1, "已过期"),
    ] {
        let items = data["item_list"].as_array().unwrap();
        let item = items.iter().find(|item| id(item) == coupon).unwrap();
        let told = [&item["status"], &item["is_lock"], &item["date_time"]];
        assert_eq!(told, [&json!(status), &json!(lock), &json!(label)]);
    }
    shop.is_sound().await;
}

#[tokio::test]
async fn a_page_to_pay_on_shows_only_what_can_be_chosen_there_now() {
    let Wallet { shop, usable, lapsed, .. } = Wallet::filled().await;
    shop.coupon("1001", with(free(), json!({ "channels": ["home"] }))).await;
    let paying = with(free(), json!({ "channels": ["pay_page"] }));
    let paying = id(&shop.coupon("1001", paying).await);
    let cart = r#"[{"bar_code":"tea","offline_price":"50","buy_num":1}]"#;

    let listed = shop.listed(json!({ "user_id": "1001", "from_pay_page": "1" })).await;
    let shopping = json!({
        "user_id": "1001", "from_pay_page": 1, "shopping": 1, "checked": cart, "expire": "used",
    });
    let mut fitting = shop.listed(shopping).await;

    assert_eq!(listed, [paying, usable, lapsed]);
    fitting.sort_unstable();
    assert_eq!(fitting, [lapsed, usable, paying]);
}

#[tokio::test]
async fn the_end_is_inclusive_at_its_second_and_over_one_later() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let coupon = shop.coupon("1001", free()).await;
    let end: i64 = coupon["end_at"].as_str().unwrap().parse().unwrap();
    // The seventh day in China, to its last second.
    assert_eq!(end, 1_794_931_199);
    let now = coupon["start_at"].as_str().unwrap().parse::<i64>().unwrap();
    let canuse = json!({ "user_id": "1001", "expire": "canuse" });

    shop.admin.clock.advance(TimeDelta::seconds(end - now));
    let at_its_end = shop.listed(canuse.clone()).await;
    shop.admin.clock.advance(TimeDelta::seconds(1));
    let later = shop.listed(canuse).await;

    assert_eq!((at_its_end, later), (vec![id(&coupon)], vec![]));
    assert_eq!(shop.look(&coupon).await["date_time"], "已过期");
}

#[tokio::test]
async fn an_amount_in_yuan_meets_a_threshold_in_fen() {
    for (settings, amounts) in [
        (json!({}), [("99", 1), ("99.99", 1), ("100", 2), ("101", 2)]),
        (
            json!({ "request_money_unit": "fen" }),
            [("9900", 1), ("9999", 1), ("10000", 2), ("10001", 2)],
        ),
    ] {
        let shop = Shop::with(settings, Held::default()).await;
        shop.member("1001", json!({})).await;
        let coupon = shop.coupon("1001", json!({})).await;
        assert_eq!(coupon["coupon"]["min_amount_use"], 10_000);
        let pieces = json!({ "threshold": { "type": "pieces", "count": 9 } });
        shop.coupon("1001", pieces).await;
        for (amount, found) in amounts {
            let listed = shop.listed(json!({ "user_id": "1001", "amount": amount })).await;

            assert_eq!(listed.len(), found, "{amount}");
        }
    }
}

#[tokio::test]
async fn a_cart_finds_what_fits_the_best_first() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let off = |fen: i64| json!({ "benefit": { "type": "amount", "off_fen": fen } });
    let tea = json!({ "scope": { "goods": { "include": ["tea"] } } });
    let over = |fen: i64| json!({ "threshold": { "type": "amount", "fen": fen } });
    let pieces = |count: i64| json!({ "threshold": { "type": "pieces", "count": count } });
    let sooner = json!({ "validity": { "type": "after_claim", "days": 2 } });
    let mut ids = Vec::new();
    for fields in [
        with(free(), off(100)),
        with(with(free(), off(100)), sooner),
        with(with(tea.clone(), over(30)), off(30)),
        with(with(tea.clone(), over(31)), off(30)),
        with(pieces(5), off(200)),
        with(pieces(6), off(200)),
        with(with(tea, pieces(4)), off(10)),
    ] {
        ids.push(id(&shop.coupon("1001", fields).await));
    }
    // Three times a tenth, in two lines; and two of something else.
    let cart = json!([
        { "bar_code": "tea", "offline_price": 0.1, "buy_num": 1 },
        { "bar_code": "cup", "offline_price": "3.50", "buy_num": 2 },
        { "bar_code": "tea", "offline_price": "0.10", "buy_num": "2" },
    ]);
    let shopping =
        |checked: Value| json!({ "user_id": "1001", "shopping": "1", "checked": checked });

    let fitting = shop.listed(shopping(cart.to_string().into())).await;
    let none = shop.listed(shopping("[]".into())).await;
    let other = r#"[{"bar_code":"pot","offline_price":1,"buy_num":1}]"#;
    let other = shop.listed(shopping(other.into())).await;

    assert_eq!(fitting, [ids[4], ids[1], ids[0], ids[2]]);
    assert!(none.is_empty());
    assert_eq!(other, [ids[1], ids[0]]);
    for checked in [json!(""), json!("{}"), json!("tea"), json!("[1]")] {
        shop.ask(LIST, shopping(checked)).await.failed(20_001, "参数错误:checked");
    }
    let missing = json!({ "user_id": "1001", "shopping": "1" });
    shop.ask(LIST, missing).await.failed(20_001, "参数错误:checked");
    // As the original's own sample has it: not shopping, so nobody looks.
    let idle = json!({ "user_id": "1001", "shopping": "", "checked": "not a cart" });
    assert_eq!(shop.listed(idle).await.len(), 7);
}

#[tokio::test]
async fn a_list_of_goods_that_is_one_is_taken_where_nobody_signs() {
    let shop = Shop::with(json!({ "scheme": "none" }), Held::default()).await;
    shop.member("1001", json!({})).await;
    let coupon = shop.coupon("1001", free()).await;
    let cart = json!([{ "bar_code": "tea", "offline_price": 0.1, "buy_num": 3 }]);
    let ask = |checked: Value| json!({ "user_id": "1001", "shopping": 1, "checked": checked });

    let as_list = shop.listed(ask(cart.clone())).await;
    let as_text = shop.listed(ask(cart.to_string().into())).await;

    assert_eq!((as_list, as_text), (vec![id(&coupon)], vec![id(&coupon)]));
}

#[tokio::test]
async fn what_is_locked_is_not_for_another_cart() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let coupon = shop.coupon("1001", free()).await;
    step(&shop, "coupon.lock", &coupon, "order-1", json!({ "user_id": "1001" })).await;
    let cart = r#"[{"bar_code":"tea","offline_price":50,"buy_num":1}]"#;

    let shopping = json!({ "user_id": "1001", "shopping": "1", "checked": cart });

    assert!(shop.listed(shopping).await.is_empty());
    let wallet = shop.ask(LIST, json!({ "user_id": "1001", "expire": "canuse" })).await.done();
    assert_eq!(wallet["item_list"][0]["is_lock"], 2);
}

#[tokio::test]
async fn a_store_sees_what_is_valid_there() {
    let stores = Some(vec!["s-1".to_owned(), "s-2".to_owned()]);
    let shop = Shop::with(json!({}), Held { stores, ..Held::default() }).await;
    shop.member("1001", json!({})).await;
    let here = json!({ "scope": { "stores": { "include": ["s-1"] } } });
    let here = id(&shop.coupon("1001", with(free(), here)).await);
    let everywhere = id(&shop.coupon("1001", free()).await);
    let cart = r#"[{"bar_code":"tea","offline_price":50,"buy_num":1}]"#;

    for (store, expected) in
        [("s-1", vec![everywhere, here]), ("s-2", vec![everywhere]), ("s-3", vec![])]
    {
        let listed = shop.listed(json!({ "user_id": "1001", "multi_store_sn": store })).await;
        let shopping = json!({
            "user_id": "1001", "multi_store_sn": store, "shopping": "1", "checked": cart,
        });
        let mut fitting = shop.listed(shopping).await;
        fitting.sort_unstable();
        fitting.reverse();

        assert_eq!((&listed, &fitting), (&expected, &expected), "{store}");
    }
    assert_eq!(shop.listed(json!({ "user_id": "1001" })).await, [everywhere, here]);
}

#[tokio::test]
async fn a_cart_without_a_store_lists_what_is_for_a_store_and_its_use_names_it() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let here = json!({ "scope": { "stores": { "include": ["s-1"] } } });
    let here = shop.coupon("1001", with(free(), here)).await;
    let cart = r#"[{"bar_code":"tea","offline_price":50,"buy_num":1}]"#;
    let shopping = json!({ "user_id": "1001", "shopping": "1", "checked": cart });
    let verify = |name: &str| json!({ "id": here["id"], "order_sn": "1", "out_request_no": name });

    let listed = shop.listed(shopping).await;
    let nowhere = shop.ask("coupon.verify", verify("a")).await;
    let there = with(verify("b"), json!({ "multi_store_sn": "s-1" }));
    let there = shop.ask("coupon.verify", there).await.done();

    assert_eq!(listed, [id(&here)]);
    nowhere.failed(20_112, "没有可用商品");
    assert_eq!(there["status"], 1);
}

#[tokio::test]
async fn goods_whose_code_is_a_number_are_found_by_it() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    let goods = json!({ "scope": { "goods": { "include": ["6901234567892"] } } });
    let coupon = shop.coupon("1001", with(free(), goods)).await;
    let cart = r#"[{"bar_code":6901234567892,"offline_price":50,"buy_num":1}]"#;

    let listed = shop.listed(json!({ "user_id": "1001", "shopping": "1", "checked": cart })).await;

    assert_eq!(listed, [id(&coupon)]);
}

#[tokio::test]
async fn what_is_on_other_apps_is_not_there() {
    let blind = AppId::new("2026-11-11T00:00:00Z".parse().unwrap());
    let held = Held { apps: Some(vec![blind]), ..Held::default() };
    let shop = Shop::with(json!({}), held).await;
    crate::support::zvcms::plant_grant(shop.admin.db(), shop.client, "sees-all", Held::default())
        .await;
    shop.member("1001", json!({})).await;
    let template = shop.template(free(), 5).await;
    let all = |action: &str, params: Value| {
        shop.letter(action, params).with("GrantCode", "sees-all").signed(SECRET)
    };
    let claim = json!({ "user_id": "1001", "coupon_id": template, "out_request_no": "a" });
    let coupon = shop.send(&all("coupon.receive", claim)).await.done();
    let code = json!({ "verify_code": coupon["verify_code"] });
    let lock = json!({
        "user_id": "1001", "id": coupon["id"], "order_sn": "1", "out_request_no": "b",
    });

    assert!(shop.listed(json!({ "user_id": "1001" })).await.is_empty());
    shop.receive("1001", template, "c").await.failed(20_101, "优惠券不存在");
    for (action, params) in [
        ("coupon.user-coupon-info", code),
        ("coupon.user-coupon-info", json!({ "id": coupon["id"] })),
        ("coupon.lock", lock),
        ("coupon.verify", json!({ "id": coupon["id"], "order_sn": "1", "out_request_no": "d" })),
    ] {
        shop.ask(action, params).await.failed(20_002, "查询的信息不存在");
    }
    let offers = shop.ask("coupon.coupon-list", json!({})).await.done();
    assert_eq!(offers, json!({ "item_list": [] }));
    let listed = shop.send(&all(LIST, json!({ "user_id": "1001" }))).await.done();
    assert_eq!(listed["item_list"], json!([coupon]));
}

#[tokio::test]
async fn what_has_no_price_can_be_hidden_and_what_is_taken_off_shown() {
    let settings = json!({ "hide_unpriced": true, "show_discount": true });
    let shop = Shop::with(settings, Held::default()).await;
    shop.member("1001", json!({})).await;
    let sent = json!({ "kind": "general", "benefit": { "type": "free_shipping" } });
    shop.coupon("1001", with(free(), sent)).await;
    let percent =
        json!({ "kind": "discount", "benefit": { "type": "percent", "off_basis_points": 2000 } });
    let percent = shop.coupon("1001", with(free(), percent)).await;

    let listed = shop.listed(json!({ "user_id": "1001" })).await;
    let offers = shop.ask("coupon.coupon-list", json!({ "user_id": "1001" })).await.done();

    assert_eq!(listed, [id(&percent)]);
    assert_eq!(percent["coupon"]["discount_rate"], 8000);
    assert_eq!(offers["item_list"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_can_be_claimed_says_how_much_is_left_and_for_whom() {
    let shop = Shop::open().await;
    shop.member("1001", json!({ "classes": ["gold"] })).await;
    let plain = shop.template(json!({}), 3).await;
    let gold = json!({ "audience": { "type": "member_classes", "any_of": ["gold"] } });
    let gold = shop.template(gold, 3).await;
    shop.template(json!({ "claim_from": "2026-11-20T00:00:00+08:00" }), 3).await;
    shop.receive("1001", plain, "a").await.done();
    let told = |data: &Value| {
        let items = data["item_list"].as_array().unwrap().iter();
        let told = |item: &Value| {
            ["id", "remain", "user_received", "can_receive"]
                .map(|name| item[name].as_i64().unwrap())
        };
        items.map(told).collect::<Vec<_>>()
    };

    let member = shop.ask("coupon.coupon-list", json!({ "user_id": "1001" })).await.done();
    let nobody = shop.ask("coupon.coupon-list", json!({})).await.done();
    let second = shop.ask("coupon.coupon-list", json!({ "page": "2", "page_size": "1" })).await;

    assert_eq!(told(&member), [[gold, 3, 0, 1], [plain, 2, 1, 0]]);
    assert_eq!(told(&nobody), [[gold, 3, 0, 0], [plain, 2, 0, 1]]);
    assert_eq!(told(&second.done()), [[plain, 2, 0, 1]]);
}
