//! Lists in the Yoho protocol: templates by type, birthday coupons, and what a person holds.

use chrono::TimeDelta;
use kaquan::config::yoho::Yoho as Settings;
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    yoho::{Shop, signed},
};

const QUERY: &str = "app.promotion.queryCoupon";
const BIRTH: &str = "app.promotion.queryBirthCoupon";
const LISTS: &str = "app.coupons.lists";
const LI: &str = "app.coupons.li";
const TOTAL: &str = "app.coupons.total";

/// As in the golden answer of the documents: 50 off 199.
fn fifty_off(fields: &Value) -> Value {
    let mut terms = json!({
        "title": "12月生日券-满199减50",
        "benefit": { "type": "amount", "off_fen": 5000 },
        "threshold": { "type": "amount", "fen": 19_900 },
        "validity": {
            "type": "fixed", "from": "2026-11-01T00:00:00+08:00", "until": "2027-01-31T09:45:41+08:00",
        },
    });
    terms.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    terms
}

#[tokio::test]
async fn templates_of_a_type_are_listed_for_everybody_to_the_byte() {
    let shop = Shop::open().await;
    let typed = |category: &str| fifty_off(&json!({ "category": category }));
    let public = shop.template(typed("public"), 1).await;
    shop.template(typed("a"), 1).await;
    shop.template(fifty_off(&json!({})), 1).await;
    let stopped = shop.template(typed("public"), 1).await;
    let path = format!("/v1/admin/templates/{}/pause", stopped["template_id"].as_str().unwrap());
    shop.admin.post(&path, json!({})).await.ok();

    let heard = shop.ask(QUERY, &[("couponType", "3")]).await;
    let none = shop.ask(QUERY, &[("couponType", "5"), ("uid", "not looked at")]).await;

    let number = public["number"].as_str().unwrap();
    let row = format!(
        r#"[{{"couponAmount":50.00,"couponCode":"","couponName":"12月生日券-满199减50","couponType":3,"endTime":"2027-01-31 09:45:40","id":{number},"startTime":"2026-11-01 00:00:00","status":1,"useLimit":"199","useLimitType":"2"}}]"#
    );
    assert_eq!(heard.full(), (200, &*row, "请求成功".to_owned()));
    assert_eq!(none.full(), (200, "[]", "请求成功".to_owned()));
    for wrong in ["", "0", "6", "03", "x"] {
        shop.ask(QUERY, &[("couponType", wrong)]).await.bare(400, "参数错误:couponType");
    }
}

#[tokio::test]
async fn birthday_coupons_are_listed_and_issued_once() {
    let shop = Shop::open().await;
    shop.member_with("1", json!({ "birth_month": 11 })).await;
    shop.member_with("2", json!({})).await;
    let month = |month: u8| fifty_off(&json!({ "category": "birthday", "birth_month": month }));
    let this = shop.template(month(11), 10).await;
    let next = shop.template(month(12), 10).await;
    shop.template(month(1), 10).await;
    let ask = async |uid| shop.ask(BIRTH, &[("couponType", "4"), ("uid", uid)]).await;

    let first = ask("1").await;
    let second = ask("1").await;
    let unborn = ask("2").await;
    let nobody = ask("3").await;

    let (code, data, message) = first.full();
    assert_eq!((code, &*message), (200, "请求成功"));
    let rows: Vec<Value> = serde_json::from_str(data).unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(ids, [&this, &next].map(|placed| placed["number"].as_str().unwrap()));
    assert!(!data.contains("couponType"), "{data}");
    assert_eq!((second, &unborn, &nobody), (first, &unborn, &unborn));
    assert_eq!(shop.tab("1", "notuse").await.len(), 1);
    assert_eq!(shop.tab("2", "notuse").await.len(), 0);
    shop.is_sound().await;
}

#[tokio::test]
async fn birthday_coupons_are_asked_for_by_their_type_and_by_somebody() {
    let shop = Shop::open().await;

    let ask = async |params: &[(&str, &str)]| shop.ask(BIRTH, params).await;

    ask(&[("couponType", "3"), ("uid", "1")]).await.bare(400, "参数错误:couponType");
    ask(&[("uid", "1")]).await.bare(400, "参数错误:couponType");
    ask(&[("couponType", "4")]).await.bare(500, "Uid Is Null.");
    ask(&[("couponType", "4"), ("uid", "x")]).await.bare(400, "参数错误:uid");
}

