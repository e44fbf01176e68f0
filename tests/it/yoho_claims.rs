//! Claims in the Yoho protocol: one, several, one of a campaign.

use chrono::TimeDelta;
use kaquan::config::yoho::Yoho as Settings;
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    yoho::{Heard, Shop, signed},
};

const GET: &str = "app.promotion.getCoupon";
const BATCH: &str = "app.promotion.getBatchCoupon";
const SEND: &str = "app.coupons.couponSend";

fn number(template: &Value) -> &str {
    template["number"].as_str().unwrap()
}

async fn claim(shop: &Shop, uid: &str, template: &Value) -> Heard {
    shop.ask(GET, &[("uid", uid), ("couponId", number(template))]).await
}

async fn batch(shop: &Shop, uid: &str, ids: &str) -> Heard {
    shop.ask(BATCH, &[("uid", uid), ("couponIds", ids)]).await
}

#[tokio::test]
async fn a_claim_is_answered_with_the_code_and_a_second_one_with_401() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 10).await;
    shop.member("7893817").await;

    let claimed = claim(&shop, "7893817", &template).await;
    let again = claim(&shop, "7893817", &template).await;

    let (code, data, message) = claimed.full();
    assert_eq!((code, &*message), (200, "操作成功"));
    let held: String =
        sqlx::query_scalar("select code from coupon").fetch_one(shop.admin.db()).await.unwrap();
    assert_eq!(data, format!("\"{held}\""));
    again.bare(401, "优惠券已经领取");
    shop.is_sound().await;
}

#[tokio::test]
async fn each_reason_for_a_no_has_its_own_code_and_text() {
    let shop = Shop::open().await;
    shop.member_with("1", json!({ "classes": ["silver"] })).await;
    let gold = json!({ "audience": { "type": "member_classes", "any_of": ["gold"] } });
    let early = json!({ "claim_from": "2026-11-20T00:00:00+08:00" });
    let late = json!({ "claim_until": "2026-11-02T00:00:00+08:00" });
    let sold_out = shop.template(json!({}), 0).await;
    let paused = shop.template(json!({}), 10).await;
    let template = paused["template_id"].as_str().unwrap();
    let path = format!("/v1/admin/templates/{template}/pause");
    shop.admin.post(&path, json!({})).await.ok();

    for (template, code, message) in [
        (shop.template(gold, 10).await, 306, "很抱歉!您的用户身份类型不可使用该券"),
        (shop.template(early, 10).await, 400, "领取未开始"),
        (shop.template(late, 10).await, 400, "领取已结束"),
        (sold_out, 400, "优惠券已抢光"),
        (paused, 402, "优惠券不存在"),
        (json!({ "number": "9007199254740991" }), 402, "优惠券不存在"),
    ] {
        claim(&shop, "1", &template).await.bare(code, message);
    }
    let template = shop.template(json!({}), 10).await;
    claim(&shop, "2", &template).await.bare(500, "Uid Is Null.");
}

#[tokio::test]
async fn whoever_has_it_hears_so_also_when_it_is_sold_out() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 1).await;
    shop.member("1").await;
    shop.member("2").await;

    claim(&shop, "1", &template).await.ok();

    claim(&shop, "1", &template).await.bare(401, "优惠券已经领取");
    claim(&shop, "2", &template).await.bare(400, "优惠券已抢光");
}

#[tokio::test]
async fn a_batch_goes_as_far_as_it_goes() {
    let shop = Shop::open().await;
    let (one, two, gone) = (
        shop.template(json!({}), 10).await,
        shop.template(json!({}), 10).await,
        shop.template(json!({}), 0).await,
    );
    let (one, two, gone) = (number(&one), number(&two), number(&gone));
    shop.member("1").await;
    shop.member("2").await;

    let all = batch(&shop, "1", &format!("{one},{two}")).await;
    let none = batch(&shop, "1", &format!("{gone},{one}")).await;
    let some = batch(&shop, "2", &format!("{gone}, {two},,{two},999999")).await;

    assert_eq!(all.full(), (200, "{}", "操作成功".to_owned()));
    none.bare(400, "优惠券已抢光");
    let failed = format!(
        r#"{{"failed":[{{"code":400,"couponId":"{gone}","message":"优惠券已抢光"}},{{"code":402,"couponId":"999999","message":"优惠券不存在"}}],"success":["{two}"]}}"#
    );
    assert_eq!(some.full(), (200, &*failed, "操作成功".to_owned()));
    shop.is_sound().await;
}

#[tokio::test]
async fn a_batch_that_cannot_be_meant_claims_nothing() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 10).await;
    shop.member("1").await;
    let many: Vec<_> = (1..=21).map(|id| id.to_string()).collect();

    for ids in ["", ",", "x", &format!("{},x", number(&template)), &many.join(",")] {
        batch(&shop, "1", ids).await.bare(400, "参数错误:couponIds");
    }

    assert_eq!(shop.tab("1", "notuse").await, [0; 0]);
    // Twenty that come twice are twenty.
    let twice = [&many[..20], &many[..20]].concat();
    batch(&shop, "1", &twice.join(",")).await.ok();
}

