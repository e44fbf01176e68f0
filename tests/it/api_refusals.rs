//! Refusals as people and programs read them, in both languages.

use chrono::TimeDelta;
use kaquan::config::limits::Limits;
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, Reply, plenty},
    life::{given_coupon, of, with},
    vault::vault,
};

/// The same request in both languages, each under a key of its own.
async fn ask(admin: &Admin, key: &str, path: &str, body: &Value) -> [Reply; 2] {
    let mut replies = Vec::new();
    for language in ["zh-CN", "en"] {
        let mut request = admin.request("POST", path, body.to_string());
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {key}").parse().unwrap());
        headers.insert("accept-language", language.parse().unwrap());
        headers.insert("idempotency-key", uuid::Uuid::new_v4().to_string().parse().unwrap());
        replies.push(admin.send(request).await);
    }
    replies.try_into().unwrap()
}

/// Language, document and when to come back; without the id of the request, which is another one each time.
fn told(replies: [Reply; 2]) -> String {
    let tell = |mut reply: Reply| {
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        assert_eq!(reply.body["status"], reply.status.as_u16());
        reply.body.as_object_mut().unwrap().remove("request_id").unwrap();
        let language = reply.headers["content-language"].to_str().unwrap();
        let later = reply.headers.get("retry-after").map(|after| after.to_str().unwrap());
        let later = later.map(|after| format!(" Retry-After: {after}")).unwrap_or_default();
        format!("{language}{later} {}", reply.body)
    };
    replies.map(tell).join("\n")
}

