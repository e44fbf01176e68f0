//! Coupons in use over the API: looked up, kept and used, each step once and by the right people.

use axum::body::Body;
use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{
    clock::Clock,
    domain::{access::Role, id::AppId, people::OpenId},
    service::mini_session,
};
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, lifetime},
    life::{anonymous, given_coupon, is_sound, of, with},
};

#[tokio::test]
async fn a_lock_keeps_a_coupon_for_one_order_until_it_passes() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;

    let first = admin.act("/v1/locks", of(&coupon, "a")).await.created();
    admin.clock.advance(TimeDelta::minutes(29));
    let again = admin.act("/v1/locks", of(&coupon, "a")).await;
    let other = admin.act("/v1/locks", of(&coupon, "b")).await;
    let used = admin.redeem(&coupon["code"], "b").await;
    admin.clock.advance(TimeDelta::minutes(1));
    let passed = admin.act("/v1/unlocks", of(&coupon, "a")).await.ok();
    let body = with(of(&coupon, "b"), &json!({ "expires_in_seconds": 60 }));
    let next = admin.act("/v1/locks", body).await.created();

    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.ok(), first);
    assert_eq!(first["expires_at"], "2026-11-11T04:30:00Z");
    other.problem(409, "locked");
    used.problem(409, "locked");
    assert_eq!(passed["changed"], false);
    assert_eq!(next["expires_at"], "2026-11-11T04:31:00Z");
    admin.act("/v1/unlocks", of(&coupon, "a")).await.problem(409, "locked");
    assert_eq!(admin.act("/v1/unlocks", of(&coupon, "b")).await.ok()["changed"], true);
    assert_eq!(admin.act("/v1/unlocks", of(&coupon, "b")).await.ok()["changed"], false);
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_lock_taken_in_time_can_be_used_after_the_last_day_and_no_longer_than_it_lives() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({ "per_person_limit": 2 }), 10).await;
    let early = admin.claim(&placement, "claim-1", "open-1").await.created();
    let late = admin.claim(&placement, "claim-2", "open-1").await.created();
    // The last day ends at midnight, 6 days and 12 hours on.
    admin.clock.advance(TimeDelta::hours(6 * 24 + 12) - TimeDelta::minutes(1));
    for coupon in [&early, &late] {
        admin.act("/v1/locks", of(coupon, "a")).await.created();
    }

    admin.clock.advance(TimeDelta::minutes(29));
    let in_time = admin.redeem(&early["code"], "a").await;
    admin.clock.advance(TimeDelta::minutes(1));
    let too_late = admin.redeem(&late["code"], "a").await;

    in_time.created();
    let problem = too_late.problem(409, "expired");
    assert_eq!(problem["valid_until"], late["valid_until"]);
    // Given back it is what it was: expired.
    admin.act("/v1/give-backs", of(&early, "a")).await.ok();
    admin.redeem(&early["code"], "b").await.problem(409, "expired");
    admin.act("/v1/locks", of(&early, "b")).await.problem(409, "expired");
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_cart_is_held_against_the_terms_and_its_lines_are_kept() {
    let admin = Admin::new().await;
    let scope = json!({ "goods": { "exclude": ["cup"] }, "stores": { "include": ["徐家汇店"] } });
    let coupon = given_coupon(&admin, json!({ "scope": scope })).await;
    let line = |goods: &str, price: i64| json!({ "goods_id": goods, "unit_price_fen": price, "quantity": 2 });
    let cart = |lines: Value, fields: Value| {
        let body = with(of(&coupon, "a"), &json!({ "store": "徐家汇店", "lines": lines }));
        with(body, &fields)
    };
    let full = json!([line("tea", 4000), line("cup", 9900), line("pot", 2000)]);

    let below = admin.act("/v1/redemptions", cart(json!([line("tea", 4000)]), json!({}))).await;
    let none = admin.act("/v1/redemptions", cart(json!([line("cup", 9900)]), json!({}))).await;
    let there = cart(full.clone(), json!({ "store": "人民广场店" }));
    let elsewhere = admin.act("/v1/redemptions", there).await;
    let sent = cart(full.clone(), json!({ "discount_fen": 1999 }));
    let differs = admin.act("/v1/redemptions", sent).await;
    let bare = with(of(&coupon, "a"), &json!({ "discount_fen": 2000 }));
    let bare = admin.act("/v1/redemptions", bare).await;
    let wrong = with(of(&coupon, "a"), &json!({ "store": "人民广场店" }));
    let wrong = admin.act("/v1/redemptions", wrong).await;
    let used = admin.act("/v1/redemptions", cart(full, json!({ "discount_fen": 2000 }))).await;

    let below = below.problem(409, "threshold_not_met");
    assert_eq!((&below["needs_fen"], &below["has_fen"]), (&json!(10000), &json!(8000)));
    none.problem(409, "out_of_scope");
    elsewhere.problem(409, "out_of_scope");
    wrong.problem(409, "out_of_scope");
    let differs = differs.problem(409, "discount_differs");
    assert_eq!((&differs["sent_fen"], &differs["discount_fen"]), (&json!(1999), &json!(2000)));
    bare.problem(422, "invalid_values");
    let used = used.created();
    assert_eq!((&used["amount_fen"], &used["discount_fen"]), (&json!(12000), &json!(2000)));
    let shares: Vec<_> = used["lines"].as_array().unwrap().iter().map(share).collect();
    assert_eq!(shares, [(1, 8000, 1333), (3, 4000, 667)]);
    let path = format!("/v1/redemptions/{}", used["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.ok(), used);
    is_sound(&admin).await;
}

fn share(line: &Value) -> (i64, i64, i64) {
    let number = |name: &str| line[name].as_i64().unwrap();
    (number("line"), number("amount_fen"), number("discount_fen"))
}

#[tokio::test]
async fn a_clerk_sees_what_a_coupon_is_and_not_whose() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;
    let clerk = admin.key(Role::Clerk).await;
    let look = async || {
        let body = json!({ "code": coupon["code"] });
        admin.act_as(&clerk, "look", "/v1/coupon-lookups", body).await.ok()
    };

    let fresh = look().await;
    admin.act("/v1/locks", of(&coupon, "a")).await.created();
    let locked = look().await;
    admin.redeem(&coupon["code"], "a").await.created();
    let used = look().await;

    assert_eq!(
        (&fresh["title"], &fresh["benefit_text"], &fresh["threshold_text"]),
        (&json!("满 100 减 20"), &json!("减 20 元"), &json!("满 100 元可用"))
    );
    assert_eq!((&fresh["status"], &fresh["holder"]), (&json!("usable"), &json!("…body")));
    assert_eq!(fresh["threshold"], json!({ "type": "amount", "fen": 10000 }));
    assert_eq!((&locked["status"], &locked["locked_for"]), (&json!("locked"), &json!("a")));
    assert_eq!((&used["status"], &used["used_for"]), (&json!("used"), &json!("a")));
    assert!(!fresh.to_string().contains("open-of-somebody"));
}

#[tokio::test]
async fn a_clerk_reads_our_words_where_the_merchant_wrote_none() {
    let admin = Admin::new().await;
    let unwritten = json!({ "texts": {}, "threshold": { "type": "pieces", "count": 3 } });
    let coupon = given_coupon(&admin, unwritten).await;

    let body = json!({ "code": coupon["code"] });
    let shown = admin.act("/v1/coupon-lookups", body).await.ok();

    assert_eq!(shown["threshold_text"], "满3件可用");
}

#[tokio::test]
async fn a_key_names_one_use_for_ever() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({ "per_person_limit": 2 }), 10).await;
    let one = admin.claim(&placement, "claim-1", "open-1").await.created();
    let two = admin.claim(&placement, "claim-2", "open-1").await.created();
    let till = admin.key(Role::Clerk).await;
    let ask = |secret: &str, body: Value| {
        let secret = secret.to_owned();
        let admin = &admin;
        async move { admin.act_as(&secret, "key-1", "/v1/redemptions", body).await }
    };

    // A refusal is not kept.
    ask(&till, of(&json!({ "code": "KQ000" }), "a")).await.problem(404, "no_such_coupon");
    let first = ask(&till, of(&one, "a")).await.created();
    admin.clock.advance(TimeDelta::days(400));
    let again = ask(&till, of(&one, "a")).await;

    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.ok(), first);
    for other in [of(&one, "b"), of(&two, "a"), of(&json!({ "code": "KQ000" }), "a")] {
        ask(&till, other).await.problem(409, "idempotency_key_taken");
    }
    let stored = with(of(&one, "a"), &json!({ "store": "徐家汇店" }));
    ask(&till, stored).await.problem(409, "idempotency_key_taken");
    // Somebody else's key of the same text is another one.
    assert_eq!(ask(&admin.owner, of(&one, "a")).await.ok(), first);
    let mut bare = admin.request("POST", "/v1/redemptions", of(&two, "a").to_string());
    bare.headers_mut().remove("idempotency-key");
    admin.send(bare).await.problem(400, "idempotency_key_required");
    for path in ["/v1/locks", "/v1/unlocks", "/v1/give-backs"] {
        admin.post(path, of(&two, "a")).await.problem(400, "idempotency_key_required");
    }
}

