//! Who is let in to the zvcms protocol: the order of the checks, the window, nonces, secrets and grants.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use chrono::{TimeDelta, Utc};
use http::{HeaderName, Request};
use kaquan::{
    clock::Clock,
    store::{self, gateway_client::SealedSecrets},
    vault::Place,
};
use serde_json::{Value, json};

use crate::support::zvcms::{
    GRANT, Held, JSON, LIST, Letter, PATH, SECRET, Shop, plant_client, plant_grant, plenty, sealed,
};

fn nobodys() -> Value {
    json!({ "user_id": "1001" })
}

fn listing(shop: &Shop) -> Letter {
    shop.letter(LIST, nobodys())
}

#[tokio::test]
async fn the_checks_come_in_their_order() {
    let held = Held { actions: Some(vec![LIST.to_owned()]), ..Held::default() };
    let shop = Shop::with(json!({}), held).await;
    let used = listing(&shop).signed(SECRET);
    shop.send(&used).await.done();
    let nonce = used.0["Nonce"].clone();
    // Everything is wrong with it; one thing after the other is put right.
    let wrong = shop
        .letter("coupon.receive", json!({ "user_id": "" }))
        .with("OpenId", "nobody")
        .with("GrantCode", "nothing")
        .with("Nonce", nonce)
        .with("Timestamp", "1547186244")
        .with("Token", "");
    let now = shop.admin.clock.now().timestamp().to_string();

    let signed = |letter: &Letter| letter.clone().signed(SECRET);
    shop.send(&wrong).await.failed(10_002, "缺少参数:Token");
    let letter = wrong.with("Token", "AAAA");
    shop.send(&letter).await.failed(10_003, "OpenId无效");
    let letter = letter.with("OpenId", used.0["OpenId"].clone());
    shop.send(&letter).await.failed(10_005, "请求已过期");
    let letter = letter.with("Timestamp", now);
    shop.send(&letter).await.failed(10_004, "签名错误");
    shop.send(&signed(&letter)).await.failed(10_007, "授权code无效");
    let letter = letter.with("GrantCode", GRANT);
    shop.send(&signed(&letter)).await.failed(10_006, "重复请求");
    let fresh = |action: &str| shop.letter(action, json!({ "user_id": "" })).signed(SECRET);
    shop.send(&fresh("coupon.delete")).await.failed(10_008, "接口方法不存在");
    shop.send(&fresh("coupon.receive")).await.failed(10_009, "没有接口权限");
    shop.send(&fresh(LIST)).await.failed(20_003, "会员不存在");
    shop.is_sound().await;
}

#[tokio::test]
async fn a_timestamp_may_be_three_hundred_seconds_away_and_no_further() {
    let shop = Shop::open().await;
    let now = shop.admin.clock.now().timestamp();
    for (away, fits) in [(-301, false), (-300, true), (300, true), (301, false)] {
        let letter = listing(&shop).with("Timestamp", (now + away).to_string());

        let heard = shop.send(&letter.signed(SECRET)).await;

        assert_eq!(heard.code(), if fits { 0 } else { 10_005 }, "{away}");
    }
    let number = listing(&shop).with("Timestamp", now).signed(SECRET);
    shop.send(&number).await.done();
    for odd in [format!("0{now}"), format!("{now}000"), "5".to_owned()] {
        let letter = listing(&shop).with("Timestamp", odd);
        shop.send(&letter.signed(SECRET)).await.failed(10_005, "请求已过期");
    }
}

#[tokio::test]
async fn a_nonce_counts_once_and_a_bad_signature_uses_none_up() {
    let shop = Shop::open().await;
    let letter = listing(&shop);

    shop.send(&letter.clone().signed("somebody else's")).await.failed(10_004, "签名错误");
    shop.send(&letter.clone().signed(SECRET)).await.done();
    shop.send(&letter.clone().signed(SECRET)).await.failed(10_006, "重复请求");
    // Also with everything else anew.
    let other = listing(&shop).with("Nonce", letter.0["Nonce"].clone());
    shop.send(&other.signed(SECRET)).await.failed(10_006, "重复请求");
    // To another client it is another nonce.
    let client = plant_client(shop.admin.db(), "another", json!({})).await;
    plant_grant(shop.admin.db(), client, "another-grant", Held::default()).await;
    let letter = letter.with("OpenId", "another").with("GrantCode", "another-grant");
    shop.send(&letter.signed(SECRET)).await.done();
}

#[tokio::test]
async fn a_token_stands_for_every_member_of_the_parameters() {
    let shop = Shop::open().await;
    let token = |letter: &Letter| letter.token(SECRET);

    let letter = listing(&shop);
    let other = letter.clone().with("Params", json!({ "user_id": "1002" }));
    let more = letter.clone().with("Params", json!({ "user_id": "1001", "amount": "" }));
    for changed in [other, more] {
        let changed = changed.with("Token", token(&letter));
        shop.send(&changed).await.failed(10_004, "签名错误");
    }
    let seeds = letter.clone().with("Token", "0%2B%2B3c6hthjwAml4ABAXOYF4Q6UY%3D");
    shop.send(&seeds).await.failed(10_004, "签名错误");
    // The same message can be read in two ways; only one of them is a request.
    let merged = json!({ "amount": "1&Params.user_id=1001" });
    let plain = shop.letter(LIST, json!({ "amount": "1", "user_id": "1001" }));
    let split = plain.clone().with("Params", merged).with("Token", token(&plain));
    shop.send(&split).await.failed(20_001, "参数错误:amount");
}