#[tokio::test]
async fn a_coupon_that_is_kept_says_until_when_and_one_that_does_not_fit_says_why() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;
    let line = json!({ "goods_id": "tea", "unit_price_fen": 4000, "quantity": 2 });
    let cart = |fields: &Value| with(of(&coupon, "a"), fields);
    let below = cart(&json!({ "lines": [line] }));
    let differs = json!([{ "goods_id": "tea", "unit_price_fen": 10000, "quantity": 1 }]);
    let differs = cart(&json!({ "lines": differs, "discount_fen": 1999 }));

    let below = told(ask(&admin, &admin.owner, "/v1/redemptions", &below).await);
    let differs = told(ask(&admin, &admin.owner, "/v1/redemptions", &differs).await);
    admin.act("/v1/locks", of(&coupon, "a")).await.created();
    admin.clock.advance(TimeDelta::minutes(1));
    let locked = told(ask(&admin, &admin.owner, "/v1/redemptions", &of(&coupon, "b")).await);

    insta::assert_snapshot!(below, @r#"
    zh-CN {"code":"threshold_not_met","detail":"满 100.00 元可用，目前 80.00 元","has_fen":8000,"needs_fen":10000,"status":409,"title":"未达到使用门槛","type":"urn:kaquan:problem:threshold_not_met"}
    en {"code":"threshold_not_met","detail":"matching goods for 10000 fen are needed, there are 8000","has_fen":8000,"needs_fen":10000,"status":409,"title":"The threshold is not met","type":"urn:kaquan:problem:threshold_not_met"}
    "#);
    insta::assert_snapshot!(differs, @r#"
    zh-CN {"code":"discount_differs","detail":"应优惠 20.00 元，收到的是 19.99 元","discount_fen":2000,"sent_fen":1999,"status":409,"title":"优惠金额不一致","type":"urn:kaquan:problem:discount_differs"}
    en {"code":"discount_differs","detail":"the coupon takes 2000 fen off, not 1999","discount_fen":2000,"sent_fen":1999,"status":409,"title":"The discount comes out differently","type":"urn:kaquan:problem:discount_differs"}
    "#);
    insta::assert_snapshot!(locked, @r#"
    zh-CN {"code":"locked","detail":"卡券已被其他订单占用","locked_until":"2026-11-11T04:30:00Z","status":409,"title":"卡券已被其他订单占用","type":"urn:kaquan:problem:locked"}
    en {"code":"locked","detail":"the coupon is kept for another order","locked_until":"2026-11-11T04:30:00Z","status":409,"title":"The coupon is kept for another order","type":"urn:kaquan:problem:locked"}
    "#);
}

#[tokio::test]
async fn what_is_gone_wrong_or_unknown_is_told_in_both_languages() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 1).await;
    admin.claim(&placement, "claim-1", "open-1").await.created();
    let claim = json!({ "placement_id": placement["id"], "open_id": "open-2" });
    let short = json!({ "code": "KQ000", "order_no": "", "expires_in_seconds": 59 });

    let sold_out = told(ask(&admin, &admin.owner, "/v1/claims", &claim).await);
    let invalid = told(ask(&admin, &admin.owner, "/v1/locks", &short).await);
    let unknown = told(ask(&admin, "kq_nobody", "/v1/locks", &short).await);

    insta::assert_snapshot!(sold_out, @r#"
    zh-CN {"code":"sold_out","detail":"优惠券已抢光","status":409,"title":"优惠券已抢光","type":"urn:kaquan:problem:sold_out"}
    en {"code":"sold_out","detail":"sold out","status":409,"title":"Sold out","type":"urn:kaquan:problem:sold_out"}
    "#);
    insta::assert_snapshot!(invalid, @r#"
    zh-CN {"code":"invalid_values","detail":"some values are not acceptable; `problems` lists all of them","problems":[{"message":"1 to 64 characters without blanks around them","param":"order_no"},{"message":"60 to 86400","param":"expires_in_seconds"}],"status":422,"title":"部分内容不正确","type":"urn:kaquan:problem:invalid_values"}
    en {"code":"invalid_values","detail":"some values are not acceptable; `problems` lists all of them","problems":[{"message":"1 to 64 characters without blanks around them","param":"order_no"},{"message":"60 to 86400","param":"expires_in_seconds"}],"status":422,"title":"Some values are not acceptable","type":"urn:kaquan:problem:invalid_values"}
    "#);
    insta::assert_snapshot!(unknown, @r#"
    zh-CN {"code":"unauthenticated","detail":"this key or session is mistyped, unknown, over or revoked","status":401,"title":"未登录或凭证已失效","type":"urn:kaquan:problem:unauthenticated"}
    en {"code":"unauthenticated","detail":"this key or session is mistyped, unknown, over or revoked","status":401,"title":"Not authenticated","type":"urn:kaquan:problem:unauthenticated"}
    "#);
}

#[tokio::test]
async fn a_code_that_nobody_has_is_told_and_after_some_of_them_when_to_come_back() {
    let settings = Limits { unknown_codes: 2, ..plenty() };
    let admin = Admin::with_limits(vault(), &settings).await;
    let nobodys = of(&json!({ "code": "NOBODYSCODE" }), "a");

    let unknown = told(ask(&admin, &admin.owner, "/v1/redemptions", &nobodys).await);
    let too_many = told(ask(&admin, &admin.owner, "/v1/redemptions", &nobodys).await);

    insta::assert_snapshot!(unknown, @r#"
    zh-CN {"code":"no_such_coupon","detail":"没有这张卡券","status":404,"title":"没有这张卡券","type":"urn:kaquan:problem:no_such_coupon"}
    en {"code":"no_such_coupon","detail":"no such coupon","status":404,"title":"No such coupon","type":"urn:kaquan:problem:no_such_coupon"}
    "#);
    insta::assert_snapshot!(too_many, @r#"
    zh-CN Retry-After: 30 {"code":"rate_limited","detail":"操作太频繁，请 30 秒后再试","status":429,"title":"操作太频繁，请稍后再试","type":"urn:kaquan:problem:rate_limited"}
    en Retry-After: 30 {"code":"rate_limited","detail":"too many requests; try again in 30 s","status":429,"title":"Too many requests; try again later","type":"urn:kaquan:problem:rate_limited"}
    "#);
}
