//! Leave to take a card on its platform: who gets it, what it says, and what becomes of it.

use std::sync::atomic::Ordering;

use axum::Router;
use chrono::TimeDelta;
use kaquan::{api, app::upkeep::Upkeep, clock::Clock, config::Config};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{
    admin::{Admin, Reply},
    card_shop::{CARD, CardShop, TICKET},
    visitor::Person,
};

fn ext(reply: &Value) -> Value {
    assert_eq!(reply["cardList"][0]["cardId"], CARD);
    serde_json::from_str(reply["cardList"][0]["cardExt"].as_str().unwrap()).unwrap()
}

async fn rounds(admin: &Admin) {
    let clock: std::sync::Arc<dyn Clock> = admin.clock.clone();
    Upkeep::new(&Config::default(), admin.db(), &clock).round().await.unwrap();
}

async fn count(admin: &Admin, wanted: &'static str) -> i64 {
    sqlx::query_scalar(wanted).fetch_one(admin.db()).await.unwrap()
}

async fn set(admin: &Admin, change: &'static str) {
    sqlx::query(change).execute(admin.db()).await.unwrap();
}

#[tokio::test]
async fn what_is_signed_is_what_the_mini_program_passes_on() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;

    let signed = shop.sign(&anna, "key-1").await.created();

    let ext = ext(&signed);
    assert_eq!(ext["signature"].as_str().unwrap().len(), 40);
    assert_eq!(ext["outer_str"].as_str().unwrap().len(), 32);
    assert_eq!(ext.get("code"), None);
    assert_eq!(ext["timestamp"], shop.admin.clock.now().timestamp().to_string());
    assert!(!signed.to_string().contains(TICKET));
}

#[tokio::test]
async fn whoever_turned_the_card_down_may_ask_again_at_once_and_hears_of_the_same_leave() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;

    let first = shop.sign(&anna, "key-1").await.created();
    let same = shop.sign(&anna, "key-1").await.created();
    let other = shop.sign(&anna, "key-2").await.created();

    for again in [same, other] {
        assert_eq!(again["claim_id"], first["claim_id"]);
        let (one, other) = (ext(&first), ext(&again));
        assert_eq!(one["outer_str"], other["outer_str"]);
        assert_ne!(one["nonce_str"], other["nonce_str"]);
    }
    assert_eq!(count(&shop.admin, "select count(*) from card_claim").await, 1);
}

#[tokio::test]
async fn every_reason_against_a_card_is_told() {
    let shop = CardShop::open().await;
    let (admin, anna) = (&shop.admin, shop.visitor("anna").await);
    for (change, status, code) in [
        ("update placement set review = 'pending'", 409, "not_reviewed"),
        ("update placement set review = null", 409, "not_reviewed"),
        ("update placement set review = 'failed'", 409, "not_reviewed"),
        ("update placement set review = 'passed', platform_ref = null", 409, "not_published"),
        ("update placement set platform_ref = 'p1', state = 'paused'", 409, "paused"),
        ("update placement set state = 'withdrawn'", 409, "ended"),
        ("update placement set state = 'active'; ", 201, ""),
        ("update template set state = 'ended'", 409, "ended"),
    ] {
        set(admin, change).await;
        let said = shop.sign(&anna, "key").await;
        if status == 201 {
            said.created();
        } else {
            said.problem(status, code);
        }
    }
    set(admin, "update template set state = 'active'").await;
    set(admin, "update stock set total = 0 where way = 'take'").await;
    shop.sign(&anna, "key").await.problem(409, "sold_out");

    // Whoever came through another app sees no such placement.
    let elsewhere = shop.admin.given_app("elsewhere").await;
    let stranger = shop.admin.person(&json!(elsewhere), "anna").await;
    shop.sign(&stranger, "key").await.problem(404, "not_found");
    shop.wechat.away.store(true, Ordering::Relaxed);
    set(admin, "update stock set total = 9 where way = 'take'").await;
    shop.sign(&anna, "key").await.problem(503, "platform_unavailable");
}

#[tokio::test]
async fn claims_through_us_are_sent_to_the_platform() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;

    anna.claim(&shop.placement, "key").await.problem(409, "taken_there");
    let at_work = shop.admin.claim(&shop.placement, "key", "open-1").await;
    at_work.problem(409, "taken_there");

    let elsewhere = shop.admin.given_app("elsewhere").await;
    let stranger = shop.admin.person(&json!(elsewhere), "anna").await;
    stranger.claim(&shop.placement, "key").await.problem(404, "not_found");
    let offers = anna.get("/v1/mini/offers").await.ok();
    assert_eq!(offers["data"][0]["placement_id"], shop.placement["id"]);
    assert_eq!(offers["data"][0]["taken_there"], true);
    assert_eq!(offers["data"][0]["left"], 100);
}

