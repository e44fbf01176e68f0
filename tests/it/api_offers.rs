//! The coupon centre: what somebody may claim, and how each offer stands for them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{admin::Admin, counter::path};

async fn offer(admin: &Admin, app: &Value, fields: Value, stock: i64) -> Value {
    let template = json!(admin.given_template(fields).await);
    admin.given_claimable_on(app, &template, stock).await
}

fn find<'a>(page: &'a Value, placement: &Value) -> Option<&'a Value> {
    let data = page["data"].as_array().unwrap();
    data.iter().find(|offer| offer["placement_id"] == placement["id"])
}

#[tokio::test]
async fn each_offer_says_how_it_stands_and_what_is_stopped_or_over_is_not_there() {
    let admin = Admin::new().await;
    let app = json!(admin.given_app("key").await);
    admin.given_member("u-1", json!({ "classes": ["gold"] }), &[(&app, "anna")]).await;
    let anna = admin.person(&app, "anna").await;
    let of = |class: &str| json!({ "audience": { "type": "member_classes", "any_of": [class] } });
    let mut born = of("gold");
    born["birth_month"] = json!(5);
    let later = json!({ "claim_from": "2026-11-12T00:00:00+08:00" });
    let over = json!({ "claim_until": "2026-11-11T12:00:00+08:00" });
    let open = offer(&admin, &app, of("gold"), 3).await;
    let have = offer(&admin, &app, json!({}), 3).await;
    let empty = offer(&admin, &app, json!({}), 0).await;
    let soon = offer(&admin, &app, later, 3).await;
    let staff = offer(&admin, &app, of("staff"), 3).await;
    let month = offer(&admin, &app, born, 3).await;
    let late = offer(&admin, &app, over, 3).await;
    let paused = offer(&admin, &app, json!({}), 3).await;
    let gone = offer(&admin, &app, json!({}), 3).await;
    let draft = offer(&admin, &app, json!({}), 3).await;
    anna.claim(&have, "k").await.created();
    for (placement, verb) in [(&paused, "pause"), (&gone, "withdraw")] {
        admin.post(&format!("{}/{verb}", path(placement)), json!({})).await.ok();
    }
    let ended = format!("/v1/admin/templates/{}/end", draft["template_id"].as_str().unwrap());
    admin.post(&ended, json!({})).await.ok();

    let page = anna.get("/v1/mini/offers").await.ok();
    let same = admin.get("/v1/offers?uid=u-1").await.ok();

    assert_eq!(page, same);
    for (placement, status, reason) in [
        (&open, "claimable", None),
        (&have, "already_have", None),
        (&empty, "sold_out", None),
        (&soon, "not_open", None),
        (&staff, "not_eligible", Some("member_class")),
        (&month, "not_eligible", Some("birth_month")),
    ] {
        let shown = find(&page, placement).unwrap();
        let told = (shown["status"].as_str(), shown["reason"].as_str());
        assert_eq!(told, (Some(status), reason));
    }
    for hidden in [&late, &paused, &gone, &draft] {
        assert!(find(&page, hidden).is_none());
    }
    let have = find(&page, &have).unwrap();
    assert_eq!((&have["left"], &have["held"]), (&json!(2), &json!(1)));
    let soon = find(&page, &soon).unwrap();
    assert_eq!(soon["opens_at"], "2026-11-11T16:00:00Z");
    assert_eq!(soon["opens_in_seconds"], 12 * 3600);
    assert_eq!(have["opens_in_seconds"], 0);
    assert_eq!(have["closes_in_seconds"], (19 * 24 + 12) * 3600);
}

#[tokio::test]
async fn no_more_is_left_than_there_are_uploaded_codes() {
    let admin = Admin::new().await;
    let app = json!(admin.given_app("key").await);
    let placement = offer(&admin, &app, json!({ "codes": { "type": "uploaded" } }), 5).await;
    let anna = admin.person(&app, "anna").await;

    let before = anna.get("/v1/mini/offers").await.ok();
    admin.upload(placement["template_id"].as_str().unwrap(), "A-1\nA-2\n").await.created();
    let two = anna.get("/v1/mini/offers").await.ok();
    anna.claim(&placement, "k").await.created();
    let one = anna.get("/v1/mini/offers").await.ok();

    let told = |page: &Value| {
        let shown = find(page, &placement).unwrap();
        (shown["status"].as_str().unwrap().to_owned(), shown["left"].as_i64().unwrap())
    };
    assert_eq!(told(&before), ("sold_out".to_owned(), 0));
    assert_eq!(told(&two), ("claimable".to_owned(), 2));
    assert_eq!(told(&one), ("already_have".to_owned(), 1));
}

#[tokio::test]
async fn a_person_sees_the_offers_of_their_app_and_a_member_those_of_all_where_they_can_claim() {
    let admin = Admin::new().await;
    let baidu = admin.given_claimable("baidu", json!({}), 1).await;
    admin.clock.advance(TimeDelta::seconds(1));
    let own = admin.given_claimable("own", json!({}), 1).await;
    let wechat = admin.given_claimable("wechat", json!({}), 1).await;
    sqlx::query(
        "update placement set review = 'passed', platform_ref = 'pCARD'
         where app_id = (select app_id from app where platform = 'wechat')",
    )
    .execute(admin.db())
    .await
    .unwrap();
    admin.given_member("u-1", json!({}), &[(&baidu["app_id"], "anna")]).await;
    let anna = admin.person(&baidu["app_id"], "anna").await;

    let mine = anna.get("/v1/mini/offers").await.ok();
    let members = admin.get("/v1/offers?uid=u-1").await.ok();
    let strangers = admin.get("/v1/offers?uid=nobody").await.ok();
    let newcomer = wechat["app_id"].as_str().unwrap();
    let newcomers = admin.get(&format!("/v1/offers?app_id={newcomer}&open_id=new")).await.ok();

    let placements = |page: &Value| -> Vec<Value> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|offer| offer["placement_id"].clone()).collect()
    };
    assert_eq!(placements(&mine), [baidu["id"].clone()]);
    assert_eq!(placements(&members), [own["id"].clone(), baidu["id"].clone()]);
    assert_eq!(placements(&strangers), Vec::<Value>::new());
    assert_eq!(placements(&newcomers), [wechat["id"].clone()]);
    admin.get("/v1/offers").await.problem(422, "invalid_values");
}

#[tokio::test]
async fn pages_are_full_although_some_offers_are_left_out() {
    let admin = Admin::new().await;
    let app = json!(admin.given_app("key").await);
    let over = json!({ "claim_until": "2026-11-11T12:00:00+08:00" });
    let mut shown = Vec::new();
    for _ in 0..3 {
        shown.insert(0, offer(&admin, &app, json!({}), 1).await["id"].clone());
        admin.clock.advance(TimeDelta::milliseconds(1));
        offer(&admin, &app, over.clone(), 1).await;
        admin.clock.advance(TimeDelta::milliseconds(1));
    }
    let anna = admin.person(&app, "anna").await;

    let first = anna.get("/v1/mini/offers?limit=2").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = anna.get(&format!("/v1/mini/offers?limit=2&cursor={cursor}")).await.ok();

    let data = [&first["data"], &second["data"]].map(|data| data.as_array().unwrap().clone());
    let seen: Vec<_> = data.concat().iter().map(|offer| offer["placement_id"].clone()).collect();
    assert_eq!(seen, shown);
    assert_eq!(data[0].len(), 2);
    assert_eq!(second["next_cursor"], Value::Null);
}
