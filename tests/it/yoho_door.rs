//! Who is let in by the Yoho protocol, and how.

use axum::body::Body;
use chrono::TimeDelta;
use http::Request;
use kaquan::{clock::Clock, config::yoho::Yoho as Settings, vault::Place};
use serde_json::json;

use crate::support::{
    admin::Admin,
    test_app::TestApp,
    vault::vault,
    yoho::{KEY, Shop, query, sign, signed, signed_with},
};

const TOTAL: &str = "app.coupons.total";
const OK: &str = r#"{"total":0}"#;
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const PARAMS: [(&str, &str); 2] = [("uid", "1"), ("type", "use")];

#[tokio::test]
async fn get_and_post_say_the_same_wherever_the_parameters_are() {
    let shop = Shop::open().await;
    let (query, pairs) = (signed("iphone", TOTAL, &PARAMS), signed("iphone", TOTAL, &PARAMS));
    let (first, second) = pairs.split_once("&uid").unwrap();

    let asked = shop.get(&query).await;

    assert_eq!(asked.full().1, OK);
    assert_eq!(shop.post("", query.clone()).await, asked);
    assert_eq!(shop.post(&query, "").await, asked);
    assert_eq!(shop.post(first, format!("uid{second}")).await, asked);
    let slash = Request::get(format!("/gateway/?{query}")).body(Body::empty()).unwrap();
    assert_eq!(shop.send(slash).await, asked);
    let bare = Request::post("/gateway").body(Body::from(query)).unwrap();
    assert_eq!(shop.send(bare).await, asked);
}

#[tokio::test]
async fn a_repeated_parameter_takes_its_first_value_and_signs_it() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 10).await;
    shop.member("1").await;
    shop.claim("1", &template).await;
    let query = signed("iphone", TOTAL, &[("uid", "1"), ("type", "notuse")]);

    let asked = shop.get(&query).await;

    assert_eq!(asked.full().1, r#"{"total":1}"#);
    assert_eq!(shop.get(&format!("{query}&uid=2&type=use")).await, asked);
    assert_eq!(shop.post(&query, "uid=2").await, asked);
    shop.get(&format!("uid=2&{query}")).await.bare(500, "数据验证错误.");
}

#[tokio::test]
async fn a_signature_is_asked_for_before_anything_else_and_says_no_in_three_ways() {
    let shop = Shop::open().await;
    let good = signed("iphone", TOTAL, &PARAMS);
    let (unsigned, secret) = good.split_once("&client_secret=").unwrap();
    // As the original signed it for a platform of which it had no key.
    let null = signed_with("null", "unknown", TOTAL, &PARAMS);

    for (query, message) in [
        (unsigned.to_owned(), "缺少client_secret"),
        (format!("{unsigned}&client_secret="), "缺少client_secret"),
        (good.replace("uid=1", "uid=2"), "数据验证错误."),
        (format!("{good}&oid=7"), "数据验证错误."),
        (format!("{unsigned}&client_secret={}", &secret[1..]), "数据验证错误."),
        (format!("{unsigned}&debug=XYZ"), "缺少client_secret"),
        (format!("{good}&debug=XYZ"), "数据验证错误."),
        (signed_with("null", "iphone", TOTAL, &PARAMS), "数据验证错误."),
        (signed_with("", "iphone", TOTAL, &PARAMS), "数据验证错误."),
        (null, "不接受此平台"),
        (good.replace("client_type=iphone", "client_type=android"), "不接受此平台"),
        (good.replace("client_type=iphone", "client_type=iPhone"), "不接受此平台"),
        (good.replace("client_type=iphone&", ""), "不接受此平台"),
        (good.replace("client_type=iphone", "client_type="), "不接受此平台"),
        (String::new(), "不接受此平台"),
    ] {
        shop.get(&query).await.bare(500, message);
    }
    let upper = format!("{unsigned}&client_secret={}", secret.to_uppercase());
    assert_eq!(shop.get(&upper).await.full().1, OK);
    for ignored in ["q=1&debug_data=2", "q=%ff&debug_data=%", "q=a%26uid%3D2&debug_data&q"] {
        assert_eq!(shop.get(&format!("{good}&{ignored}")).await.full().1, OK, "{ignored}");
        assert_eq!(shop.post(&good, ignored).await.full().1, OK, "{ignored}");
    }
}

