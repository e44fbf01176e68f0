//! What an order does with coupons in the Yoho protocol, however often it says so.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    until::until_true,
    yoho::{Heard, Shop, signed},
};

const USE: &str = "app.promotion.useCoupon";
const CONFIRM: &str = "app.promotion.confirmCouponUse";
const CANCEL: &str = "app.promotion.cancelOrderCouponUse";

/// Valid for a long time, and four of them for each.
async fn given(shop: &Shop) -> Value {
    let validity = json!({
        "type": "fixed", "from": "2026-11-01T00:00:00+08:00", "until": "2027-01-01T00:00:00+08:00",
    });
    shop.member("1").await;
    shop.member("2").await;
    shop.template(json!({ "per_person_limit": 4, "validity": validity }), 100).await
}

async fn use_code(shop: &Shop, code: &str, order: &str) -> Heard {
    shop.ask(USE, &[("uid", "1"), ("couponCode", code), ("orderCode", order)]).await
}

async fn act(shop: &Shop, method: &str, order: &str) -> Heard {
    shop.ask(method, &[("uid", "1"), ("orderCode", order)]).await
}

/// What coupons became, by what is kept of them.
async fn states(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar("select state from coupon order by issued_at, coupon_id")
        .fetch_all(shop.admin.db())
        .await
        .unwrap()
}

fn is_true(heard: &Heard) {
    assert_eq!(heard.full(), (200, "true", "操作成功".to_owned()));
}

#[tokio::test]
async fn an_order_keeps_uses_and_gives_back_and_may_say_each_twice() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let code = shop.claim("1", &template).await;
    let id = shop.tab("1", "notuse").await[0];

    let kept = use_code(&shop, &code, "A-1").await;
    let kept_again = use_code(&shop, &code, "A-1").await;
    let in_use = shop.tab("1", "use").await;
    is_true(&act(&shop, CONFIRM, "A-1").await);
    is_true(&act(&shop, CONFIRM, "A-1").await);
    let used = states(&shop).await;
    let after_use = use_code(&shop, &code, "A-1").await;
    is_true(&act(&shop, CANCEL, "A-1").await);
    is_true(&act(&shop, CANCEL, "A-1").await);

    let number = template["number"].as_str().unwrap();
    let row =
        |more: &str| format!(r#"{{"couponCode":"{code}","couponId":{number},"id":{id}{more}}}"#);
    let until = row(r#","lockedUntil":"2026-11-12 12:00:00""#);
    assert_eq!(kept.full(), (200, &*until, "操作成功".to_owned()));
    assert_eq!((kept_again, in_use), (kept, vec![id]));
    assert_eq!(used, ["redeemed"]);
    assert_eq!(after_use.full().1, row(""));
    assert_eq!(states(&shop).await, ["issued"]);
    assert_eq!(shop.tab("1", "notuse").await, [id]);
    shop.is_sound().await;
}

#[tokio::test]
async fn what_another_order_keeps_or_used_is_not_to_be_had() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let code = shop.claim("1", &template).await;

    use_code(&shop, &code, "A-1").await.ok();
    use_code(&shop, &code, "A-2").await.bare(400, "优惠券已锁定");
    act(&shop, CONFIRM, "A-2").await.bare(402, "优惠券不存在");
    is_true(&act(&shop, CANCEL, "A-2").await);
    assert_eq!(states(&shop).await, ["locked"]);

    is_true(&act(&shop, CONFIRM, "A-1").await);
    use_code(&shop, &code, "A-2").await.bare(400, "优惠券已使用");
    is_true(&act(&shop, CANCEL, "A-2").await);
    assert_eq!(states(&shop).await, ["redeemed"]);
}

#[tokio::test]
async fn an_order_that_came_to_nothing_lets_go_of_what_it_kept() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let codes = [shop.claim("1", &template).await, shop.claim("1", &template).await];
    for code in &codes {
        use_code(&shop, code, "A-1").await.ok();
    }

    is_true(&act(&shop, CANCEL, "A-1").await);

    assert_eq!(states(&shop).await, ["issued", "issued"]);
    act(&shop, CONFIRM, "A-1").await.bare(402, "优惠券不存在");
    is_true(&act(&shop, CANCEL, "never-seen").await);
    use_code(&shop, &codes[0], "A-2").await.ok();
    shop.is_sound().await;
}

