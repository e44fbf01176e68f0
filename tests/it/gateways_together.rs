//! Two protocols before one house: what is done in one of them has happened in the other.

use std::collections::HashSet;

use futures_util::future::join_all;
use kaquan::domain::gateway::Protocol::{self, Yoho, Zvcms};
use serde_json::json;

use crate::support::{
    front_ends::{
        Coupon, FrontEnds,
        heard::{HAS_IT, KEEPS_NOTHING, LOCKED, SOLD_OUT, USED, other, speaks},
        wallet::Shown,
    },
    recount::Counts,
};

async fn counts(house: &FrontEnds) -> (i64, i64) {
    let Counts { coupons, issued, .. } = Counts::read(house.db()).await;
    (coupons, issued)
}

/// A member with a coupon of the merchant's own shop.
async fn house_with_a_coupon(by: Protocol) -> (FrontEnds, Coupon) {
    let house = FrontEnds::open().await;
    let own = house.app("own").await;
    let template = house.template(json!({}), &[(&own, 10)]).await;
    house.member("7", json!({})).await;
    let coupon = house.coupon(by, "7", template).await;
    (house, coupon)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_at_once_through_both_protocols_fifty_get_the_fifty() {
    let house = FrontEnds::open().await;
    let own = house.app("own").await;
    let template = house.template(json!({}), &[(&own, 50)]).await;
    let uids = house.members(200).await;

    let claims = uids.iter().enumerate().map(|(n, uid)| house.claim(speaks(n), uid, template));
    let heard = join_all(claims).await;

    let (given, turned_away): (Vec<_>, Vec<_>) =
        uids.iter().zip(&heard).partition(|(_, heard)| heard.is_yes());
    let codes: HashSet<_> = given.iter().map(|(_, heard)| heard.code()).collect();
    assert_eq!((given.len(), codes.len(), turned_away.len()), (50, 50, 150));
    for (uid, heard) in turned_away {
        heard.is(SOLD_OUT);
        assert_eq!(house.listed(uid, json!({})).await, Vec::<i64>::new());
    }
    for (uid, heard) in given {
        let item = house.item(&heard.code()).await;
        let number = item["id"].as_i64().unwrap();
        assert_eq!(house.tab(uid, "notuse").await, [(number, String::new())]);
        house.claim(Yoho, uid, template).await.is(HAS_IT);
        house.claim(Zvcms, uid, template).await.is(HAS_IT);
    }
    assert_eq!(counts(&house).await, (50, 50));
    house.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_claims_of_one_member_at_once_through_both_protocols_one_is_granted() {
    let house = FrontEnds::open().await;
    let own = house.app("own").await;
    let template = house.template(json!({}), &[(&own, 100)]).await;
    house.member("7", json!({})).await;

    let heard = join_all((0..50).map(|n| house.claim(speaks(n), "7", template))).await;

    let (given, refused): (Vec<_>, Vec<_>) = heard.iter().partition(|heard| heard.is_yes());
    assert_eq!((given.len(), refused.len()), (1, 49), "{heard:?}");
    for heard in refused {
        heard.is(HAS_IT);
    }
    let item = house.item(&given[0].code()).await;
    let number = item["id"].as_i64().unwrap();
    assert_eq!(house.listed("7", json!({})).await, [number]);
    assert_eq!(house.tab("7", "notuse").await, [(number, String::new())]);
    assert_eq!(counts(&house).await, (1, 1));
    house.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_claimed_in_one_protocol_lies_in_every_wallet() {
    let house = FrontEnds::open().await;
    let (own, baidu) = (house.app("own").await, house.app("baidu").await);
    let template = house.template(json!({}), &[(&own, 10), (&baidu, 10)]).await;
    let account = json!({ "holders": [{ "app_id": baidu["id"], "open_id": "on-baidu" }] });
    house.member("7", account).await;
    let eighth = json!({ "holders": [{ "app_id": baidu["id"], "open_id": "on-baidu-too" }] });
    house.member("8", eighth).await;
    house.member("9", json!({})).await;

    for (by, uid, app, owed) in [
        (Yoho, "7", &baidu, &["sync pending"][..]),
        (Zvcms, "8", &baidu, &["sync pending"]),
        // Whom nobody has linked there claims in the merchant's own shop, and Baidu need not know.
        (Yoho, "9", &own, &[]),
    ] {
        let coupon = house.coupon(by, uid, template).await;

        assert_eq!(house.listed(uid, json!({})).await, [coupon.number], "{uid}");
        assert_eq!(house.item(&coupon.code).await["verify_code"], json!(coupon.code));
        assert_eq!(house.shown(&coupon).await, Shown::new("未使用", ""));
        let path = format!("/v1/coupons?tab=usable&uid={uid}");
        let wallet = house.get(&path).await.ok()["data"].clone();
        assert_eq!(
            (wallet.as_array().unwrap().len(), &wallet[0]["app_id"]),
            (1, &app["id"]),
            "{uid}"
        );
        let path = format!("/v1/coupons/{}", wallet[0]["id"].as_str().unwrap());
        assert_eq!(house.get(&path).await.ok()["code"], json!(coupon.code));
        assert_eq!(house.owed(&coupon).await, owed, "{uid}");
    }
    house.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_protocol_keeps_the_other_sees_kept_and_either_lets_go_of_it() {
    let (house, coupon) = house_with_a_coupon(Yoho).await;
    let of_seven = vec![(coupon.number, String::new())];
    let of_order = |order: &str| vec![(coupon.number, order.to_owned())];

    for (n, by) in [Zvcms, Yoho].into_iter().enumerate() {
        // Either lets go of what the one has locked.
        for (m, frees) in [other(by), by].into_iter().enumerate() {
            let order = format!("order-{n}-{m}");
            assert_eq!(house.tab("7", "notuse").await, of_seven);
            assert_eq!(house.li("7", "0").await, of_seven);
            assert_eq!(house.matched("7").await, [coupon.number]);

            house.lock(by, &coupon, &order).await.yes();

            assert_eq!(house.shown(&coupon).await, Shown::new("已锁定", &order), "{by:?}");
            assert_eq!(house.tab("7", "use").await, of_order(&order));
            assert_eq!(house.tab("7", "notuse").await, []);
            assert_eq!(house.li("7", "1").await, of_order(&order));
            assert_eq!(house.li("7", "0").await, []);
            assert_eq!(house.item(&coupon.code).await["is_lock"], 2);
            assert_eq!(house.matched("7").await, Vec::<i64>::new());
            for asks in [Yoho, Zvcms] {
                house.lock(asks, &coupon, "steals").await.is(LOCKED);
            }
            house.redeem(Zvcms, &coupon, "steals").await.is(LOCKED);
            house.redeem(Yoho, &coupon, "steals").await.is(KEEPS_NOTHING);
            // For the same order it is kept already, whoever says so.
            house.lock(other(by), &coupon, &order).await.yes();
            assert_eq!(house.shown(&coupon).await, Shown::new("已锁定", &order));

            house.unlock(frees, &coupon, &order).await.yes();

            assert_eq!(house.shown(&coupon).await, Shown::new("未使用", ""), "{by:?} {frees:?}");
            let (next, order) = (other(frees), format!("{order}-next"));
            house.lock(next, &coupon, &order).await.yes();
            house.unlock(next, &coupon, &order).await.yes();
        }
    }
    house.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_protocol_keeps_the_other_uses_for_the_same_order_and_gives_back() {
    let house = FrontEnds::open().await;
    let own = house.app("own").await;
    let template = house.template(json!({ "per_person_limit": 2 }), &[(&own, 10)]).await;
    house.member("7", json!({})).await;

    for by in [Yoho, Zvcms] {
        let coupon = house.coupon(by, "7", template).await;
        let order = format!("order-{by:?}");
        house.lock(by, &coupon, &order).await.yes();

        house.redeem(other(by), &coupon, &order).await.yes();

        assert_eq!(house.shown(&coupon).await, Shown::new("已使用", &order));
        // That it is used, everybody may say again.
        house.redeem(by, &coupon, &order).await.yes();
        for asks in [Yoho, Zvcms] {
            house.lock(asks, &coupon, "steals").await.is(USED);
        }
        house.redeem(Zvcms, &coupon, "steals").await.is(USED);
    }
    house.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_till_uses_and_gives_back_both_protocols_see_and_baidu_is_owed_it_once() {
    let house = FrontEnds::open().await;
    let baidu = house.app("baidu").await;
    let template = house.template(json!({}), &[(&baidu, 10)]).await;
    let account = json!({ "holders": [{ "app_id": baidu["id"], "open_id": "on-baidu" }] });
    house.member("7", account).await;
    let coupon = house.coupon(Zvcms, "7", template).await;

    let till = json!({ "code": coupon.code, "order_no": "till-1", "store": "徐家汇店" });
    house.post("/v1/redemptions", till.clone()).await.created();
    house.post("/v1/redemptions", till).await.ok();
    house.redeem(Zvcms, &coupon, "till-1").await.yes();
    house.redeem(Yoho, &coupon, "till-1").await.yes();

    assert_eq!(house.shown(&coupon).await, Shown::new("已使用", "till-1"));
    assert_eq!(house.owed(&coupon).await, ["sync pending", "write_off pending"]);
    for asks in [Yoho, Zvcms] {
        house.lock(asks, &coupon, "A-2").await.is(USED);
    }

    let back = json!({ "code": coupon.code, "order_no": "till-1" });
    let back = house.post("/v1/give-backs", back).await;
    assert_eq!(back.body["changed"], true, "{back:?}");

    assert_eq!(house.shown(&coupon).await, Shown::new("未使用", ""));
    assert_eq!(house.matched("7").await, [coupon.number]);
    // Baidu has not heard of the use, and so need not hear that it was undone.
    assert_eq!(house.owed(&coupon).await, ["sync pending", "write_off cancelled"]);

    house.lock(Yoho, &coupon, "A-3").await.yes();
    house.redeem(Zvcms, &coupon, "A-3").await.yes();
    assert_eq!(house.shown(&coupon).await, Shown::new("已使用", "A-3"));
    let owed = house.owed(&coupon).await;
    assert_eq!(owed, ["sync pending", "write_off pending"]);
    house.finish().await;
}
