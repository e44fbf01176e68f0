//! Wallets: what people have, tab by tab, and what nobody else sees of it.

use chrono::TimeDelta;
use kaquan::{clock::Clock, domain::access::Role};
use serde_json::{Value, json};

use crate::support::admin::Admin;

const NOBODYS: &str = "cpn_00000000000070008000000000000001";

async fn three(admin: &Admin) -> Value {
    let fields = json!({ "per_person_limit": 100, "birth_month": null });
    admin.given_claimable("own", fields, 100).await
}

fn ids(coupons: &[&Value]) -> Vec<Value> {
    coupons.iter().map(|coupon| coupon["id"].clone()).collect()
}

#[tokio::test]
async fn each_coupon_is_in_the_tab_of_what_it_is_and_a_void_one_in_none() {
    let admin = Admin::new().await;
    let placement = three(&admin).await;
    let anna = admin.person(&placement["app_id"], "anna").await;
    let mut coupons = Vec::new();
    for key in ["plain", "locked", "lapsed", "used", "void"] {
        coupons.push(anna.claim(&placement, key).await.created());
        admin.clock.advance(TimeDelta::seconds(1));
    }
    let [plain, locked, lapsed, used, void] = &coupons[..] else { unreachable!() };
    admin.lock(locked, "2026-11-18T04:00:00Z").await;
    admin.lock(lapsed, "2026-11-11T04:00:03Z").await;
    admin.redeem(&used["code"], "order-1").await.created();
    admin.void(void).await;

    let before = (anna.tab("usable").await, anna.tab("locked").await, anna.tab("used").await);
    let nothing = anna.tab("expired").await;
    admin.clock.advance(TimeDelta::hours(6 * 24 + 13));
    let over = (anna.tab("usable").await, anna.tab("locked").await, anna.tab("expired").await);
    admin.clock.advance(TimeDelta::days(1));
    let later = (anna.tab("locked").await, anna.tab("expired").await);

    assert_eq!(before, (ids(&[lapsed, plain]), ids(&[locked]), ids(&[used])));
    assert_eq!(nothing, Vec::<Value>::new());
    // A lock that was taken in time outlives the validity.
    assert_eq!(over, (vec![], ids(&[locked]), ids(&[lapsed, plain])));
    assert_eq!(later, (vec![], ids(&[lapsed, locked, plain])));
}