#[tokio::test]
async fn a_campaign_answers_in_full_also_when_it_says_no() {
    let shop = Shop::open().await;
    let (open, sold_out) = (shop.template(json!({}), 10).await, shop.template(json!({}), 0).await);
    shop.member("1").await;
    let send = async |uid: &str, token: &str| {
        shop.ask(SEND, &[("uid", uid), ("coupon_send_token", token)]).await
    };
    let said = |code, message: &str| (code, "[]", message.to_owned());
    let token = |placement: &Value| placement["id"].as_str().unwrap().to_owned();

    let claimed = send("1", &token(&open)).await;
    let again = send("1", &token(&open)).await;
    let gone = send("1", &token(&sold_out)).await;
    let unknown = send("1", "plc_00000000000070008000000000000001").await;
    let malformed = send("1", "plc-1").await;
    let nobody = send("2", &token(&open)).await;

    assert_eq!(claimed.full(), said(200, "优惠券领取成功"));
    assert_eq!(again.full(), said(401, "优惠券已经领取"));
    assert_eq!(gone.full(), said(400, "优惠券已抢光"));
    assert_eq!(unknown.full(), said(400, "优惠券不存在"));
    assert_eq!(malformed.full(), said(400, "优惠券不存在"));
    assert_eq!(nobody.full(), said(400, "Uid Is Null."));
    assert_eq!(send("", &token(&open)).await.full(), said(400, "Uid Is Null."));
    assert_eq!(send("x", &token(&open)).await.full(), said(400, "参数错误:uid"));
    assert_eq!(send("1", "券").await.full(), said(400, "参数错误:coupon_send_token"));
    let tokenless = shop.ask(SEND, &[("uid", "1")]).await;
    assert_eq!(tokenless.full(), said(400, "参数错误:coupon_send_token"));
}

#[tokio::test]
async fn a_client_claims_only_what_its_apps_have() {
    let shop = Shop::open().await;
    let (mine, others) = (shop.template(json!({}), 10).await, shop.template(json!({}), 10).await);
    shop.client("h5", json!({}), Some(&[&mine["app_id"]])).await;
    shop.member("1").await;
    let ask =
        async |method: &str, params: &[(&str, &str)]| shop.get(&signed("h5", method, params)).await;

    ask(GET, &[("uid", "1"), ("couponId", number(&others))]).await.bare(402, "优惠券不存在");
    let sent = [("uid", "1"), ("coupon_send_token", others["id"].as_str().unwrap())];
    assert_eq!(ask(SEND, &sent).await.full().0, 400);
    ask(GET, &[("uid", "1"), ("couponId", number(&mine))]).await.ok();

    shop.claim("1", &others).await;
    let total = ask("app.coupons.total", &[("uid", "1"), ("type", "notuse")]).await;
    assert_eq!(total.full(), (200, r#"{"total":1}"#, "coupons total".to_owned()));
}

#[tokio::test]
async fn one_person_claims_five_times_a_second() {
    let shop = Shop::with(Admin::new().await, &Settings::default()).await;
    let template = shop.template(json!({ "per_person_limit": 100 }), 100).await;
    shop.member("1").await;
    shop.member("2").await;

    for _ in 0..5 {
        claim(&shop, "1", &template).await.ok();
    }

    claim(&shop, "1", &template).await.bare(400, "请求过于频繁");
    batch(&shop, "1", number(&template)).await.bare(400, "请求过于频繁");
    let token = template["id"].as_str().unwrap();
    let sent = shop.ask(SEND, &[("uid", "1"), ("coupon_send_token", token)]).await;
    assert_eq!(sent.full(), (400, "[]", "请求过于频繁".to_owned()));
    claim(&shop, "2", &template).await.ok();
    shop.admin.clock.advance(TimeDelta::milliseconds(200));
    claim(&shop, "1", &template).await.ok();
    claim(&shop, "1", &template).await.bare(400, "请求过于频繁");
}

#[tokio::test]
async fn the_text_of_success_is_the_merchants() {
    let settings = Settings {
        claim_success_message: "优惠券领取成功".to_owned(),
        ..Settings::default()
    };
    let shop = Shop::with(Admin::new().await, &settings).await;
    let template = shop.template(json!({}), 10).await;
    shop.member("1").await;

    assert_eq!(claim(&shop, "1", &template).await.full().2, "优惠券领取成功");
}

#[tokio::test]
async fn fifty_taps_at_once_are_one_coupon() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 100).await;
    shop.member("1").await;

    let taps = (0..50).map(|_| claim(&shop, "1", &template));
    let heard = futures_util::future::join_all(taps).await;

    let (given, others): (Vec<_>, Vec<_>) =
        heard.iter().partition(|heard| heard.text.contains("SALT_MD5"));
    assert_eq!((given.len(), shop.tab("1", "notuse").await.len()), (1, 1));
    for heard in others {
        heard.bare(401, "优惠券已经领取");
    }
    shop.is_sound().await;
}

#[tokio::test]
async fn a_crowd_takes_what_there_is_and_no_more() {
    let shop = Shop::open().await;
    let template = shop.template(json!({}), 20).await;
    let uids: Vec<_> = (1..=60).map(|uid| uid.to_string()).collect();
    for uid in &uids {
        shop.member(uid).await;
    }

    let heard = futures_util::future::join_all(uids.iter().map(|uid| claim(&shop, uid, &template)));
    let heard = heard.await;

    let sold_out = heard.iter().filter(|heard| heard.text.contains("优惠券已抢光")).count();
    let given = heard.iter().filter(|heard| heard.text.contains("SALT_MD5")).count();
    assert_eq!((given, sold_out), (20, 40));
    shop.is_sound().await;
}
