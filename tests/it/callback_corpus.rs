//! Every bad callback we could think of, one after the other, at a live server. None may leave anything behind that its
//! line does not announce, and after each a good callback gets its code.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    campaign_offer::{Offer, set_app_settings},
    corpus::{self, Case, Effect, Given},
    letter,
    plant::{noon, terms},
    raw_http::{self, RawReply},
    recount::Counts,
    test_app::TestApp,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_callbacks_are_answered_as_documented_and_leave_nothing_behind() {
    let app = TestApp::start(10_000).await;
    let mut wrong = Vec::new();
    for (number, case) in corpus::cases().iter().enumerate() {
        let offer = given(&app, case.given).await;
        let before = Counts::read(&app.database.pool).await;

        let request = case.request(&offer, &app.offer.token, noon());
        let reply = raw_http::send(app.address(), &request).await;

        let after = Counts::read(&app.database.pool).await;
        let good = app.offer.letter(&format!("good-{number}"), &format!("good-{number}"), noon());
        let alive = app.post(&app.offer.token, &good).await.code().is_some();
        let seen = judge(case, &reply, before, after);
        if !seen.is_empty() || !alive {
            wrong.push(format!("{} {}: {} (alive: {alive})", case.row, case.name, seen.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    app.finish().await;
}

/// A campaign of its own for one case.
async fn given(app: &TestApp, given: Option<Given>) -> Offer {
    let pool = &app.database.pool;
    let (mut terms, tick) = (terms(), TimeDelta::milliseconds(1));
    match given {
        Some(Given::Closed) => terms.claim_until = noon() - tick,
        Some(Given::ClosesNow) => terms.claim_until = noon(),
        Some(Given::ClosesSoon) => terms.claim_until = noon() + tick,
        Some(Given::OpensNow) => terms.claim_from = noon(),
        Some(Given::OpensSoon) => terms.claim_from = noon() + tick,
        _ => {}
    }
    let stock = if given == Some(Given::Empty) { 0 } else { 10 };
    let offer = app.offer_apart(&terms, stock).await;
    let pin = |reading: &str| {
        set_app_settings(pool, offer.campaign.app, json!({ "sign_reading": reading }))
    };
    match given {
        Some(Given::Draft) => set_state(app, &offer, "template", "draft").await,
        Some(Given::Paused) => set_state(app, &offer, "template", "paused").await,
        Some(Given::Ended) => set_state(app, &offer, "template", "ended").await,
        Some(Given::PlacementPaused) => set_state(app, &offer, "placement", "paused").await,
        Some(Given::Withdrawn) => set_state(app, &offer, "placement", "withdrawn").await,
        Some(Given::PinnedDocumented) => pin("documented").await,
        Some(Given::PinnedMirrored) => pin("mirrored").await,
        Some(Given::LargeId) => return offer.known_as(pool, "9007199254740993").await,
        Some(Given::Known) => {
            let first = app.post(&offer.token, &offer.letter("known-1", "open-1", noon())).await;
            assert!(first.code().is_some());
        }
        _ => {}
    }
    offer
}

async fn set_state(app: &TestApp, offer: &Offer, table: &str, state: &str) {
    let id = match table {
        "template" => offer.campaign.template.uuid(),
        _ => offer.campaign.placement.uuid(),
    };
    let statement = format!("update {table} set state = $2 where {table}_id = $1");
    let statement = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(id).bind(state.to_owned());
    statement.execute(&app.database.pool).await.unwrap();
}

/// What is not as the case says.
fn judge(case: &Case, reply: &RawReply, before: Counts, after: Counts) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |what: &str, seen: &dyn std::fmt::Debug, holds: bool| {
        if !holds {
            wrong.push(format!("{what} is {seen:?}"));
        }
    };
    let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let body = String::from_utf8_lossy(&reply.body);
    expect("status", &(reply.status, &body), reply.status == case.status);
    expect("errno", &body, said["errno"].as_str() == case.errno.as_deref());
    if case.msg.is_some() {
        expect("msg", &body, said["msg"].as_str() == case.msg.as_deref());
    }
    let coupon = i64::from(case.effect == Some(Effect::Coupon));
    let refusal = i64::from(case.effect == Some(Effect::Refusal));
    let expected = Counts {
        coupons: before.coupons + coupon,
        refusals: before.refusals + refusal,
        issued: before.issued + coupon,
    };
    expect("the books' state", &(before, after), after == expected);
    // No detail where nothing is to be learned, no code where nothing is to be had.
    expect("body of a 405", &body, case.status != 405 || body.is_empty());
    expect("data", &body, said["data"].is_string() == (case.errno.as_deref() == Some("0")));
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_comes_is_given_up_after_five_seconds() {
    let app = TestApp::start(10).await;
    let head = format!(
        "POST /callbacks/baidu/{} HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 200\r\n\r\n",
        app.offer.token
    );
    let begun = Instant::now();

    let reply = raw_http::send(app.address(), head.as_bytes()).await;

    let took = begun.elapsed();
    // Having been told to continue, the silent client is told that it took too long.
    assert_eq!(reply.status, 100);
    assert!(String::from_utf8_lossy(&reply.body).starts_with("HTTP/1.1 408 "), "{reply:?}");
    assert!((Duration::from_secs(5)..Duration::from_secs(15)).contains(&took), "{took:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_records_for_the_last_coupon_one_gets_it_and_both_answers_outlive_a_restock() {
    let app = TestApp::start(1).await;
    let letters = ["r-1", "r-2"].map(|name| app.offer.letter(name, name, noon()));
    let token = &app.offer.token;

    let (one, two) = tokio::join!(app.post(token, &letters[0]), app.post(token, &letters[1]));
    app.add_stock(10).await;
    let (one_again, two_again) =
        (app.post(token, &letters[0]).await, app.post(token, &letters[1]).await);

    assert_eq!([&one, &two].iter().filter(|answer| answer.code().is_some()).count(), 1);
    assert_eq!([&one, &two].iter().filter(|answer| answer.said()["msg"] == "已领完").count(), 1);
    assert_eq!((one_again, two_again), (one, two));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_cannot_choose_the_source_that_is_learned() {
    let app = TestApp::start(10).await;
    let behind_proxy = app.another_server_behind("127.0.0.0/8").await;
    let call = async |server, name: &str, forwarded: &str| {
        let body = app.offer.letter(name, name, noon()).body();
        let url = format!("http://{server}/callbacks/baidu/{}", app.offer.token);
        let request = app.client.post(url).header("x-forwarded-for", forwarded).body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    };

    call(app.address(), "r-1", "198.51.100.1").await;
    call(behind_proxy.address, "r-2", "203.0.113.7, 198.51.100.9").await;

    // Stopping waits until all that was learned is stored.
    behind_proxy.stop().await;
    let pool = app.database.pool.clone();
    app.finish().await;
    let learned: Vec<String> = sqlx::query_scalar("select network from callback_source order by 1")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(learned, ["127.0.0.0/24", "198.51.100.0/24"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_completes_although_its_caller_has_gone() {
    let app = TestApp::start(10).await;
    let hang_up = vec![kaquan::simulator::fault::Fault::HangUp { tries: 3 }];

    app.baidu_user_takes_amid("open-1", &hang_up).await;

    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let completed = async {
        while Counts::read(&app.database.pool).await.coupons == 0 {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), completed).await.unwrap();
    let good = app.offer.letter("r-2", "open-2", noon()).body();
    let answer = letter::post(&app.client, app.address(), &app.offer.token, good).await.unwrap();
    assert!(answer.code().is_some());
    app.finish().await;
}