#[tokio::test]
async fn what_cannot_be_signed_is_refused_with_its_name() {
    let shop = Shop::open().await;

    for value in [json!(1.5), json!(true), json!(null), json!([1]), json!({})] {
        let params = json!({ "user_id": "1001", "amount": value });

        shop.ask(LIST, params).await.failed(20_001, "参数错误:amount");
    }
}

#[tokio::test]
async fn during_a_rotation_both_secrets_count_and_afterwards_the_new_one() {
    let shop = Shop::open().await;
    let now = shop.admin.clock.now();
    rotate(&shop, "the-new-secret-of-the-shop-000000000002", now + TimeDelta::hours(1)).await;
    let with = |secret: &str| listing(&shop).signed(secret);

    let new = with("the-new-secret-of-the-shop-000000000002");
    shop.send(&new).await.done();
    shop.send(&with(SECRET)).await.done();
    shop.admin.clock.advance(TimeDelta::hours(1));
    shop.send(&with(SECRET)).await.failed(10_004, "签名错误");
    shop.send(&with("the-new-secret-of-the-shop-000000000002")).await.done();
}

async fn rotate(shop: &Shop, secret: &str, until: chrono::DateTime<Utc>) {
    let id = shop.client.uuid();
    let secrets = SealedSecrets {
        client: shop.client,
        secret: sealed(Place::gateway_secret(id), secret),
        old_secret: Some(sealed(Place::old_gateway_secret(id), SECRET)),
        salt: None,
    };
    sqlx::query(
        "update gateway_client
         set secret_sealed = $2, old_secret_sealed = $3, old_secret_until = $4
         where client_id = $1",
    )
    .bind(id)
    .bind(secrets.secret)
    .bind(secrets.old_secret)
    .bind(until)
    .execute(shop.admin.db())
    .await
    .unwrap();
    let mut conn = shop.admin.db().acquire().await.unwrap();
    store::gateway_client::mark_changed(&mut conn).await.unwrap();
}

#[tokio::test]
async fn a_grant_belongs_to_its_client() {
    let shop = Shop::open().await;
    let client = plant_client(shop.admin.db(), "another", json!({})).await;
    plant_grant(shop.admin.db(), client, "another-grant", Held::default()).await;

    let borrowed = listing(&shop).with("GrantCode", "another-grant").signed(SECRET);

    shop.send(&borrowed).await.failed(10_007, "授权code无效");
}

#[tokio::test]
async fn whoever_does_not_sign_is_let_in_on_loopback_only() {
    let unsigned = json!({ "scheme": "none" });
    let near = Shop::with(unsigned.clone(), Held::default()).await;
    let far = Shop::on(false, &plenty(), unsigned, Held::default()).await;

    near.send(&listing(&near).with("Token", "-")).await.done();
    far.send(&listing(&far).with("Token", "-")).await.failed(10_004, "签名错误");
    far.send(&listing(&far).signed(SECRET)).await.failed(10_004, "签名错误");
}

#[tokio::test]
async fn whoever_does_not_sign_is_not_let_in_through_a_proxy_on_the_same_machine() {
    let shop = Shop::with(json!({ "scheme": "none" }), Held::default()).await;
    let unsigned = || {
        let letter = listing(&shop).with("Token", "-");
        Request::post(PATH).header("content-type", JSON).body(Value::Object(letter.0).to_string())
    };

    for name in ["Forwarded", "X-Forwarded-For", "X-Real-IP"] {
        let mut request = unsigned().unwrap();
        request
            .headers_mut()
            .insert(HeaderName::try_from(name).unwrap(), "127.0.0.1".parse().unwrap());

        shop.call(request.map(Body::from)).await.failed(10_004, "签名错误");
    }
    for (peer, code) in [("127.0.0.1:5", 0), ("[::1]:5", 0), ("192.0.2.1:5", 10_004)] {
        let mut request = unsigned().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));

        assert_eq!(shop.call(request.map(Body::from)).await.code(), code, "{peer}");
    }
    // A proxy changes nothing for those who sign.
    let signed = Shop::open().await;
    let letter = Value::Object(listing(&signed).signed(SECRET).0).to_string();
    let request = Request::post(PATH).header("content-type", JSON).header("x-real-ip", "192.0.2.1");
    signed.call(request.body(Body::from(letter)).unwrap()).await.done();
}

#[tokio::test]
async fn clients_and_claims_have_their_rates() {
    let mut settings = plenty();
    settings.client_burst = 4;
    settings.claim_burst = 1;
    let shop = Shop::on(true, &settings, json!({}), Held::default()).await;
    let claim = |uid: &str, name: &str| {
        let params = json!({ "user_id": uid, "coupon_id": "1", "out_request_no": name });
        shop.letter("coupon.receive", params).signed(SECRET)
    };

    shop.send(&claim("1", "a")).await.failed(20_101, "优惠券不存在");
    shop.send(&claim("1", "b")).await.failed(10_010, "请求过于频繁");
    shop.send(&claim("2", "c")).await.failed(20_101, "优惠券不存在");
    shop.send(&listing(&shop).signed(SECRET)).await.done();
    shop.send(&listing(&shop).signed(SECRET)).await.failed(10_010, "请求过于频繁");
    // Who has not signed takes nothing from those who have.
    shop.admin.clock.advance(TimeDelta::seconds(1));
    for _ in 0..10 {
        shop.send(&listing(&shop).signed("guessed")).await.failed(10_004, "签名错误");
    }
    shop.send(&claim("1", "d")).await.failed(20_101, "优惠券不存在");
}
