//! How often callers may ask, and how often they may be wrong about a code.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{config::limits::Limits, domain::access::Role, service::secret::Fresh};
use serde_json::{Value, json};

use crate::support::{
    admin::{Admin, Reply, plenty},
    life::{given_coupon, with},
    matrix::nobodys_coupon,
    people,
    vault::vault,
};

async fn limited(settings: &Limits) -> Admin {
    Admin::with_limits(vault(), settings).await
}

/// Somebody at a till shows a code that nobody has.
async fn guess(admin: &Admin, key: &str, address: &str) -> Reply {
    guess_for(admin, key, address, json!({})).await
}

/// The same in the name of somebody.
async fn guess_for(admin: &Admin, key: &str, address: &str, person: Value) -> Reply {
    let body = with(json!({ "code": "NOBODYSCODE", "order_no": "1" }), &person);
    let mut request = admin.request("POST", "/v1/redemptions", body.to_string());
    request.headers_mut().insert("idempotency-key", "guess".parse().unwrap());
    request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    let peer: SocketAddr = format!("{address}:1").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    admin.send(request).await
}

#[tokio::test]
async fn a_hundred_requests_in_one_second_are_let_through_to_the_end_of_the_burst() {
    let admin = limited(&Limits { server_rate: 10, server_burst: 20, ..plenty() }).await;

    let mut replies = Vec::new();
    for _ in 0..100 {
        replies.push(admin.get("/v1/admin/apps").await);
    }
    admin.clock.advance(TimeDelta::seconds(1));
    let later = admin.get("/v1/admin/apps").await;

    let (through, refused) = replies.split_at(20);
    for (place, reply) in through.iter().enumerate() {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.headers["ratelimit-limit"], "20");
        assert_eq!(reply.headers["ratelimit-remaining"], (19 - place).to_string().as_str());
    }
    for reply in refused {
        assert_eq!((reply.status.as_u16(), &reply.body["code"]), (429, &json!("rate_limited")));
        assert_eq!(
            (&reply.headers["retry-after"], &reply.headers["ratelimit-reset"]),
            (&"1".parse().unwrap(), &"2".parse().unwrap())
        );
    }
    assert_eq!(
        (later.status.as_u16(), &later.headers["ratelimit-remaining"]),
        (200, &"9".parse().unwrap())
    );
}

#[tokio::test]
async fn each_caller_has_a_bucket_of_their_own() {
    let admin = limited(&Limits { server_rate: 1, server_burst: 1, ..plenty() }).await;
    let other = format!("Bearer {}", admin.key(Role::Auditor).await);
    admin.get("/v1/admin/apps").await.ok();
    let mut request = admin.request("GET", "/v1/admin/apps", Body::empty());
    request.headers_mut().insert("authorization", other.parse().unwrap());

    let refused = admin.get("/v1/admin/apps").await;
    let theirs = admin.send(request).await;

    refused.problem(429, "rate_limited");
    theirs.ok();
}

/// Somebody at this address shows this, or nothing.
async fn knock(admin: &Admin, address: &str, path: &str, shown: Option<&str>) -> Reply {
    let mut request = admin.request("GET", path, Body::empty());
    request.headers_mut().remove("authorization");
    if let Some(shown) = shown {
        request.headers_mut().insert("authorization", format!("Bearer {shown}").parse().unwrap());
    }
    let peer: SocketAddr = format!("{address}:1").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    admin.send(request).await
}

const APPS: &str = "/v1/admin/apps";
const MINE: &str = "/v1/mini/sessions/current";

