//! Coupons given back and voided over the API, what platforms hear of it, and what their history tells.

use chrono::TimeDelta;
use kaquan::{
    clock::Clock,
    service::{count_expired::count_expired, release_locks::release_locks},
};
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    life::{anonymous, events, given_coupon, is_sound, kinds, of, void, with},
};

#[tokio::test]
async fn a_use_is_given_back_line_by_line_and_then_the_coupon_is_free_for_another_order() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;
    let line = json!({ "goods_id": "tea", "unit_price_fen": 10000, "quantity": 1 });
    let body = with(of(&coupon, "a"), &json!({ "lines": [line, line] }));
    admin.act("/v1/redemptions", body).await.created();
    let back = |lines: Value| {
        let body = with(of(&coupon, "a"), &json!({ "lines": lines }));
        async { admin.act("/v1/give-backs", body).await }
    };

    back(json!([3])).await.problem(422, "invalid_values");
    back(json!([])).await.problem(422, "invalid_values");
    let one = back(json!([2])).await.ok();
    let again = back(json!([2])).await.ok();
    admin.redeem(&coupon["code"], "b").await.problem(409, "already_redeemed");
    let rest = back(json!([1, 2])).await.ok();
    let whole = admin.act("/v1/give-backs", of(&coupon, "a")).await.ok();

    assert_eq!((&one["changed"], &again["changed"]), (&json!(true), &json!(false)));
    assert_eq!(one["redemption"]["given_back_at"], Value::Null);
    assert_eq!(rest["redemption"]["given_back_at"], "2026-11-11T04:00:00Z");
    assert_eq!(whole["changed"], false);
    admin.redeem(&coupon["code"], "a").await.problem(409, "given_back");
    admin.act("/v1/locks", of(&coupon, "a")).await.problem(409, "given_back");
    admin.act("/v1/give-backs", of(&coupon, "b")).await.problem(409, "not_redeemed");
    admin.redeem(&coupon["code"], "b").await.created();
    admin.act("/v1/unlocks", of(&coupon, "b")).await.problem(409, "already_redeemed");
    is_sound(&admin).await;
}

#[tokio::test]
async fn what_a_platform_has_not_heard_is_not_told_after_a_give_back_and_told_after_the_next_use() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "claim-1", "open-1").await.created();
    let record = coupon["record"].as_str().unwrap();
    let owed =
        |state: &str| [format!("sync waiting {record}"), format!("write_off {state} {record}")];

    admin.redeem(&coupon["code"], "a").await.created();
    assert_eq!(admin.owed(&coupon).await, owed("waiting"));
    admin.act("/v1/give-backs", of(&coupon, "a")).await.ok();
    assert_eq!(admin.owed(&coupon).await, owed("cancelled"));
    is_sound(&admin).await;
    admin.redeem(&coupon["code"], "b").await.created();
    assert_eq!(admin.owed(&coupon).await, owed("waiting"));
    sqlx::query(
        "update delivery set attempts = 1, fence = 1, doubt = true where kind = 'write_off'",
    )
    .execute(admin.db())
    .await
    .unwrap();
    admin.act("/v1/give-backs", of(&coupon, "b")).await.ok();

    assert_eq!(admin.owed(&coupon).await, owed("waiting"));
    sqlx::query("update delivery set attempts = 0, doubt = false where kind = 'write_off'")
        .execute(admin.db())
        .await
        .unwrap();
    is_sound(&admin).await;
}

#[tokio::test]
async fn the_news_of_a_use_waits_behind_news_that_was_given_up() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "claim-1", "open-1").await.created();
    let behind = "select count(*) from delivery where kind = 'write_off' and state = $1
        and due_at > created_at + interval '29 days'";
    for statement in [
        "update placement set platform_ref = '1001'",
        "update delivery set state = 'dead', settled_at = created_at, attempts = 1, fence = 1",
    ] {
        sqlx::query(statement).execute(admin.db()).await.unwrap();
    }

    admin.redeem(&coupon["code"], "a").await.created();
    let waits: i64 =
        sqlx::query_scalar(behind).bind("pending").fetch_one(admin.db()).await.unwrap();
    admin.act("/v1/give-backs", of(&coupon, "a")).await.ok();
    admin.redeem(&coupon["code"], "b").await.created();
    let waits_again: i64 =
        sqlx::query_scalar(behind).bind("pending").fetch_one(admin.db()).await.unwrap();

    assert_eq!((waits, waits_again), (1, 1));
}

#[tokio::test]
async fn the_key_of_a_use_tells_that_it_was_given_back_since() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;
    let ask = |key: &'static str| {
        let (admin, body) = (&admin, of(&coupon, "a"));
        async move { admin.act_as(&admin.owner, key, "/v1/redemptions", body).await }
    };

    let first = ask("key-1").await.created();
    admin.act("/v1/give-backs", of(&coupon, "a")).await.ok();
    let again = ask("key-1").await.ok();

    assert_eq!((&first["id"], &first["given_back_at"]), (&again["id"], &Value::Null));
    assert!(again["given_back_at"].is_string(), "{again}");
    ask("key-2").await.problem(409, "given_back");
}

