//! Which of somebody's coupons fit a cart, and what each would take off.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::admin::Admin;

fn cart() -> Value {
    json!({
        "lines": [
            { "goods_id": "tea", "category": "drinks", "unit_price_fen": 3333, "quantity": 2 },
            { "goods_id": "cup", "brand": "ours", "unit_price_fen": 2500, "quantity": 1 },
        ],
        "store": "s-1",
        "shipping_fen": 800,
    })
}

/// A coupon of new terms in anna's hands; its id.
async fn held(admin: &Admin, app: &Value, fields: Value) -> Value {
    let template = json!(admin.given_template(fields).await);
    let placement = admin.given_claimable_on(app, &template, 1).await;
    admin.clock.advance(TimeDelta::seconds(1));
    admin.claim(&placement, placement["id"].as_str().unwrap(), "anna").await.created()
}

#[tokio::test]
async fn coupons_that_fit_come_with_their_discount_the_best_first_and_others_with_their_reason() {
    let admin = Admin::new().await;
    let app = json!(admin.given_app("key").await);
    let none = json!({ "type": "none" });
    let fifth = json!({ "type": "percent", "off_basis_points": 2000 });
    let tea = json!({ "goods": { "include": ["tea"] } });
    let wait = json!({ "type": "after_claim", "days": 1, "starts_after_days": 1 });
    let far = held(&admin, &app, json!({})).await;
    let off_tea =
        held(&admin, &app, json!({ "threshold": none, "benefit": fifth, "scope": tea })).await;
    let sent_free = held(
        &admin,
        &app,
        json!({ "threshold": none, "benefit": { "type": "free_shipping", "cap_fen": 500 } }),
    )
    .await;
    let small = json!({ "type": "amount", "off_fen": 500 });
    let sooner = json!({ "type": "after_claim", "days": 2 });
    let ends_first =
        held(&admin, &app, json!({ "threshold": none, "benefit": small, "validity": sooner }))
            .await;
    let pieces = held(&admin, &app, json!({ "threshold": { "type": "pieces", "count": 4 } })).await;
    let other = json!({ "stores": { "include": ["s-2"] } });
    let elsewhere = held(&admin, &app, json!({ "threshold": none, "scope": other })).await;
    let food = json!({ "categories": { "include": ["food"] } });
    let of_food = held(&admin, &app, json!({ "threshold": none, "scope": food })).await;
    let locked = held(&admin, &app, json!({ "threshold": none })).await;
    admin.lock(&locked, "2026-11-12T00:00:00Z").await;
    let early = held(&admin, &app, json!({ "threshold": none, "validity": wait })).await;
    let used = held(&admin, &app, json!({ "threshold": none })).await;
    admin.redeem(&used["code"], "order-1").await.created();
    let void = held(&admin, &app, json!({ "threshold": none })).await;
    admin.void(&void).await;
    let anna = admin.person(&app, "anna").await;

    let matches = anna.post("/v1/mini/cart-matches", None, cart()).await.ok();
    let body = json!({ "app_id": app, "open_id": "anna", "cart": cart() });
    let same = admin.post("/v1/cart-matches", body).await.ok();

    assert_eq!(matches, same);
    let usable = matches["usable"].as_array().unwrap();
    let order: Vec<_> = usable.iter().map(|one| &one["coupon"]["id"]).collect();
    assert_eq!(order, [&off_tea["id"], &ends_first["id"], &sent_free["id"]]);
    let fits = json!({
        "matched_fen": 6666, "matched_pieces": 2, "discount_fen": 1333, "off_shipping_fen": 0,
        "lines": [{ "line": 1, "amount_fen": 6666, "discount_fen": 1333 }],
    });
    let mut first = usable[0].clone();
    first.as_object_mut().unwrap().remove("coupon");
    assert_eq!(first, fits);
    assert_eq!(usable[2]["off_shipping_fen"], 500);
    let reason = |coupon: &Value| {
        let unusable = matches["unusable"].as_array().unwrap();
        let found = unusable.iter().find(|one| one["coupon"]["id"] == coupon["id"]);
        let mut found = found.unwrap().clone();
        found.as_object_mut().unwrap().remove("coupon");
        found
    };
    assert_eq!(matches["unusable"].as_array().unwrap().len(), 6);
    let below = json!({ "reason": "threshold_not_met", "needs_fen": 10000, "has_fen": 9166 });
    assert_eq!(reason(&far), below);
    let few = json!({ "reason": "threshold_not_met", "needs_pieces": 4, "has_pieces": 3 });
    assert_eq!(reason(&pieces), few);
    assert_eq!(reason(&elsewhere), json!({ "reason": "wrong_store" }));
    assert_eq!(reason(&of_food), json!({ "reason": "out_of_scope" }));
    assert_eq!(reason(&locked), json!({ "reason": "locked" }));
    assert_eq!(reason(&early), json!({ "reason": "not_yet_valid" }));
}

#[tokio::test]
async fn a_cart_that_cannot_be_is_refused_with_all_that_is_wrong() {
    let admin = Admin::new().await;
    let app = json!(admin.given_app("key").await);
    let anna = admin.person(&app, "anna").await;
    let line = |price: Value, quantity: Value| json!({ "lines": [{ "goods_id": "tea", "unit_price_fen": price, "quantity": quantity }] });

    let wrong = anna.post("/v1/mini/cart-matches", None, line(json!(-1), json!(0))).await;
    let fraction = anna.post("/v1/mini/cart-matches", None, line(json!(0.3), json!(1))).await;
    let huge = anna.post("/v1/mini/cart-matches", None, line(json!(1e30), json!(1))).await;
    let nobody = admin.post("/v1/cart-matches", json!({ "cart": { "lines": [] } })).await;
    let empty = anna.post("/v1/mini/cart-matches", None, json!({ "lines": [] })).await.ok();

    let problems = wrong.problem(422, "invalid_values")["problems"].clone();
    let params: Vec<_> =
        problems.as_array().unwrap().iter().map(|one| one["param"].as_str().unwrap()).collect();
    assert_eq!(params, ["lines.unit_price_fen", "lines.quantity"]);
    fraction.problem(400, "invalid_body");
    huge.problem(400, "invalid_body");
    nobody.problem(422, "invalid_values");
    assert_eq!(empty, json!({ "usable": [], "unusable": [] }));
}