#[tokio::test]
async fn a_list_shows_what_people_read_and_the_coupon_itself_its_code() {
    let admin = Admin::new().await;
    let wait = json!({ "validity": { "type": "after_claim", "days": 1, "starts_after_days": 1 } });
    let placement = admin.given_claimable("own", wait, 1).await;
    let anna = admin.person(&placement["app_id"], "anna").await;
    let claimed = anna.claim(&placement, "k").await.created();
    let path = format!("/v1/mini/coupons/{}", claimed["id"].as_str().unwrap());

    let listed = anna.get("/v1/mini/coupons?tab=usable").await.ok();
    let shown = anna.get(&path).await.ok();
    admin.clock.advance(TimeDelta::hours(13));
    let body = json!({ "code": claimed["code"], "order_no": "订单-1", "store": "徐家汇店" });
    admin.act("/v1/redemptions", body).await.created();
    let used = anna.get(&path).await.ok();

    insta::assert_json_snapshot!(listed["data"][0], {
        ".id" => "cpn_…", ".placement_id" => "plc_…", ".template_id" => "tpl_…", ".app_id" => "app_…",
        ".code" => "…",
    }, @r##"
    {
      "app_id": "app_…",
      "benefit": {
        "off_fen": 2000,
        "type": "amount"
      },
      "code": "…",
      "colour": "#9857AE",
      "id": "cpn_…",
      "issued_at": "2026-11-11T04:00:00Z",
      "kind": "cash",
      "placement_id": "plc_…",
      "status": "not_yet_valid",
      "template_id": "tpl_…",
      "texts": {
        "description": "全场通用",
        "introduction": "下单时选用，一单一张。",
        "limit": "每人限领 1 张",
        "threshold": "满 100 元可用"
      },
      "threshold": {
        "fen": 10000,
        "type": "amount"
      },
      "title": "满 100 减 20",
      "valid_from": "2026-11-11T16:00:00Z",
      "valid_until": "2026-11-12T16:00:00Z"
    }
    "##);
    let code = claimed["code"].as_str().unwrap();
    assert_eq!(listed["data"][0]["code"], format!("…{}", &code[code.len() - 4..]));
    assert_eq!(shown["code"], claimed["code"]);
    assert_eq!(used["status"], "used");
    let expected = json!({
        "order_no": "订单-1", "store": "徐家汇店", "at": admin.clock.now(), "discount_fen": null,
    });
    assert_eq!(used["redeemed"], expected);
}

#[tokio::test]
async fn a_member_sees_the_coupons_of_all_accounts_and_nobody_elses() {
    let admin = Admin::new().await;
    let own = three(&admin).await;
    let baidu = admin.given_claimable("baidu", json!({}), 10).await;
    admin
        .given_member("u-1", json!({}), &[(&own["app_id"], "anna"), (&baidu["app_id"], "a")])
        .await;
    let anna = admin.person(&own["app_id"], "anna").await;
    let bert = admin.person(&own["app_id"], "bert").await;
    let here = anna.claim(&own, "k").await.created();
    admin.clock.advance(TimeDelta::seconds(1));
    let there = admin.claim(&baidu, "k", "a").await.created();
    admin.clock.advance(TimeDelta::seconds(1));
    let other = bert.claim(&own, "k").await.created();

    let foreign = format!("/v1/mini/coupons/{}", other["id"].as_str().unwrap());
    let mut told = Vec::new();
    for path in [foreign, format!("/v1/mini/coupons/{NOBODYS}")] {
        for path in [path.clone(), format!("{path}/qr-code"), format!("{path}/barcode")] {
            let mut problem = anna.get(&path).await.problem(404, "no_such_coupon");
            problem.as_object_mut().unwrap().remove("request_id");
            told.push(problem);
        }
    }

    assert_eq!(anna.tab("usable").await, ids(&[&there, &here]));
    assert_eq!(bert.tab("usable").await, ids(&[&other]));
    assert!(told.iter().all(|problem| *problem == told[0]), "{told:?}");
    anna.get(&format!("/v1/mini/coupons/{}", there["id"].as_str().unwrap())).await.ok();
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let admin = Admin::new().await;
    let placement = three(&admin).await;
    let anna = admin.person(&placement["app_id"], "anna").await;
    let mut given = Vec::new();
    for key in 0..5 {
        given.insert(0, anna.claim(&placement, &format!("k-{key}")).await.created()["id"].clone());
        admin.clock.advance(TimeDelta::seconds(1));
    }

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = anna.get(&format!("/v1/mini/coupons?tab=usable&limit=2{cursor}")).await.ok();
        seen.extend(page["data"].as_array().unwrap().iter().map(|coupon| coupon["id"].clone()));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }

    assert_eq!(seen, given);
    assert_eq!(cursor, "&cursor=");
    anna.get("/v1/mini/coupons?tab=usable&cursor=x").await.problem(400, "invalid_cursor");
    anna.get("/v1/mini/coupons?tab=void").await.problem(400, "invalid_query");
    anna.get("/v1/mini/coupons").await.problem(400, "invalid_query");
    anna.get("/v1/mini/coupons?tab=usable&open_id=bert").await.problem(400, "invalid_query");
}

#[tokio::test]
async fn the_merchant_names_somebody_one_way_and_sees_whole_codes_only_where_they_are_needed() {
    let admin = Admin::new().await;
    let placement = three(&admin).await;
    admin.given_member("u-1", json!({}), &[(&placement["app_id"], "anna")]).await;
    let coupon = admin.claim(&placement, "k", "anna").await.created();
    let app = placement["app_id"].as_str().unwrap();
    let path = format!("/v1/coupons/{}", coupon["id"].as_str().unwrap());
    let auditor = format!("Bearer {}", admin.key(Role::Auditor).await);

    let by_uid = admin.get("/v1/coupons?tab=usable&uid=u-1").await.ok();
    let named = format!("/v1/coupons?tab=usable&app_id={app}&open_id=anna");
    let by_open_id = admin.get(&named).await.ok();
    let stranger = admin.get("/v1/coupons?tab=usable&uid=nobody").await.ok();
    let mut looking = admin.request("GET", &path, "");
    looking.headers_mut().insert("authorization", auditor.parse().unwrap());
    let looked = admin.send(looking).await.ok();

    assert_eq!(by_uid, by_open_id);
    assert_eq!(by_uid["data"][0]["id"], coupon["id"]);
    assert_eq!(stranger["data"], json!([]));
    assert_eq!(looked["code"], by_uid["data"][0]["code"]);
    assert_eq!(admin.get(&path).await.ok()["code"], coupon["code"]);
    for query in ["", "&uid=", "&uid=u-1&open_id=a", "&open_id=anna", "&uid=%00"] {
        let path = format!("/v1/coupons?tab=usable{query}");
        admin.get(&path).await.problem(422, "invalid_values");
    }
    admin.void(&coupon).await;
    admin.get(&path).await.problem(404, "no_such_coupon");
}
