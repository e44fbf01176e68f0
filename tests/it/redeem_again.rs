//! What a repetition may hear, and what the order hears whose lock has passed when another one comes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    admin::Admin,
    life::{events, given_coupon, is_sound, kinds, of, with},
};

fn cart(price_fen: i64) -> Value {
    json!({ "lines": [{ "goods_id": "tea", "unit_price_fen": price_fen, "quantity": 1 }] })
}

/// A tenth off, without a limit.
async fn given_tenth_off(admin: &Admin) -> Value {
    let benefit = json!({ "type": "percent", "off_basis_points": 1000 });
    given_coupon(admin, json!({ "kind": "discount", "benefit": benefit })).await
}

#[tokio::test]
async fn the_same_order_does_not_hear_of_a_discount_on_another_cart() {
    let admin = Admin::new().await;
    let coupon = given_tenth_off(&admin).await;
    let wish = |price_fen| with(of(&coupon, "a"), &cart(price_fen));

    let first = admin.act("/v1/redemptions", wish(100_000)).await.created();
    let again = admin.act("/v1/redemptions", wish(100_000)).await;
    let bare = admin.act("/v1/redemptions", of(&coupon, "a")).await;
    let priced_anew = admin.act("/v1/redemptions", wish(20_000)).await;

    assert_eq!(first["discount_fen"], 10_000);
    assert_eq!(again.ok(), first);
    assert_eq!(bare.ok(), first);
    let differs = priced_anew.problem(409, "discount_differs");
    assert_eq!((&differs["sent_fen"], &differs["discount_fen"]), (&json!(2000), &json!(10_000)));
    is_sound(&admin).await;
}

#[tokio::test]
async fn an_order_whose_lock_has_passed_hears_so_also_when_another_one_takes_the_coupon() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;

    admin.act("/v1/locks", of(&coupon, "a")).await.created();
    admin.clock.advance(TimeDelta::minutes(30));
    admin.act("/v1/locks", of(&coupon, "b")).await.created();
    admin.clock.advance(TimeDelta::minutes(30));
    admin.redeem(&coupon["code"], "c").await.created();

    let events = events(&admin, &coupon).await;
    let told = [
        "coupon.claimed",
        "coupon.locked",
        "coupon.unlocked",
        "coupon.locked",
        "coupon.unlocked",
        "coupon.redeemed",
    ];
    assert_eq!(kinds(&events), told);
    for (place, order) in [(2, "a"), (4, "b")] {
        let data = &events[place]["data"];
        assert_eq!((&data["order_no"], &data["by"]), (&json!(order), &json!("time")));
    }
    is_sound(&admin).await;
}

#[tokio::test]
async fn an_order_that_uses_what_it_has_locked_hears_of_nothing_but_its_use() {
    let admin = Admin::new().await;
    let coupon = given_coupon(&admin, json!({})).await;

    admin.act("/v1/locks", of(&coupon, "a")).await.created();
    admin.redeem(&coupon["code"], "a").await.created();

    let events = events(&admin, &coupon).await;
    assert_eq!(kinds(&events), ["coupon.claimed", "coupon.locked", "coupon.redeemed"]);
    is_sound(&admin).await;
}