#[tokio::test]
async fn the_published_vectors_are_let_in_and_the_forged_ones_are_not() {
    let shop = Shop::open().await;
    let y0 = "client_type=iphone&couponId=23121&method=app.promotion.getCoupon&uid=7893817";
    let signed = |query: &str, secret: &str| format!("{query}&client_secret={secret}");
    let y3 = "client_type=iphone&contentCode=b38b9c4f1c76f89533e9214629b458e4\
              &method=app.promotion.queryCouponCenter&uid=&q=1&debug_data=1";

    let y0_heard = shop.get(&signed(y0, "f0d1d7c363490f20e5e615166a185150")).await;
    let y1 = format!("{y0}&app_version=5.0.0");
    let y1_heard = shop.get(&signed(&y1, "6d904afb3eb12832a5286be706515b1c")).await;
    let y3_heard = shop.get(&signed(y3, "eef5016180e18ab717ae79fb075ff5d0")).await;
    let n1 = y0.replace("iphone", "unknown");
    let n1_heard = shop.get(&signed(&n1, "69b42eda4cc6a8722df830be25227678")).await;
    let n2 = y0.replace("7893817", "7893818");
    let n2_heard = shop.get(&signed(&n2, "f0d1d7c363490f20e5e615166a185150")).await;

    y0_heard.bare(402, "优惠券不存在");
    y1_heard.bare(402, "优惠券不存在");
    assert_eq!(y3_heard.full(), (400, "[]", "资源位模板不存在！".to_owned()));
    n1_heard.bare(500, "不接受此平台");
    n2_heard.bare(500, "数据验证错误.");
}

#[tokio::test]
async fn one_value_never_passes_for_several() {
    let shop = Shop::open().await;
    let plain = [("client_type", "iphone"), ("method", TOTAL), ("type", "use"), ("uid", "1")];
    let secret = sign(&plain, KEY);
    let joined = [("client_type", "iphone"), ("method", TOTAL), ("type", "use&uid=1")];
    assert_eq!(secret, sign(&joined, KEY), "the formula itself cannot tell");

    let heard = shop.get(&format!("{}&client_secret={secret}", query(&joined))).await;

    heard.bare(400, "参数错误:type");
}

#[tokio::test]
async fn both_keys_count_while_one_is_exchanged_for_the_other() {
    let shop = Shop::open().await;
    let id = shop.client("h5", json!({}), None).await;
    let with = |key| signed_with(key, "h5", TOTAL, &PARAMS);
    assert_eq!(shop.get(&with(KEY)).await.full().1, OK);
    let sealed = vault().seal(Place::gateway_secret(id.uuid()), "another-private-key");
    let old = vault().seal(Place::old_gateway_secret(id.uuid()), KEY);
    let until = shop.admin.clock.now() + TimeDelta::hours(1);
    sqlx::query(
        "with changed as (
            update gateway_client set secret_sealed = $2, old_secret_sealed = $3, old_secret_until = $4
            where client_id = $1
        )
        update gateway_version set version = version + 1",
    )
    .bind(id.uuid())
    .bind(sealed.unwrap())
    .bind(old.unwrap())
    .bind(until)
    .execute(shop.admin.db())
    .await
    .unwrap();

    // The new one is known at once, because one that does not fit is looked at anew.
    assert_eq!(shop.get(&with("another-private-key")).await.full().1, OK);
    assert_eq!(shop.get(&with(KEY)).await.full().1, OK);
    shop.admin.clock.advance(TimeDelta::hours(1));
    assert_eq!(shop.get(&with("another-private-key")).await.full().1, OK);
    shop.get(&with(KEY)).await.bare(500, "数据验证错误.");
}

#[tokio::test]
async fn a_request_that_says_when_it_was_made_counts_for_five_minutes_around() {
    let shop = Shop::open().await;
    shop.client("h5", json!({ "require_timestamp": true }), None).await;
    let now = shop.admin.clock.now().timestamp();
    let at = |client, seconds: i64| {
        let made = (now + seconds).to_string();
        signed(client, TOTAL, &[("uid", "1"), ("type", "use"), ("timestamp", &made)])
    };

    for (seconds, counts) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
        for client in ["iphone", "h5"] {
            let heard = shop.get(&at(client, seconds)).await;
            if counts { drop(heard.ok()) } else { heard.bare(500, "数据验证错误.") }
        }
    }
    shop.get(&signed("h5", TOTAL, &PARAMS)).await.bare(400, "参数错误:timestamp");
    let vague = [("uid", "1"), ("type", "use"), ("timestamp", "now")];
    shop.get(&signed("iphone", TOTAL, &vague)).await.bare(400, "参数错误:timestamp");
    let later = at("iphone", 0).replace("timestamp=17", "timestamp=18");
    shop.get(&later).await.bare(500, "数据验证错误.");
}

#[tokio::test]
async fn a_client_with_sessions_is_sent_to_log_in_without_a_word() {
    let shop = Shop::open().await;
    shop.client("app", json!({ "mode": "session" }), None).await;

    shop.get(&signed("app", TOTAL, &PARAMS)).await.empty(401);
    // Whoever has no key learns nothing of that.
    shop.get(&signed_with("wrong", "app", TOTAL, &PARAMS)).await.bare(500, "数据验证错误.");
}

