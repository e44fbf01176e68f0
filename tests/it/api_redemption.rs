//! Coupons used over the API: at most once, inside their time, and told to their platform.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{
    clock::Clock,
    domain::access::Role,
    ops::audit::AuditScope,
    service::{
        life::LifeError,
        redeem::{Redeemed, Redeemer},
    },
};
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    life::{of, with},
    people,
    recount::recount,
    till::{nobody, server, wish},
};

async fn is_sound(admin: &Admin) {
    recount(admin.db(), admin.clock.now(), AuditScope::DataOnly).await;
}

async fn state_of(admin: &Admin, coupon: &Value) -> Value {
    admin.get(&format!("/v1/admin/coupons/{}", coupon["id"].as_str().unwrap())).await.ok()
}

#[tokio::test]
async fn a_coupon_is_used_for_one_order_and_the_same_order_hears_the_same_again() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "order-1", "open-1").await.created();
    let body = json!({
        "code": coupon["code"], "order_no": "订单-1", "store": "徐家汇店", "operator": "小王",
    });

    let first = admin.act("/v1/redemptions", body.clone()).await.created();
    admin.clock.advance(TimeDelta::days(3650));
    let again = admin.act("/v1/redemptions", body).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let again = again.ok();
    let other = admin.redeem(&coupon["code"], "订单-2").await;

    insta::assert_json_snapshot!(first, { ".id" => "rdm_…", ".coupon_id" => "cpn_…" }, @r#"
    {
      "amount_fen": null,
      "coupon_id": "cpn_…",
      "discount_fen": null,
      "given_back_at": null,
      "id": "rdm_…",
      "lines": [],
      "operator": "小王",
      "order_no": "订单-1",
      "redeemed_at": "2026-11-11T04:00:00Z",
      "store": "徐家汇店"
    }
    "#);
    assert_eq!(first, again);
    assert_eq!(first["coupon_id"], coupon["id"]);
    other.problem(409, "already_redeemed");
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_coupon_shows_what_became_of_it_and_not_its_code() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "order-1", "open-1").await.created();
    let issued = state_of(&admin, &coupon).await;

    admin.redeem(&coupon["code"], "order-1").await.created();

    let used = state_of(&admin, &coupon).await;
    assert_eq!((&issued["state"], &issued["redemption"]), (&json!("issued"), &json!(null)));
    assert_eq!(used["redemption"]["order_no"], "order-1");
    insta::assert_json_snapshot!(used, {
        ".id" => "cpn_…", ".template_id" => "tpl_…", ".placement_id" => "plc_…", ".record" => "q…",
        ".code" => insta::dynamic_redaction(|code, _| {
            let shown = code.as_str().unwrap().chars().count();
            assert_eq!(shown, "…0000".chars().count());
            "…"
        }),
        ".redemption.id" => "rdm_…", ".redemption.coupon_id" => "cpn_…", ".deliveries[].id" => "dlv_…",
    }, @r#"
    {
      "code": "…",
      "deliveries": [
        {
          "attempts": 0,
          "id": "dlv_…",
          "kind": "sync",
          "state": "waiting"
        },
        {
          "attempts": 0,
          "id": "dlv_…",
          "kind": "write_off",
          "state": "waiting"
        }
      ],
      "id": "cpn_…",
      "issued_at": "2026-11-11T04:00:00Z",
      "placement_id": "plc_…",
      "record": "q…",
      "redemption": {
        "amount_fen": null,
        "coupon_id": "cpn_…",
        "discount_fen": null,
        "given_back_at": null,
        "id": "rdm_…",
        "lines": [],
        "operator": null,
        "order_no": "order-1",
        "redeemed_at": "2026-11-11T04:00:00Z",
        "store": null
      },
      "state": "redeemed",
      "template_id": "tpl_…",
      "valid_from": "2026-11-11T04:00:00Z",
      "valid_until": "2026-11-17T16:00:00Z",
      "way": "claim"
    }
    "#);
    admin
        .get("/v1/admin/coupons/cpn_00000000000070008000000000000001")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_use_is_owed_to_a_platform_with_a_wallet_and_to_no_other() {
    let admin = Admin::new().await;
    let baidu = admin.given_claimable("baidu", json!({}), 10).await;
    let own = admin.given_claimable("own", json!({}), 10).await;
    let there = admin.claim(&baidu, "order-1", "open-1").await.created();
    let here = admin.claim(&own, "order-1", "open-1").await.created();

    for coupon in [&there, &here] {
        admin.redeem(&coupon["code"], "order-1").await.created();
        admin.redeem(&coupon["code"], "order-1").await.ok();
    }

    let record = there["record"].as_str().unwrap();
    let owed = [format!("sync waiting {record}"), format!("write_off waiting {record}")];
    assert_eq!(admin.owed(&there).await, owed);
    assert_eq!(admin.owed(&here).await, Vec::<String>::new());
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_coupon_is_used_inside_its_time() {
    let admin = Admin::new().await;
    let wait = json!({ "validity": { "type": "after_claim", "days": 1, "starts_after_days": 1 } });
    let placement = admin.given_claimable("own", wait, 10).await;
    let coupon = admin.claim(&placement, "order-1", "open-1").await.created();
    let other = admin.claim(&placement, "order-2", "open-2").await.created();

    let early = admin.redeem(&coupon["code"], "order-1").await;
    admin.clock.advance(TimeDelta::hours(12));
    let timely = admin.redeem(&coupon["code"], "order-1").await;
    admin.clock.advance(TimeDelta::hours(24));
    let late = admin.redeem(&other["code"], "order-2").await;

    early.problem(409, "not_yet_valid");
    timely.created();
    late.problem(409, "expired");
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_code_that_nobody_has_and_one_out_of_use_are_told_apart_by_nobody() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let void = admin.claim(&placement, "order-1", "open-1").await.created();
    let locked = admin.claim(&placement, "order-2", "open-2").await.created();
    let reason = json!({ "reason": "印错了" });
    let path = format!("/v1/admin/coupons/{}/void", void["id"].as_str().unwrap());
    admin.act(&path, reason).await.ok();
    let lock = json!({ "code": locked["code"], "order_no": "order-9" });
    admin.act("/v1/locks", lock).await.created();

    let mut told = Vec::new();
    for code in [&void["code"], &json!("KQ0000000000000"), &json!("券"), &json!("")] {
        let mut problem = admin.redeem(code, "order-1").await.problem(404, "no_such_coupon");
        problem.as_object_mut().unwrap().remove("request_id");
        told.push(problem);
    }

    assert!(told.iter().all(|problem| *problem == told[0]), "{told:?}");
    admin.redeem(&locked["code"], "order-1").await.problem(409, "locked");
    admin.redeem(&locked["code"], "").await.problem(422, "invalid_values");
}

/// One of many tills.
async fn till(server: &Redeemer, code: &Value, order: usize) -> Option<Redeemed> {
    match server.redeem(nobody(), wish(code, &format!("order-{order}"))).await {
        Ok(redeemed) => Some(redeemed),
        Err(LifeError::Refused(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixty_four_tills_on_two_servers_one_uses_the_coupon() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("baidu", json!({}), 10).await;
    let coupon = admin.claim(&placement, "order-1", "open-1").await.created();
    let servers = [server(&admin).await, server(&admin).await];

    // Each order comes from four tills at once.
    let tills = (0..64).map(|n| till(&servers[n % 2], &coupon["code"], n / 4));
    let answers: Vec<_> = join_all(tills).await;

    let now: Vec<_> =
        answers.iter().flatten().filter(|one| matches!(one, Redeemed::Now(_))).collect();
    let Redeemed::Now(used) = now[0] else { unreachable!() };
    assert_eq!(now.len(), 1);
    for (n, answer) in answers.iter().enumerate() {
        let of_the_same_order = format!("order-{}", n / 4) == used.order_no;
        assert_eq!(answer.is_some(), of_the_same_order, "{n}");
        if let Some(Redeemed::Before(earlier)) = answer {
            assert_eq!(earlier, used);
        }
    }
    assert_eq!(admin.owed(&coupon).await.len(), 2);
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_use_happens_in_the_shop_of_the_clerk_and_only_others_may_name_another() {
    let admin = Admin::new().await;
    let stores = json!({ "per_person_limit": 3, "scope": { "stores": { "exclude": ["闭店"] } } });
    let placement = admin.given_claimable("own", stores, 10).await;
    let clerk = people::operator(&admin.state, Role::Clerk).await;
    let session = people::work_session(&admin.state, clerk).await;
    let operator = people::operator(&admin.state, Role::Operator).await;
    let operator = people::work_session(&admin.state, operator).await;
    let mut coupons = Vec::new();
    for claim in ["claim-1", "claim-2", "claim-3"] {
        coupons.push(admin.claim(&placement, claim, "open-1").await.created());
    }
    let path = "/v1/redemptions";

    let own = admin.act_as(&session, "k-1", path, of(&coupons[0], "a")).await.created();
    let named = with(of(&coupons[1], "b"), &json!({ "store": "人民广场店" }));
    let refused = admin.act_as(&session, "k-2", path, named.clone()).await;
    let same = with(of(&coupons[0], "a"), &json!({ "store": "徐家汇店" }));
    let same = admin.act_as(&session, "k-3", path, same).await.ok();
    let named = admin.act_as(&operator, "k-2", path, named).await.created();
    let nowhere = admin.redeem(&coupons[2]["code"], "c").await.created();

    assert_eq!(
        (&own["store"], &named["store"], &nowhere["store"]),
        (&json!("徐家汇店"), &json!("人民广场店"), &Value::Null)
    );
    assert_eq!(refused.problem(403, "forbidden")["param"], "store");
    assert_eq!(same, own);
    is_sound(&admin).await;
}