#[tokio::test]
async fn an_order_uses_all_that_it_keeps_in_the_store_that_is_named() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    for _ in 0..2 {
        let code = shop.claim("1", &template).await;
        use_code(&shop, &code, "A-1").await.ok();
    }
    let other = shop.claim("1", &template).await;
    use_code(&shop, &other, "A-2").await.ok();

    let params = [("uid", "1"), ("orderCode", "A-1"), ("storeSn", "S-9")];
    is_true(&shop.ask(CONFIRM, &params).await);

    assert_eq!(states(&shop).await, ["redeemed", "redeemed", "locked"]);
    let stores: Vec<Option<String>> = sqlx::query_scalar("select store from redemption")
        .fetch_all(shop.admin.db())
        .await
        .unwrap();
    assert_eq!(stores, [Some("S-9".to_owned()), Some("S-9".to_owned())]);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_template_stands_for_the_coupon_of_it_that_ends_first() {
    let shop = Shop::open().await;
    shop.member("1").await;
    let template = shop.template(json!({ "per_person_limit": 2 }), 10).await;
    let number = template["number"].as_str().unwrap();
    let first = shop.claim("1", &template).await;
    shop.admin.clock.advance(TimeDelta::days(1));
    let second = shop.claim("1", &template).await;
    let use_template = async |order: &str| {
        shop.ask(USE, &[("uid", "1"), ("couponId", number), ("orderCode", order)]).await
    };

    let (one, again) = (use_template("A-1").await, use_template("A-1").await);
    let other = use_template("A-2").await;
    let none = use_template("A-3").await;

    assert_eq!(one.ok()["couponCode"], json!(first));
    assert_eq!(again, one);
    assert_eq!(other.ok()["couponCode"], json!(second));
    none.bare(400, "优惠券已锁定");
}

#[tokio::test]
async fn of_a_template_the_next_coupon_is_kept_where_one_will_not_do() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let number = template["number"].as_str().unwrap();
    let first = shop.claim("1", &template).await;
    let use_template = async |order: &str| {
        shop.ask(USE, &[("uid", "1"), ("couponId", number), ("orderCode", order)]).await
    };

    assert_eq!(use_template("A-1").await.ok()["couponCode"], json!(first));
    is_true(&act(&shop, CONFIRM, "A-1").await);
    is_true(&act(&shop, CANCEL, "A-1").await);
    let alone = use_template("A-1").await;
    use_code(&shop, &first, "A-2").await.ok();
    let second = shop.claim("1", &template).await;
    let beside_others = use_template("A-1").await;

    alone.bare(400, "重复请求参数不一致");
    assert_eq!(beside_others.ok()["couponCode"], json!(second));
    assert_eq!(states(&shop).await, ["locked", "locked"]);
}

#[tokio::test]
async fn of_a_template_a_coupon_that_was_given_back_is_passed_over() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let number = template["number"].as_str().unwrap();
    let first = shop.claim("1", &template).await;
    let second = shop.claim("1", &template).await;
    use_code(&shop, &first, "A-1").await.ok();
    is_true(&act(&shop, CONFIRM, "A-1").await);
    is_true(&act(&shop, CANCEL, "A-1").await);

    let kept = shop.ask(USE, &[("uid", "1"), ("couponId", number), ("orderCode", "A-1")]).await;

    assert_eq!(kept.ok()["couponCode"], json!(second));
}

#[tokio::test]
async fn all_that_names_a_coupon_must_name_the_same_one() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let code = shop.claim("1", &template).await;
    let other = shop.claim("1", &template).await;
    let ids = shop.tab("1", "notuse").await;
    let number = template["number"].as_str().unwrap().to_owned();
    let (newest, oldest) = (ids[0].to_string(), ids[1].to_string());
    let ask = async |params: &[(&str, &str)]| {
        let mut all = vec![("uid", "1"), ("orderCode", "A-1")];
        all.extend(params);
        shop.ask(USE, &all).await
    };

    ask(&[]).await.bare(400, "参数错误:couponId");
    for wrong in [
        &[("id", &*newest), ("couponCode", &*code)][..],
        &[("id", &*newest), ("couponId", "999999")],
        &[("couponCode", &*code), ("couponId", "999999")],
        &[("id", "999999")],
        &[("couponCode", "NOBODYS")],
        &[("couponId", "999999")],
    ] {
        ask(wrong).await.bare(402, "优惠券不存在");
    }
    assert_eq!(states(&shop).await, ["issued", "issued"]);
    ask(&[("id", &*oldest), ("couponCode", &*code), ("couponId", &*number)]).await.ok();
    ask(&[("id", &*newest)]).await.ok();
    use_code(&shop, &other, "A-1").await.ok();
}