#[tokio::test]
async fn a_coupon_that_is_free_again_after_its_end_is_counted_as_expired() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let mut coupons = Vec::new();
    for n in 0..3 {
        let claim = admin.claim(&placement, &format!("claim-{n}"), &format!("open-{n}")).await;
        coupons.push(claim.created());
    }
    admin.clock.advance(TimeDelta::hours(6 * 24 + 12) - TimeDelta::minutes(1));
    for coupon in &coupons {
        admin.act("/v1/locks", of(coupon, "a")).await.created();
    }
    admin.clock.advance(TimeDelta::minutes(2));
    for coupon in &coupons[..2] {
        admin.redeem(&coupon["code"], "a").await.created();
    }
    let expired = async || -> Option<i64> {
        sqlx::query_scalar("select sum(count)::bigint from tally where measure = 'expired'")
            .fetch_one(admin.db())
            .await
            .unwrap()
    };

    // Nobody has counted so far: whoever does will see it as it is.
    admin.act("/v1/give-backs", of(&coupons[0], "a")).await.ok();
    assert_eq!(expired().await, None);
    count_ends(&admin).await;
    assert_eq!(expired().await, Some(1));
    admin.act("/v1/give-backs", of(&coupons[1], "a")).await.ok();
    admin.act("/v1/unlocks", of(&coupons[2], "a")).await.ok();

    assert_eq!(expired().await, Some(3));
    is_sound(&admin).await;
}

/// Whoever counts what has ended unused comes by.
async fn count_ends(admin: &Admin) {
    while count_expired(admin.db(), admin.clock.now()).await.unwrap() > 0 {}
}

#[tokio::test]
async fn what_ended_unused_is_expired_and_not_void_as_well() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let mut coupons = Vec::new();
    for n in 0..4 {
        let claim = admin.claim(&placement, &format!("claim-{n}"), &format!("open-{n}")).await;
        coupons.push(claim.created());
    }
    admin.clock.advance(TimeDelta::hours(6 * 24 + 12) - TimeDelta::minutes(10));
    for (coupon, seconds) in [(&coupons[2], 300), (&coupons[3], 3600)] {
        let lock = with(of(coupon, "a"), &json!({ "expires_in_seconds": seconds }));
        admin.act("/v1/locks", lock).await.created();
    }
    admin.clock.advance(TimeDelta::minutes(11));

    let ahead_of_the_walk = void(&admin, &coupons[0]).await;
    let once_kept = void(&admin, &coupons[2]).await;
    count_ends(&admin).await;
    let behind_the_walk = void(&admin, &coupons[1]).await;
    // Whoever keeps it could still use it.
    let kept = void(&admin, &coupons[3]).await;
    release_locks(admin.db(), admin.clock.now()).await.unwrap();

    for refused in [ahead_of_the_walk, once_kept, behind_the_walk] {
        assert_eq!(refused.problem(409, "expired")["valid_until"], coupons[0]["valid_until"]);
    }
    assert_eq!(kept.ok()["changed"], true);
    let counts: (i64, i64) = sqlx::query_as(
        "select coalesce(sum(count) filter (where measure = 'expired'), 0)::bigint,
                coalesce(sum(count) filter (where measure = 'voided'), 0)::bigint
         from tally",
    )
    .fetch_one(admin.db())
    .await
    .unwrap();
    assert_eq!(counts, (3, 1));
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_voided_coupon_is_there_for_nobody_and_its_history_says_why() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;
    admin.act("/v1/locks", of(&coupon, "a")).await.created();
    admin.clock.advance(TimeDelta::seconds(1));

    let first = void(&admin, &coupon).await.ok();
    let again = void(&admin, &coupon).await.ok();

    assert_eq!((&first["changed"], &again["changed"]), (&json!(true), &json!(false)));
    let unknown = json!({ "code": "KQ0000000000000", "order_no": "a" });
    let told = anonymous(admin.act("/v1/redemptions", unknown).await);
    for path in ["/v1/redemptions", "/v1/locks", "/v1/unlocks", "/v1/give-backs"] {
        assert_eq!(anonymous(admin.act(path, of(&coupon, "a")).await), told, "{path}");
    }
    let code = json!({ "code": coupon["code"] });
    assert_eq!(anonymous(admin.post("/v1/coupon-lookups", code).await), told);
    let events = events(&admin, &coupon).await;
    assert_eq!(kinds(&events), ["coupon.claimed", "coupon.locked", "coupon.voided"]);
    assert_eq!(events[2]["data"]["reason"], "印错了");
    assert_eq!(events[1]["data"]["order_no"], "a");
    assert!(events[2]["actor"].as_str().unwrap().starts_with("key_"));
    assert!(events[2]["request_id"].as_str().unwrap().starts_with("req_"));
    assert!(!json!(events).to_string().contains(coupon["code"].as_str().unwrap()));
    is_sound(&admin).await;
}

#[tokio::test]
async fn what_is_unused_of_a_template_is_voided_and_what_is_used_stays() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let mut coupons = Vec::new();
    for n in 0..4 {
        let claim = admin.claim(&placement, &format!("claim-{n}"), &format!("open-{n}")).await;
        coupons.push(claim.created());
    }
    admin.redeem(&coupons[0]["code"], "a").await.created();
    admin.act("/v1/locks", of(&coupons[1], "b")).await.created();
    let path =
        format!("/v1/admin/templates/{}/void-unused", placement["template_id"].as_str().unwrap());
    let reason = json!({ "reason": "活动取消" });

    let voided = admin.act(&path, reason.clone()).await.ok();
    let again = admin.act(&path, reason.clone()).await.ok();

    assert_eq!(voided, json!({ "voided": 3, "left": 0 }));
    assert_eq!(again, json!({ "voided": 0, "left": 0 }));
    assert_eq!(kinds(&events(&admin, &coupons[1]).await).last(), Some(&"coupon.voided"));
    void(&admin, &coupons[0]).await.problem(409, "already_redeemed");
    let nobodys = "/v1/admin/templates/tpl_00000000000070008000000000000001/void-unused";
    admin.act(nobodys, reason).await.problem(404, "not_found");
    is_sound(&admin).await;
}