#[tokio::test]
async fn an_address_that_knocks_with_wrong_keys_waits_and_good_ones_from_there_are_served() {
    let settings = Limits { unauthenticated_rate: 1, unauthenticated_burst: 4, ..plenty() };
    let admin = limited(&settings).await;
    let app = admin.given_app("key").await.parse().unwrap();
    let holder = people::holder(&admin.state, app, "anna").await;
    let operator = people::operator(&admin.state, Role::Auditor).await;
    let at_work = people::work_session(&admin.state, operator).await;
    let unknown = ["kq_", "ko_", "ks_"].map(|kind| Fresh::random_checked(kind).unwrap());
    let [key, work, mini] = &unknown.each_ref().map(Fresh::reveal);
    let wrong =
        [(APPS, None), (APPS, Some("kq_mistyped")), (APPS, Some(*key)), (APPS, Some(*work))];
    let good = [(APPS, &admin.owner), (APPS, &at_work), (MINE, &holder)];
    let address = "192.0.2.1";

    let mut seen = Vec::new();
    for (path, shown) in wrong.into_iter().chain(wrong) {
        for (path, good) in good {
            knock(&admin, address, path, Some(good)).await.ok();
        }
        seen.push(knock(&admin, address, path, shown).await);
    }
    // People whose session is over log in anew, however many they are.
    for shown in [None, Some(*mini)] {
        knock(&admin, address, MINE, shown).await.problem(401, "unauthenticated");
    }
    let elsewhere = knock(&admin, "192.0.2.2", APPS, None).await;
    admin.clock.advance(TimeDelta::seconds(1));
    let later = [None, None].map(|shown| knock(&admin, address, APPS, shown));
    let [later, still] = join_all(later).await.try_into().unwrap();

    let (told, sent_away) = seen.split_at(4);
    for reply in told {
        assert_eq!((reply.status.as_u16(), &reply.body["code"]), (401, &json!("unauthenticated")));
    }
    for reply in sent_away {
        assert_eq!((reply.status.as_u16(), &reply.body["code"]), (429, &json!("rate_limited")));
        assert_eq!(reply.headers["retry-after"], "1");
    }
    elsewhere.problem(401, "unauthenticated");
    later.problem(401, "unauthenticated");
    still.problem(429, "rate_limited");
}