#[tokio::test]
async fn somebody_elses_coupon_is_not_there() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let code = shop.claim("2", &template).await;
    let id = shop.tab("2", "notuse").await[0].to_string();

    use_code(&shop, &code, "A-1").await.bare(402, "优惠券不存在");
    let by_id = shop.ask(USE, &[("uid", "1"), ("id", &id), ("orderCode", "A-1")]).await;
    by_id.bare(402, "优惠券不存在");

    let theirs = [("uid", "2"), ("couponCode", &*code), ("orderCode", "A-1")];
    shop.ask(USE, &theirs).await.ok();
    act(&shop, CONFIRM, "A-1").await.bare(402, "优惠券不存在");
    is_true(&act(&shop, CANCEL, "A-1").await);
    assert_eq!(states(&shop).await, ["locked"]);
}

#[tokio::test]
async fn a_client_orders_only_with_what_its_apps_gave_out() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let elsewhere = shop.template(json!({}), 1).await;
    shop.client("h5", json!({}), Some(&[&elsewhere["app_id"]])).await;
    let code = shop.claim("1", &template).await;
    use_code(&shop, &code, "A-1").await.ok();
    let ask =
        async |method: &str, params: &[(&str, &str)]| shop.get(&signed("h5", method, params)).await;
    let order = [("uid", "1"), ("orderCode", "A-1")];

    let named = [&order[..], &[("couponCode", &*code)]].concat();
    ask(USE, &named).await.bare(402, "优惠券不存在");
    ask(CONFIRM, &order).await.bare(402, "优惠券不存在");
    is_true(&ask(CANCEL, &order).await);

    assert_eq!(states(&shop).await, ["locked"]);
}

#[tokio::test]
async fn a_lock_ends_by_itself_when_it_was_to() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let code = shop.claim("1", &template).await;
    let params =
        [("uid", "1"), ("couponCode", &*code), ("orderCode", "A-1"), ("lockSeconds", "60")];

    let kept = shop.ask(USE, &params).await.ok();
    shop.admin.clock.advance(TimeDelta::seconds(60));

    assert_eq!(kept["lockedUntil"], "2026-11-11 12:01:00");
    assert_eq!(shop.tab("1", "use").await.len(), 0);
    use_code(&shop, &code, "A-2").await.ok();
    act(&shop, CONFIRM, "A-1").await.bare(402, "优惠券不存在");
    is_true(&act(&shop, CANCEL, "A-1").await);
    assert_eq!(states(&shop).await, ["locked"]);
}

/// Keeps a coupon for a minute.
async fn use_briefly(shop: &Shop, code: &str, order: &str) {
    let params = [("uid", "1"), ("couponCode", code), ("orderCode", order), ("lockSeconds", "60")];
    shop.ask(USE, &params).await.ok();
}

#[tokio::test]
async fn an_order_uses_also_what_it_kept_for_longer_than_it_was_to() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let (passed, kept) = (shop.claim("1", &template).await, shop.claim("1", &template).await);
    use_briefly(&shop, &passed, "A-1").await;
    use_code(&shop, &kept, "A-1").await.ok();
    shop.admin.clock.advance(TimeDelta::seconds(60));
    let params = [("uid", "1"), ("status", "0"), ("page", "1"), ("limit", "9")];
    let unused = shop.ask("app.coupons.li", &params).await.ok();

    is_true(&act(&shop, CONFIRM, "A-1").await);
    is_true(&act(&shop, CONFIRM, "A-1").await);

    // What nothing keeps any more is unused until then.
    assert_eq!((&unused["total"], &unused["info"][0]["order_code"]), (&json!(1), &json!("")));
    assert_eq!(states(&shop).await, ["redeemed", "redeemed"]);
    shop.is_sound().await;
}

#[tokio::test]
async fn an_order_of_which_something_is_over_uses_nothing() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let today = json!({ "validity": { "type": "after_claim", "days": 1 } });
    let today = shop.template(today, 9).await;
    let (kept, over) = (shop.claim("1", &template).await, shop.claim("1", &today).await);
    use_code(&shop, &kept, "A-1").await.ok();
    use_briefly(&shop, &over, "A-1").await;
    shop.admin.clock.advance(TimeDelta::hours(13));

    act(&shop, CONFIRM, "A-1").await.bare(400, "优惠券已过期");

    assert_eq!(states(&shop).await, ["locked", "locked"]);
    is_true(&act(&shop, CANCEL, "A-1").await);
    assert_eq!(states(&shop).await[0], "issued");
    shop.is_sound().await;
}