#[tokio::test]
async fn leave_that_is_open_counts_towards_the_limit_and_so_does_what_was_taken() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;
    let signed = shop.sign(&anna, "key-1").await.created();
    let path = format!("/v1/mini/cards/claims/{}/result", signed["claim_id"].as_str().unwrap());
    let taken = json!({ "cardList": [{ "code": "enc 751234212312", "cardId": CARD, "cardExt": "{}", "isSuccess": true }] });
    shop.take(&ext(&signed), "751234212312");

    // The plus sign was read as a blank on the way.
    let result = anna.post(&path, None, taken.clone()).await.ok();
    assert_eq!(result, json!({ "code": "751234212312", "coupon_id": null }));
    shop.sign(&anna, "key-2").await.problem(409, "reserved");
    shop.admin.clock.advance(TimeDelta::minutes(11));
    rounds(&shop.admin).await;
    shop.sign(&anna, "key-3").await.problem(409, "reserved");

    let coupon = shop.plant_coupon("anna-account", "751234212312").await;
    anna.post(&path, None, taken.clone()).await.problem(404, "no_such_coupon");
    set(&shop.admin, "update card_claim set coupon_id = (select coupon_id from coupon)").await;
    let again = anna.post(&path, None, taken.clone()).await.ok();
    assert_eq!(again["coupon_id"], coupon);
    let bert = shop.visitor("bert").await;
    bert.post(&path, None, taken).await.problem(404, "not_found");
    shop.sign(&bert, "key-1").await.created();
}

#[tokio::test]
async fn a_code_is_only_told_to_whoever_took_the_card() {
    let shop = CardShop::open().await;
    let (anna, bert) = (shop.visitor("anna").await, shop.visitor("bert").await);
    let annas = shop.sign(&anna, "key-1").await.created();
    let berts = shop.sign(&bert, "key-1").await.created();
    shop.take(&ext(&annas), "111111111111");
    shop.take(&ext(&annas), "222222222222");
    let path = |signed: &Value| {
        format!("/v1/mini/cards/claims/{}/result", signed["claim_id"].as_str().unwrap())
    };
    let taken = |code: &str| {
        let code = format!("enc+{code}");
        json!({ "cardList": [{ "code": code, "cardId": CARD, "added_later": {} }] })
    };

    let post = async |person: &Person<'_>, signed, code| {
        person.post(&path(signed), None, taken(code)).await
    };
    post(&bert, &berts, "111111111111").await.problem(404, "no_such_coupon");
    post(&bert, &berts, "999999999999").await.problem(404, "no_such_coupon");
    post(&anna, &annas, "111111111111").await.ok();
    post(&anna, &annas, "222222222222").await.problem(404, "no_such_coupon");
    shop.plant_coupon("carl", "333333333333").await;
    shop.take(&ext(&berts), "333333333333");
    post(&bert, &berts, "333333333333").await.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn a_result_that_meets_its_coupon_on_the_way_finds_it() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;
    let signed = shop.sign(&anna, "key-1").await.created();
    let path = format!("/v1/mini/cards/claims/{}/result", signed["claim_id"].as_str().unwrap());
    let coupon = shop.plant_coupon("anna-account", "751234212312").await;
    let db = shop.admin.db().clone();
    // The push is applied after the session was recognised, and before the code is looked for.
    *shop.wechat.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        let bond = "insert into holder_bond (visitor_id, card_holder_id, bonded_at)
             select visitor.holder_id, card_holder.holder_id, now()
             from holder as visitor, holder as card_holder
             where visitor.open_id = 'anna' and card_holder.open_id = 'anna-account'";
        sqlx::query(bond).execute(&db).await.unwrap();
    }));

    let taken = json!({ "cardList": [{ "code": "enc+751234212312", "cardId": CARD }] });
    let result = anna.post(&path, None, taken).await.ok();

    assert_eq!(result, json!({ "code": "751234212312", "coupon_id": coupon }));
}