#[tokio::test]
async fn what_a_client_made_public_needs_no_signature_and_everything_else_does() {
    let shop = Shop::open().await;
    let public = json!({ "public_methods": ["app.promotion.queryCoupon"] });
    shop.client("h5", public, None).await;
    let list = "client_type=h5&method=app.promotion.queryCoupon&couponType=3";

    assert_eq!(shop.get(list).await.full(), (200, "[]", "请求成功".to_owned()));
    shop.get(&list.replace("h5", "iphone")).await.bare(500, "缺少client_secret");
    shop.get(&format!("{list}&client_secret=00")).await.bare(500, "数据验证错误.");
    let center = "client_type=h5&method=app.promotion.queryCouponCenter&contentCode=a";
    shop.get(center).await.bare(500, "缺少client_secret");
}

#[tokio::test]
async fn a_client_calls_what_it_may_and_nothing_else() {
    let shop = Shop::open().await;
    let (list, send) = ("app.promotion.queryCoupon", "app.coupons.couponSend");
    shop.client("h5", json!({ "methods": [TOTAL], "public_methods": [list] }), None).await;
    let ask = async |method: &str| shop.get(&signed("h5", method, &PARAMS)).await;

    assert_eq!(ask(TOTAL).await.full().1, OK);
    for method in ["app.promotion.confirmCouponUse", "app.coupons.lists", list, send] {
        ask(method).await.bare(500, "没有接口权限");
    }
    ask("app.coupons.get").await.bare(404, "接口不存在");
    let unsigned = format!("client_type=h5&method={list}&couponType=3");
    shop.get(&unsigned).await.bare(500, "缺少client_secret");
    shop.get(&signed_with("wrong", "h5", list, &PARAMS)).await.bare(500, "数据验证错误.");
}

#[tokio::test]
async fn an_unknown_method_is_told_to_those_with_a_key() {
    let shop = Shop::open().await;

    for method in ["", "app.coupons.get", "app.promotion.getcoupon", "getCoupon"] {
        shop.ask(method, &PARAMS).await.bare(404, "接口不存在");
    }
    let secret = sign(&[("client_type", "iphone")], KEY);
    shop.get(&format!("client_type=iphone&client_secret={secret}")).await.bare(404, "接口不存在");
    shop.get("client_type=iphone&method=app.coupons.get").await.bare(500, "缺少client_secret");
}

#[tokio::test]
async fn a_client_that_asks_too_much_is_told_so() {
    let settings = Settings { client_burst: 2, client_rate: 1, ..Settings::default() };
    let shop = Shop::with(Admin::new().await, &settings).await;
    shop.client("h5", json!({}), None).await;

    shop.ask(TOTAL, &PARAMS).await.ok();
    // Those without a key use nothing of it up.
    for _ in 0..5 {
        shop.get(&signed_with("wrong", "iphone", TOTAL, &PARAMS)).await.bare(500, "数据验证错误.");
    }
    shop.ask(TOTAL, &PARAMS).await.ok();

    shop.ask(TOTAL, &PARAMS).await.bare(400, "请求过于频繁");
    let sent = shop.ask("app.coupons.couponSend", &PARAMS).await;
    assert_eq!(sent.full(), (400, "[]", "请求过于频繁".to_owned()));
    shop.get(&signed("h5", TOTAL, &PARAMS)).await.ok();
}

#[tokio::test]
async fn a_form_is_of_a_decent_size_and_nothing_else() {
    let shop = Shop::open().await;
    let query = signed("iphone", TOTAL, &PARAMS);
    let form = |kind: &str, body: String| {
        Request::post(format!("/gateway?{query}")).header("content-type", kind).body(body.into())
    };
    // The long one is not signed, so that it changes nothing.
    let fits = form(FORM, format!("q={}", "a".repeat(65_534))).unwrap();
    assert_eq!(shop.send(fits).await.full().1, OK);
    let long = form(FORM, format!("q={}", "a".repeat(65_535))).unwrap();
    shop.send(long).await.bare(400, "参数错误:body");
    let json = form("application/json", "{}".to_owned()).unwrap();
    shop.send(json).await.bare(400, "参数错误:Content-Type");
    let none = form("application/json", String::new()).unwrap();
    assert_eq!(shop.send(none).await.full().1, OK);
}

#[tokio::test]
async fn only_get_and_post_are_served() {
    use tower::ServiceExt;
    let shop = Shop::open().await;
    let query = signed("iphone", TOTAL, &PARAMS);

    for method in ["HEAD", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri(format!("/gateway?{query}"));
        let response = shop.router.clone().oneshot(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.unwrap().status(), 405, "{method}");
    }
}

#[tokio::test]
async fn a_server_answers_at_the_addresses_of_the_settings() {
    let app = TestApp::start(1).await;

    for path in ["/gateway", "/gateway/"] {
        let address = format!("http://{}{path}?client_type=iphone", app.address());
        for request in [app.client.get(&address), app.client.post(&address)] {
            let answer = request.send().await.unwrap();
            assert!(answer.headers().contains_key("x-request-id"));
            let text = answer.text().await.unwrap();
            assert_eq!(text, r#"{"code":500,"message":"不接受此平台"}"#);
        }
    }
    let asked = app.metric(r#"kaquan_yoho_requests_total{method="",outcome="unknown_client"}"#);
    assert!(asked.await >= 4);
    app.finish().await;
}
