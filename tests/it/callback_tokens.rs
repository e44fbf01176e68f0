//! The secret in a callback address: what knows it gets in, and only to its own campaign.

use chrono::TimeDelta;

use crate::support::{
    campaign_offer::{Offer, plant_token},
    plant::{noon, terms},
    raw_http::{self, RawReply},
    recount::Counts,
    test_app::TestApp,
};

async fn call(app: &TestApp, token: &str, offer: &Offer) -> RawReply {
    let body = offer.letter("r-1", "open-1", noon()).body();
    let head = format!(
        "POST /callbacks/baidu/{token} HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    raw_http::send(app.address(), (head + &body).as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_secret_is_answered_the_same() {
    let app = TestApp::start(10).await;
    let (offer, token) = (&app.offer, app.offer.token.clone());
    let soon = TimeDelta::seconds(1);
    let retired = plant_token(&app.database.pool, offer.campaign, Some(noon() + soon)).await;
    app.clock.advance(soon);
    let flipped = |letter: char| {
        if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        }
    };
    let last = if token.ends_with('A') { "B" } else { "A" };
    let wrong = [
        "x".to_owned(),
        "A".repeat(43),
        token[..42].to_owned(),
        format!("{}{last}", &token[..42]),
        format!("{token}{token}"),
        token.to_ascii_uppercase(),
        token.chars().map(flipped).collect(),
        format!("{token}%00"),
        format!("%{:02X}{}", token.as_bytes()[0], &token[1..]),
        format!("{token}="),
        "..".to_owned(),
        "a".repeat(8000),
        retired,
    ];

    let not_found = call(&app, "unknown", offer).await;
    let mut replies = Vec::new();
    for token in &wrong {
        replies.push((token, call(&app, token, offer).await));
    }

    assert_eq!((not_found.status, &*not_found.body), (404, &b"not found"[..]));
    for (token, reply) in replies {
        assert_eq!(reply, not_found, "{token}");
    }
    assert_eq!(Counts::read(&app.database.pool).await.coupons, 0);
    assert_eq!(call(&app, &token, offer).await.status, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_opens_its_own_campaign_and_no_other() {
    let app = TestApp::start(10).await;
    let mut offers = vec![app.offer.clone()];
    for _ in 0..5 {
        offers.push(app.another_offer(&terms(), 10).await);
    }

    for (row, key) in offers.iter().enumerate() {
        for (column, wanted) in offers.iter().enumerate() {
            let letter =
                wanted.letter(&format!("r-{row}-{column}"), &format!("open-{row}"), noon());
            let answer = app.post(&key.token, &letter).await;
            if row == column {
                assert!(answer.code().is_some(), "{answer:?}");
            } else {
                assert_eq!(answer.said()["msg"], "优惠券不存在", "{row} {column}");
            }
        }
    }

    let counts = Counts::read(&app.database.pool).await;
    assert_eq!(counts, Counts { coupons: 6, refusals: 0, issued: 6 });
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_baidu_calls_by_another_id_is_known_by_it_at_once() {
    let app = TestApp::start(10).await;
    let mut offer = app.offer.clone();

    for id in ["9001", "9002", "9003"] {
        let before = offer.letter(&format!("r-{id}"), &format!("open-{id}"), noon());
        offer = offer.known_as(&app.database.pool, id).await;
        let now = offer.letter(&format!("r-{id}"), &format!("open-{id}"), noon());

        assert!(app.post(&offer.token, &now).await.code().is_some(), "{id}");
        assert_eq!(app.post(&offer.token, &before).await.said()["msg"], "优惠券不存在", "{id}");
    }

    app.finish().await;
}