#[tokio::test]
async fn a_result_that_is_none_is_told_as_one() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;
    let signed = shop.sign(&anna, "key-1").await.created();
    let path = format!("/v1/mini/cards/claims/{}/result", signed["claim_id"].as_str().unwrap());
    let card = |code: Value, id: &str, is_success: bool| json!({ "cardList": [{ "code": code, "cardId": id, "isSuccess": is_success }] });
    let nothing = json!({ "code": null, "coupon_id": null });

    for none in [
        card(Value::Null, CARD, false),
        card(json!("enc+1"), "pOTHER", true),
        card(json!("enc+1"), CARD, false),
        json!({ "cardList": [{ "cardId": CARD }] }),
    ] {
        assert_eq!(anna.post(&path, None, none).await.ok(), nothing);
    }
    for (body, status, code) in [
        (card(json!("forged"), CARD, true), 422, "invalid_values"),
        (card(json!("券"), CARD, true), 422, "invalid_values"),
        (json!({ "cardList": [] }), 422, "invalid_values"),
        (json!({ "cardList": [{ "code": "enc+1" }] }), 400, "invalid_body"),
        (json!({}), 400, "invalid_body"),
    ] {
        anna.post(&path, None, body).await.problem(status, code);
    }
    shop.sign(&anna, "key-2").await.created();
}

#[tokio::test]
async fn leave_that_nobody_used_lapses_and_counts_no_more() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;
    let first = shop.sign(&anna, "key-1").await.created();

    shop.admin.clock.advance(TimeDelta::minutes(10));
    rounds(&shop.admin).await;
    let second = shop.sign(&anna, "key-2").await.created();

    assert_ne!(first["claim_id"], second["claim_id"]);
    let lapsed = "select count(*) from card_claim where state = 'lapsed'";
    assert_eq!(count(&shop.admin, lapsed).await, 1);
}

#[tokio::test]
async fn leave_that_came_to_nothing_is_forgotten_after_a_month() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;
    shop.sign(&anna, "key-1").await.created();
    let kept = "select count(*) from card_claim";

    shop.admin.clock.advance(TimeDelta::days(30));
    rounds(&shop.admin).await;
    assert_eq!(count(&shop.admin, kept).await, 1);
    shop.admin.clock.advance(TimeDelta::minutes(11));
    rounds(&shop.admin).await;
    assert_eq!(count(&shop.admin, kept).await, 0);
}

#[tokio::test]
async fn a_code_that_we_chose_is_kept_while_it_may_be_told_of_and_then_given_to_somebody_else() {
    let codes = json!({ "codes": { "type": "uploaded" } });
    let shop = CardShop::open_with(codes, json!({ "code_mode": "custom" }), 10).await;
    let template = shop.placement["template_id"].as_str().unwrap();
    let long = "X".repeat(21);
    shop.admin.upload(template, format!("{long}\nCODE-1\n")).await.created();
    let (anna, bert) = (shop.visitor("anna").await, shop.visitor("bert").await);

    let first = shop.sign(&anna, "key-1").await.created();
    assert_eq!(ext(&first)["code"], "CODE-1");
    assert_eq!(ext(&shop.sign(&anna, "key-2").await.created())["code"], "CODE-1");
    shop.sign(&bert, "key-1").await.problem(409, "sold_out");
    shop.admin.clock.advance(TimeDelta::hours(29));
    rounds(&shop.admin).await;
    shop.sign(&bert, "key-1").await.problem(409, "sold_out");

    shop.admin.clock.advance(TimeDelta::hours(1));
    rounds(&shop.admin).await;
    assert_eq!(ext(&shop.sign(&bert, "key-1").await.created())["code"], "CODE-1");
}

#[tokio::test]
async fn one_visitor_uses_up_no_more_than_one_uploaded_code() {
    let codes = json!({ "codes": { "type": "uploaded" } });
    let shop = CardShop::open_with(codes, json!({ "code_mode": "custom" }), 10).await;
    let template = shop.placement["template_id"].as_str().unwrap();
    shop.admin.upload(template, "CODE-1\nCODE-2\n".to_owned()).await.created();
    let anna = shop.visitor("anna").await;

    let first = ext(&shop.sign(&anna, "key").await.created())["code"].clone();
    for key in ["key-1", "key-2", "key-3"] {
        assert_eq!(ext(&shop.sign(&anna, key).await.created())["code"], first);
        shop.admin.clock.advance(TimeDelta::minutes(11));
        rounds(&shop.admin).await;
    }
    assert_eq!(count(&shop.admin, "select count(*) from code where state = 'free'").await, 1);
}