#[tokio::test]
async fn an_order_of_which_something_is_for_another_store_uses_nothing() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let elsewhere = json!({ "scope": { "stores": { "include": ["S-1"] } } });
    let elsewhere = shop.template(elsewhere, 9).await;
    for template in [&template, &elsewhere] {
        let code = shop.claim("1", template).await;
        use_code(&shop, &code, "A-1").await.ok();
    }
    let in_store = async |store: &str| {
        shop.ask(CONFIRM, &[("uid", "1"), ("orderCode", "A-1"), ("storeSn", store)]).await
    };

    in_store("S-2").await.bare(400, "没有可以使用优惠券的商品");
    assert_eq!(states(&shop).await, ["locked", "locked"]);
    is_true(&in_store("S-1").await);
    assert_eq!(states(&shop).await, ["redeemed", "redeemed"]);
}

#[tokio::test]
async fn what_is_let_go_while_its_order_is_paid_is_not_used() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let (first, second) = (shop.claim("1", &template).await, shop.claim("1", &template).await);
    for code in [&first, &second] {
        use_code(&shop, code, "A-1").await.ok();
    }
    let db = shop.admin.db();
    let mut holding = kaquan::store::begin(db).await.unwrap();
    let hold = sqlx::query("select from coupon where code = $1 for update").bind(&first);
    hold.execute(&mut *holding).await.unwrap();

    // The order is read, and waits for the first of its coupons, when the second is let go of.
    let (paid, ()) = tokio::join!(act(&shop, CONFIRM, "A-1"), async {
        until_true(
            db,
            "select exists (
                select from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
            )",
        )
        .await;
        let second = json!({ "code": second, "order_no": "A-1" });
        assert_eq!(shop.admin.act("/v1/unlocks", second).await.ok()["changed"], true);
        holding.rollback().await.unwrap();
    });

    paid.bare(402, "优惠券不存在");
    assert_eq!(states(&shop).await, ["redeemed", "issued"]);
    shop.is_sound().await;
}

#[tokio::test]
async fn whether_a_lock_has_passed_is_for_the_database_to_say() {
    let mut shop = Shop::open().await;
    let template = given(&shop).await;
    let number = template["number"].as_str().unwrap().to_owned();
    let (one, two) = (shop.claim("1", &template).await, shop.claim("1", &template).await);
    use_briefly(&shop, &one, "A-1").await;
    use_briefly(&shop, &two, "A-2").await;

    shop.is_ahead(TimeDelta::hours(1)).await;
    is_true(&act(&shop, CANCEL, "A-1").await);
    is_true(&act(&shop, CONFIRM, "A-2").await);
    assert_eq!(states(&shop).await, ["issued", "redeemed"]);

    use_briefly(&shop, &one, "A-3").await;
    shop.admin.clock.advance(TimeDelta::seconds(60));
    shop.is_ahead(TimeDelta::hours(-1)).await;
    let params = [("uid", "1"), ("couponId", &*number), ("orderCode", "A-4")];
    assert_eq!(shop.ask(USE, &params).await.ok()["couponCode"], json!(one));
}

#[tokio::test]
async fn what_is_over_or_used_up_by_its_order_is_not_kept() {
    let shop = Shop::open().await;
    shop.member("1").await;
    let template = shop.template(json!({}), 10).await;
    let code = shop.claim("1", &template).await;

    use_code(&shop, &code, "A-1").await.ok();
    is_true(&act(&shop, CONFIRM, "A-1").await);
    is_true(&act(&shop, CANCEL, "A-1").await);

    // An order that has given a coupon back takes another number to use it again.
    use_code(&shop, &code, "A-1").await.bare(400, "重复请求参数不一致");
    shop.admin.clock.advance(TimeDelta::days(8));
    use_code(&shop, &code, "A-2").await.bare(400, "优惠券已过期");
}

#[tokio::test]
async fn orders_at_once_for_one_template_keep_a_coupon_each() {
    let shop = Shop::open().await;
    let template = given(&shop).await;
    let number = template["number"].as_str().unwrap();
    for _ in 0..4 {
        shop.claim("1", &template).await;
    }
    let orders: Vec<_> = (0..6).map(|order| format!("A-{order}")).collect();
    let params: Vec<_> = orders
        .iter()
        .flat_map(|order| [order; 2])
        .map(|order| [("uid", "1"), ("couponId", number), ("orderCode", &**order)])
        .collect();

    let heard = params.iter().map(|params| shop.ask(USE, params));
    let heard = futures_util::future::join_all(heard).await;

    let is_kept = |heard: &Heard| heard.text.contains("SALT_MD5");
    assert_eq!(states(&shop).await, ["locked"; 4]);
    // Each of the four orders that came first says so twice, and hears of the same coupon.
    assert_eq!(heard.iter().filter(|heard| is_kept(heard)).count(), 8, "{heard:?}");
    let mut twice = heard.chunks(2).filter(|twice| is_kept(&twice[0]));
    assert!(twice.all(|twice| twice[0] == twice[1]), "{heard:?}");
    shop.is_sound().await;
}