#[tokio::test]
async fn people_use_what_is_theirs_and_a_person_who_is_named_must_be_the_right_one() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({ "per_person_limit": 9 }), 10).await;
    let app = placement["app_id"].as_str().unwrap().to_owned();
    let mine = admin.claim(&placement, "claim-1", "open-anna").await.created();
    let other = admin.claim(&placement, "claim-2", "open-bert").await.created();
    let session = async |open_id: &str| {
        let (app, open_id): (AppId, _) = (app.parse().unwrap(), OpenId::parse(open_id).unwrap());
        let opened =
            mini_session::open(admin.db(), admin.clock.now(), lifetime(), app, &open_id).await;
        opened.unwrap().token.reveal().to_owned()
    };
    let anna = session("open-anna").await;

    let by_anna = |key: &'static str, body: Value| {
        let (admin, anna) = (&admin, &anna);
        async move { admin.act_as(anna, key, "/v1/mini/redemptions", body).await }
    };
    let theirs = anonymous(by_anna("k-1", of(&other, "a")).await);
    let none = anonymous(by_anna("k-1", of(&json!({ "code": "KQ000" }), "a")).await);
    let used = by_anna("k-1", json!({ "coupon_id": mine["id"], "order_no": "a" })).await;

    assert_eq!(theirs, none);
    used.created();
    let named = |fields: Value| with(of(&other, "a"), &fields);
    for wrong in [json!({ "app_id": app, "open_id": "open-anna" }), json!({ "uid": "u-anna" })] {
        anonymous(admin.act("/v1/redemptions", named(wrong.clone())).await);
        anonymous(admin.act("/v1/locks", named(wrong)).await);
    }
    for unread in [
        json!({ "open_id": "open-bert" }),
        json!({ "app_id": app, "open_id": "open bert" }),
        json!({ "uid": "" }),
        json!({ "uid": "u-bert", "app_id": app, "open_id": "open-bert" }),
    ] {
        let unread = named(unread);
        admin.act("/v1/redemptions", unread.clone()).await.problem(422, "invalid_values");
        admin.act("/v1/locks", unread).await.problem(422, "invalid_values");
    }
    let right = named(json!({ "app_id": app, "open_id": "open-bert" }));
    admin.act("/v1/redemptions", right).await.created();
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_member_uses_the_coupons_of_all_their_accounts() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let app = placement["app_id"].as_str().unwrap().to_owned();
    let holder = |open_id: &str| json!({ "app_id": app, "open_id": open_id });
    let holders = json!({ "holders": [holder("open-1"), holder("open-2")] });
    admin.put("/v1/members/u-1", holders).await.ok();
    let coupon = admin.claim(&placement, "claim-1", "open-1").await.created();
    let ask = |fields: Value| with(of(&coupon, "a"), &fields);

    anonymous(admin.act("/v1/locks", ask(holder("open-3"))).await);
    anonymous(admin.act("/v1/locks", ask(json!({ "uid": "u-2" }))).await);
    admin.act("/v1/locks", ask(holder("open-2"))).await.created();
    admin.act("/v1/redemptions", ask(json!({ "uid": "u-1" }))).await.created();
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_body_names_one_coupon_and_the_rest_is_checked() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;
    let both = with(of(&coupon, "a"), &json!({ "coupon_id": coupon["id"] }));
    let neither = json!({ "order_no": "a" });

    for body in [both, neither, of(&coupon, ""), of(&coupon, &"9".repeat(65))] {
        for path in ["/v1/locks", "/v1/unlocks", "/v1/redemptions", "/v1/give-backs"] {
            admin.act(path, body.clone()).await.problem(422, "invalid_values");
        }
    }
    for seconds in [59, 86_401] {
        let body = with(of(&coupon, "a"), &json!({ "expires_in_seconds": seconds }));
        admin.act("/v1/locks", body).await.problem(422, "invalid_values");
    }
    let path = format!("/v1/admin/coupons/{}/void", coupon["id"].as_str().unwrap());
    admin.act(&path, json!({ "reason": "" })).await.problem(422, "invalid_values");
    admin
        .act("/v1/locks", with(of(&coupon, "a"), &json!({ "x": 1 })))
        .await
        .problem(400, "invalid_body");
}