#[tokio::test]
async fn a_code_that_somebody_shows_is_not_given_to_somebody_else() {
    let codes = json!({ "codes": { "type": "uploaded" } });
    let shop = CardShop::open_with(codes, json!({ "code_mode": "custom" }), 10).await;
    let template = shop.placement["template_id"].as_str().unwrap();
    shop.admin.upload(template, "CODE-1\n".to_owned()).await.created();
    let (anna, bert) = (shop.visitor("anna").await, shop.visitor("bert").await);
    shop.sign(&anna, "key-1").await.created();
    set(&shop.admin, "update card_claim set hinted_code = code, hinted_at = signed_at").await;

    shop.admin.clock.advance(TimeDelta::hours(31));
    rounds(&shop.admin).await;
    shop.sign(&bert, "key-1").await.problem(409, "sold_out");

    set(&shop.admin, "update card_claim set hinted_code = null, hinted_at = null").await;
    set(
        &shop.admin,
        "insert into card_push (push_id, app_id, open_id, pushed_at, kind, code, digest, body, state, due_at, received_at)
         select gen_random_uuid(), app_id, 'anna', signed_at, 'taken', code, '', '', 'failed', signed_at, signed_at
         from card_claim",
    )
    .await;
    rounds(&shop.admin).await;
    shop.sign(&bert, "key-2").await.problem(409, "sold_out");

    set(&shop.admin, "delete from card_push").await;
    rounds(&shop.admin).await;
    shop.sign(&bert, "key-3").await.created();
}

#[tokio::test]
async fn codes_of_ours_fit_on_a_card_or_nobody_is_given_one() {
    let of = async |prefix: &str| {
        let codes = json!({ "codes": { "type": "generated", "prefix": prefix } });
        CardShop::open_with(codes, json!({ "code_mode": "custom" }), 10).await
    };
    let shop = of("KQ1").await;
    let anna = shop.visitor("anna").await;
    let code = ext(&shop.sign(&anna, "key").await.created())["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 20);

    let shop = of("KQ12").await;
    let anna = shop.visitor("anna").await;
    shop.sign(&anna, "key").await.problem(409, "wrong_state");
}

#[tokio::test]
async fn two_servers_at_once_give_one_person_one_leave() {
    let shop = CardShop::open().await;
    let anna = shop.visitor("anna").await;
    let other: Router = api::router(shop.admin.state.clone());
    let body = json!({ "placement_id": shop.placement["id"] }).to_string();
    let request = |key: usize| {
        let mut request = anna.request("POST", "/v1/mini/cards/claims", body.clone());
        request.headers_mut().insert("idempotency-key", format!("key-{key}").parse().unwrap());
        request
    };

    let asked = (0..8).map(|key| {
        let server = if key % 2 == 0 { &shop.admin.router } else { &other };
        server.clone().oneshot(request(key))
    });
    let said = futures_util::future::join_all(asked).await;

    assert!(said.iter().all(|said| said.as_ref().unwrap().status() == 201));
    assert_eq!(count(&shop.admin, "select count(*) from card_claim").await, 1);
}

async fn open(person: &Person<'_>, coupons: &[&Value]) -> Reply {
    person.post("/v1/mini/cards/open", None, json!({ "coupon_ids": coupons })).await
}

#[tokio::test]
async fn only_ones_own_cards_open_and_only_what_can_be_used() {
    let shop = CardShop::open().await;
    shop.log_in("anna/union-anna").await.created();
    let coupon = shop.plant_coupon("anna-account", "111").await;
    let others = shop.plant_coupon("bert-account", "222").await;
    set(&shop.admin, "update holder set union_id = 'union-anna' where open_id = 'anna-account'")
        .await;
    shop.log_in("anna/union-anna").await.created();
    let anna = shop.visitor("anna").await;

    let cards = open(&anna, &[&coupon]).await.ok();
    assert_eq!(cards, json!({ "cardList": [{ "cardId": CARD, "code": "111" }] }));
    open(&anna, &[&coupon, &others]).await.problem(404, "no_such_coupon");
    open(&anna, &[]).await.problem(422, "invalid_values");
    let look = |card: &str, code: &str| {
        let body = json!({ "card_id": card, "encrypt_code": code });
        async { anna.post("/v1/mini/cards/lookup", None, body).await }
    };
    let found = look(CARD, "enc 111").await.ok();
    assert_eq!((&found["id"], &found["code"]), (&coupon, &json!("111")));
    for (card, code) in
        [(CARD, "enc+222"), ("pOTHER", "enc+111"), (CARD, "enc+999"), (CARD, "forged")]
    {
        look(card, code).await.problem(404, "no_such_coupon");
    }
    look("券", "enc+111").await.problem(422, "invalid_values");

    shop.suspend(&coupon, "gifting").await;
    open(&anna, &[&coupon]).await.problem(409, "suspended");
}