#[tokio::test]
async fn wrong_keys_from_one_network_of_ipv6_are_counted_together() {
    let settings = Limits { unauthenticated_rate: 1, unauthenticated_burst: 1, ..plenty() };
    let admin = limited(&settings).await;

    knock(&admin, "[2001:db8::1]", APPS, None).await.problem(401, "unauthenticated");
    knock(&admin, "[2001:db8::2]", APPS, None).await.problem(429, "rate_limited");
    knock(&admin, "[2001:db8:0:1::2]", APPS, None).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_sixth_unknown_code_of_a_caller_is_not_looked_at() {
    let admin = limited(&Limits { unknown_codes: 5, ..plenty() }).await;
    for place in 0..5 {
        let reply = guess(&admin, &admin.owner, &format!("192.0.2.{place}")).await;
        reply.problem(404, "no_such_coupon");
    }

    let sixth = guess(&admin, &admin.owner, "192.0.2.9").await;
    let other = admin.key(Role::Clerk).await;
    let others = guess(&admin, &other, "192.0.2.10").await;
    admin.clock.advance(TimeDelta::seconds(12));
    let later = guess(&admin, &admin.owner, "192.0.2.9").await;

    assert_eq!(sixth.headers["retry-after"], "12");
    sixth.problem(429, "rate_limited");
    others.problem(404, "no_such_coupon");
    later.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn callers_who_share_an_address_share_their_errors() {
    let admin = limited(&Limits { unknown_codes: 5, ..plenty() }).await;
    let address = "192.0.2.1";
    let mut keys = Vec::new();
    for _ in 0..7 {
        keys.push(admin.key(Role::Clerk).await);
    }

    let mut seen = Vec::new();
    for key in &keys {
        seen.push(guess(&admin, key, address).await.status.as_u16());
    }

    assert_eq!(seen, [404, 404, 404, 404, 404, 429, 429]);
}

#[tokio::test]
async fn addresses_of_one_network_of_ipv6_are_one() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;
    let (one, other) = (admin.key(Role::Clerk).await, admin.key(Role::Clerk).await);

    guess(&admin, &one, "[2001:db8::1]").await.problem(404, "no_such_coupon");
    guess(&admin, &other, "[2001:db8::2]").await.problem(429, "rate_limited");
    guess(&admin, &other, "[2001:db8:0:1::2]").await.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn a_code_that_is_one_costs_nothing() {
    let admin = limited(&Limits { unknown_codes: 2, ..plenty() }).await;
    let placement = admin.given_claimable("own", json!({}), 10).await;
    let coupon = admin.claim(&placement, "order-1", "open-1").await.created();

    for _ in 0..10 {
        let reply = admin.redeem(&coupon["code"], "order-1").await;
        assert!(reply.status.is_success(), "{:?}", reply.body);
    }
}

#[tokio::test]
async fn errors_in_the_name_of_one_person_are_counted_together() {
    let admin = limited(&Limits { unknown_codes: 5, ..plenty() }).await;
    let anna = json!({ "uid": "anna" });
    let mut seen = Vec::new();
    for place in 0..7 {
        let (key, address) = (admin.key(Role::Clerk).await, format!("192.0.2.{place}"));
        seen.push(guess_for(&admin, &key, &address, anna.clone()).await.status.as_u16());
    }

    let key = admin.key(Role::Clerk).await;
    let berts = guess_for(&admin, &key, "192.0.2.9", json!({ "uid": "bert" })).await;

    assert_eq!(seen, [404, 404, 404, 404, 404, 429, 429]);
    berts.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn an_id_is_no_guess() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;
    let nobodys = json!({ "coupon_id": nobodys_coupon(), "order_no": "1" });

    for path in ["/v1/redemptions", "/v1/locks", "/v1/unlocks", "/v1/give-backs"] {
        for _ in 0..15 {
            admin.act(path, nobodys.clone()).await.problem(404, "no_such_coupon");
        }
    }

    guess(&admin, &admin.owner, "192.0.2.1").await.problem(404, "no_such_coupon");
    guess(&admin, &admin.owner, "192.0.2.1").await.problem(429, "rate_limited");
    admin.act("/v1/redemptions", nobodys).await.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn a_customer_who_types_junk_stops_nobody_elses_checkout() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;
    let (shop, address) = (admin.key(Role::Operator).await, "192.0.2.1");
    let guess_for =
        async |person: Value| guess_for(&admin, &shop, address, person).await.status.as_u16();
    let app = "app_00000000000070008000000000000001";
    let anna = json!({ "uid": "anna" });
    let bert = json!({ "app_id": app, "open_id": "bert" });

    for person in [anna, bert] {
        let seen = (guess_for(person.clone()).await, guess_for(person).await);
        assert_eq!(seen, (404, 429));
    }

    // Neither the key nor its address has paid for that.
    let clerk = admin.key(Role::Clerk).await;
    guess(&admin, &clerk, address).await.problem(404, "no_such_coupon");
    let elsewhere = guess(&admin, &shop, "192.0.2.2").await;
    elsewhere.problem(404, "no_such_coupon");
    guess(&admin, &shop, "192.0.2.3").await.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_server_that_names_one_person_after_the_other_pays_in_the_end() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;
    let shop = admin.key(Role::Operator).await;

    let mut seen = Vec::new();
    for number in 0..22 {
        let customer = json!({ "uid": format!("customer-{number}") });
        seen.push(guess_for(&admin, &shop, "192.0.2.1", customer).await.status.as_u16());
    }

    assert_eq!(seen[..20], [404; 20]);
    assert_eq!(seen[20..], [429, 429]);
}

#[tokio::test]
async fn a_person_at_work_who_names_somebody_pays_as_well() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;
    let clerk = people::operator(&admin.state, Role::Clerk).await;
    let session = people::work_session(&admin.state, clerk).await;
    let (anna, bert) = (json!({ "uid": "anna" }), json!({ "uid": "bert" }));

    let first = guess_for(&admin, &session, "192.0.2.1", anna).await;
    let second = guess_for(&admin, &session, "192.0.2.2", bert).await;

    first.problem(404, "no_such_coupon");
    second.problem(429, "rate_limited");
}

#[tokio::test]
async fn of_many_guesses_at_once_a_few_are_looked_at_and_all_of_those_are_paid_for() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;

    let guesses = join_all((0..64).map(|_| guess(&admin, &admin.owner, "192.0.2.1"))).await;

    let looked_at = guesses.iter().filter(|reply| reply.status == 404).count();
    assert!((1..=10).contains(&looked_at), "{looked_at}");
    assert_eq!(guesses.iter().filter(|reply| reply.status == 429).count(), 64 - looked_at);
    let minutes = i64::try_from(looked_at).unwrap();
    admin.clock.advance(TimeDelta::minutes(minutes) - TimeDelta::seconds(1));
    guess(&admin, &admin.owner, "192.0.2.1").await.problem(429, "rate_limited");
    admin.clock.advance(TimeDelta::seconds(1));
    guess(&admin, &admin.owner, "192.0.2.1").await.problem(404, "no_such_coupon");
}

#[tokio::test]
async fn good_codes_may_come_all_at_once() {
    let admin = limited(&Limits { unknown_codes: 1, ..plenty() }).await;
    let coupon = given_coupon(&admin, json!({})).await;

    let looks =
        (0..64).map(|_| admin.post("/v1/coupon-lookups", json!({ "code": coupon["code"] })));

    for reply in join_all(looks).await {
        reply.ok();
    }
}