#[tokio::test]
async fn every_step_asks_for_its_permission() {
    let admin = Admin::new().await;
    let auditor = admin.key(Role::Auditor).await;
    let clerk = admin.key(Role::Clerk).await;
    for path in
        ["/v1/coupon-lookups", "/v1/locks", "/v1/unlocks", "/v1/redemptions", "/v1/give-backs"]
    {
        admin.act_as(&auditor, "k", path, json!({})).await.problem(403, "forbidden");
        let bare = axum::http::Request::post(path).body(Body::empty()).unwrap();
        admin.send(bare).await.problem(401, "unauthenticated");
    }
    for path in ["/v1/locks", "/v1/unlocks", "/v1/give-backs"] {
        admin.act_as(&clerk, "k", path, json!({})).await.problem(403, "forbidden");
    }
    let void = "/v1/admin/coupons/cpn_00000000000070008000000000000001/void";
    admin.act_as(&clerk, "k", void, json!({ "reason": "x" })).await.problem(403, "forbidden");
    let key = admin.owner.clone();
    admin
        .act_as(&key, "k", "/v1/mini/redemptions", json!({}))
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixty_four_that_want_a_coupon_at_once_one_gets_it() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "claim-1", "open-1").await.created();

    let asked = (0..64).map(|n| {
        let path = if n % 2 == 0 { "/v1/locks" } else { "/v1/redemptions" };
        admin.act(path, of(&coupon, &format!("order-{n}")))
    });
    let answers = join_all(asked).await;

    let granted: Vec<_> = answers.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(granted.len(), 1);
    for reply in answers.iter().filter(|reply| reply.status != 201) {
        let code = reply.body["code"].as_str().unwrap();
        assert!(["locked", "already_redeemed", "busy"].contains(&code), "{code}");
    }
    is_sound(&admin).await;
}