#[tokio::test]
async fn birthday_coupons_show_their_type_where_the_merchant_wants_it() {
    let settings = Settings { birthday_coupon_type: true, ..Settings::default() };
    let shop = Shop::with(Admin::new().await, &settings).await;
    shop.template(fifty_off(&json!({ "category": "birthday", "birth_month": 11 })), 1).await;

    let heard = shop.ask(BIRTH, &[("couponType", "4"), ("uid", "1")]).await;

    assert!(heard.full().1.contains(r#""couponType":4,"#), "{heard:?}");
}

#[tokio::test]
async fn a_coupon_is_in_the_tab_of_what_it_is_and_a_locked_one_counts_as_used() {
    let shop = Shop::open().await;
    let fields = json!({ "per_person_limit": 4, "claim_until": "2026-11-12T00:00:00+08:00" });
    let template = shop.template(fifty_off(&fields), 10).await;
    let short = json!({
        "validity": { "type": "after_claim", "days": 1 }, "claim_until": "2026-11-12T00:00:00+08:00",
    });
    let short = shop.template(short, 10).await;
    shop.member("1").await;
    let (free, locked) = (shop.claim("1", &template).await, shop.claim("1", &template).await);
    let used = shop.claim("1", &template).await;
    shop.claim("1", &short).await;
    shop.admin.clock.advance(TimeDelta::hours(12));
    let lock = json!({ "code": locked, "order_no": "A-1" });
    shop.admin.act("/v1/locks", lock).await.created();
    shop.admin.redeem(&json!(used), "A-2").await.created();

    let page = async |method: &str, params: &[(&str, &str)]| {
        let mut all = vec![("uid", "1"), ("page", "1"), ("limit", "10")];
        all.extend(params);
        shop.ask(method, &all).await.ok()
    };
    let unused = page(LISTS, &[("type", "notuse")]).await;
    let taken = page(LISTS, &[("type", "use")]).await;
    let over = page(LISTS, &[("type", "overtime")]).await;
    let legacy = page(LI, &[("status", "1")]).await;
    let legacy_unused = page(LI, &[("status", "0")]).await;

    let number: i64 = template["number"].as_str().unwrap().parse().unwrap();
    let row = &unused["couponList"][0];
    let expected = json!({
        "couponDetailInfomation": "下单时选用，一单一张。", "couponId": number, "couponImageUrl": "",
        "couponValidity": "2026-11-01 00:00:00 - 2027-01-31 09:45:40", "couponValue": 50.0,
        "id": row["id"], "orderCode": "", "overTime": "N",
    });
    assert_eq!((&unused["total"], row), (&json!(1), &expected), "{free}");
    let orders: Vec<_> =
        taken["couponList"].as_array().unwrap().iter().map(|row| &row["orderCode"]).collect();
    assert_eq!(orders, ["A-2", "A-1"]);
    assert_eq!((&over["total"], &over["couponList"][0]["overTime"]), (&json!(1), &json!("Y")));
    let first = &legacy["info"][0];
    let expected = json!({
        "couponValidity": "2026-11-01 00:00:00 - 2027-01-31 09:45:40", "coupon_id": number,
        "coupon_name": "12月生日券-满199减50", "coupon_pic": "", "id": first["id"],
        "is_overtime": "N", "money": 50.0, "order_code": "A-2",
    });
    assert_eq!((&legacy["total"], first), (&json!(2), &expected));
    let unused = legacy_unused["info"].as_array().unwrap().iter();
    let unused: Vec<_> = unused.map(|row| (&row["id"], &row["is_overtime"])).collect();
    let (late, early) = (&over["couponList"][0]["id"], &row["id"]);
    assert_eq!(unused, [(late, &json!("Y")), (early, &json!("N"))]);
    assert_eq!(legacy_unused["total"], 2);
    for (tab, total) in [("notuse", 1), ("use", 2), ("overtime", 1)] {
        let heard = shop.ask(TOTAL, &[("uid", "1"), ("type", tab)]).await;
        assert_eq!(heard.full().1, format!(r#"{{"total":{total}}}"#), "{tab}");
    }
}

#[tokio::test]
async fn members_are_in_alphabetical_order_and_amounts_have_two_decimals() {
    let shop = Shop::open().await;
    let template = shop.template(fifty_off(&json!({})), 10).await;
    shop.member("1").await;
    shop.claim("1", &template).await;
    let params = [("uid", "1"), ("page", "1"), ("limit", "1")];
    let with = |more| [&params[..], &[more]].concat();

    let lists = shop.ask(LISTS, &with(("type", "notuse"))).await;
    let li = shop.ask(LI, &with(("status", "0"))).await;

    for (heard, amount) in [(&lists, r#""couponValue":50.00,"#), (&li, r#""money":50.00,"#)] {
        let (_, data, _) = heard.full();
        assert!(data.contains(amount), "{data}");
        let sorted: Value = serde_json::from_str(data).unwrap();
        // A tree of values is sorted; only the decimals are lost.
        assert_eq!(sorted.to_string(), data.replace("50.00", "50.0"));
    }
}

#[tokio::test]
async fn pages_begin_at_one_and_hold_a_hundred() {
    let shop = Shop::open().await;
    let template = shop.template(json!({ "per_person_limit": 120 }), 120).await;
    shop.member("1").await;
    for _ in 0..103 {
        shop.claim("1", &template).await;
    }
    let page = async |page: &str, limit: &str| {
        let params = [("uid", "1"), ("type", "notuse"), ("page", page), ("limit", limit)];
        let said = shop.ask(LISTS, &params).await.ok();
        assert_eq!(said["total"], 103);
        let rows = said["couponList"].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };

    let (first, second) = (page("1", "500").await, page("2", "500").await);

    assert_eq!((first.len(), second.len()), (100, 3));
    assert_eq!(page("35", "3").await, [second[2]]);
    assert_eq!(page("11", "10").await, second);
    assert_eq!(page("9223372036854775807", "100").await, [0; 0]);
    let mut all = [first, second].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 103, "each once");
}

#[tokio::test]
async fn somebody_unknown_has_nothing_and_nobody_is_refused() {
    let shop = Shop::open().await;
    let ask = async |method: &str, uid: &str| {
        let params =
            [("uid", uid), ("type", "use"), ("status", "0"), ("page", "1"), ("limit", "1")];
        shop.get(&signed("iphone", method, &params)).await
    };

    let empty = [
        (LISTS, r#"{"couponList":[],"total":0}"#, "优惠券列表"),
        (LI, r#"{"total":0}"#, "操作成功"),
        (TOTAL, r#"{"total":0}"#, "coupons total"),
    ];
    for (method, data, message) in empty {
        assert_eq!(ask(method, "9").await.full(), (200, data, message.to_owned()));
        ask(method, "").await.bare(500, "Uid Is Null.");
        ask(method, "0").await.bare(500, "Uid Is Null.");
        ask(method, "-1").await.bare(500, "Uid Is Null.");
        ask(method, "1a").await.bare(400, "参数错误:uid");
    }
}
