//! What becomes of a call, and that no name and no redirect leads into a private network.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use kaquan::{
    config::webhooks::Webhooks,
    domain::delivery::MOST_ATTEMPTS,
    platform::webhooks::{
        client::{CallError, Client, Lookup},
        sign::{Message, Secret},
    },
};
use serde_json::{Value, json};

use crate::support::{
    delivery_scene::private,
    plant::noon,
    receiver::Receiver,
    stage::{Said, Stage},
    stub::{self, Stub, answer_with},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn send(
    client: &Client,
    url: &str,
) -> Result<kaquan::platform::webhooks::client::Heard, CallError> {
    let message = Message { id: "evt_1", timestamp: noon(), body: b"{}" };
    client.send(url, message, &[Secret::parse(SECRET).unwrap()]).await
}

/// A name stands for one address at the first look-up and for another one from then on.
fn rebinding(first: &'static str, then: &'static str) -> (Lookup, Arc<AtomicUsize>) {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let lookup: Lookup = Arc::new(move |_name| {
        let address = if counted.fetch_add(1, Ordering::Relaxed) == 0 { first } else { then };
        let found: Vec<SocketAddr> = address.split(' ').map(|one| one.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    });
    (lookup, looks)
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_address_is_not_dialled() {
    let settings = Webhooks { call_timeout: Duration::from_secs(1), ..Webhooks::default() };

    for stands_for in [
        "127.0.0.1:0",
        "[::1]:0",
        "10.0.0.1:0",
        "169.254.169.254:0",
        "[::ffff:7f00:1]:0",
        // One among others is a trap.
        "203.0.114.1:0 127.0.0.1:0",
    ] {
        let (lookup, looks) = rebinding(stands_for, stands_for);
        let client = Client::asking(&settings, lookup).unwrap();

        let said = send(&client, "https://rebind.example.com/").await;

        assert!(matches!(said, Err(CallError::NotAllowed(_))), "{stands_for}: {said:?}");
        assert_eq!(looks.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_dialled_where_it_was_looked_at() {
    let receiver = Receiver::start().await;
    let address: &'static str =
        receiver.url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned().leak();
    let (lookup, looks) = rebinding(address, "192.0.2.1:1");
    let client = Client::asking(&private(), lookup).unwrap();
    let port = address.rsplit(':').next().unwrap();

    let said = send(&client, &format!("http://rebind.example.com:{port}/")).await;

    assert_eq!(said.unwrap().status, 200);
    assert_eq!((receiver.heard().len(), looks.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn a_number_that_was_saved_somehow_is_judged_again_when_it_is_called() {
    let receiver = Receiver::start().await;
    let client = Client::new(&Webhooks::default()).unwrap();

    for url in [&*receiver.url, "https://127.0.0.1/", "https://2130706433/", "file:///etc/passwd"] {
        let said = send(&client, url).await;

        assert!(matches!(said, Err(CallError::NotAllowed(_))), "{url}: {said:?}");
    }
    assert!(receiver.heard().is_empty());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_leads_nowhere() {
    let (hidden, door) = (Receiver::start().await, Receiver::start().await);
    let to = hidden.url.clone();
    door.answer(move |_| (302, vec![("location", to.clone())]));

    let heard = send(&Client::new(&private()).unwrap(), &door.url).await.unwrap();

    assert_eq!(heard.status, 302);
    assert!(hidden.heard().is_empty());
}

#[tokio::test]
async fn a_flood_of_an_answer_is_not_drunk() {
    let flood = vec![b'x'; 1 << 20];
    let stub = Stub::answering([answer_with(200, "", &flood)]).await;

    let heard = send(&Client::new(&private()).unwrap(), stub.url.as_str()).await.unwrap();

    assert_eq!((heard.status.as_u16(), heard.body.len()), (200, 2048));
}

#[tokio::test]
async fn silence_is_no_answer_and_a_closed_door_is_nothing_sent() {
    let settings = Webhooks { call_timeout: Duration::from_millis(200), ..private() };
    let client = Client::new(&settings).unwrap();
    let stub = Stub::answering([stub::Scripted::AndSilence(Vec::new())]).await;

    let silent = send(&client, stub.url.as_str()).await;
    let closed = send(&client, "http://127.0.0.1:9/").await;

    assert!(matches!(silent, Err(CallError::NoAnswer(_))), "{silent:?}");
    assert!(matches!(closed, Err(CallError::NotSent(_))), "{closed:?}");
}

async fn add(stage: &Stage, receiver: &Receiver) -> Value {
    let body = json!({ "name": "商城", "url": receiver.url, "kinds": ["coupon.claimed"] });
    stage.post("/v1/admin/webhook-endpoints", body).await.is(201).body
}

fn path(endpoint: &Value) -> String {
    format!("/v1/admin/webhook-endpoints/{}", endpoint["id"].as_str().unwrap())
}

async fn test(stage: &Stage, endpoint: &Value) -> Said {
    stage.post(&format!("{}/test", path(endpoint)), json!({})).await.is(202)
}

/// State, attempts and note of the only delivery.
async fn delivery(stage: &Stage) -> (String, i32, Option<String>) {
    sqlx::query_as("select state, attempts, note from delivery")
        .fetch_one(stage.db())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_test_arrives_signed_as_the_specification_says() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let endpoint = add(&stage, &receiver).await;

    test(&stage, &endpoint).await;
    stage.drain().await;

    let heard = receiver.heard();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].is_signed_with(endpoint["secret"].as_str().unwrap()));
    assert!(heard[0].header("webhook-id").starts_with("evt_"));
    assert_eq!(heard[0].header("webhook-timestamp"), noon().timestamp().to_string());
    assert_eq!(heard[0].header("content-type"), "application/json");
    assert_eq!(heard[0].header("user-agent"), "kaquan");
    let said = heard[0].json();
    assert_eq!(said["type"], "webhook.test");
    assert_eq!(said["data"], json!({ "endpoint_id": endpoint["id"] }));
    stage.finish().await;
}

#[tokio::test]
async fn both_secrets_sign_until_the_old_one_has_run_out() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let endpoint = add(&stage, &receiver).await;
    let rotate = format!("{}/rotate-secret", path(&endpoint));
    let rotated = stage.post(&rotate, json!({})).await.is(200).body;
    let (old, new) = (endpoint["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());

    test(&stage, &endpoint).await;
    stage.drain().await;
    stage.clock.advance(TimeDelta::hours(24));
    stage.upkeep().await;
    test(&stage, &endpoint).await;
    stage.drain().await;

    let signed: Vec<_> = receiver
        .heard()
        .iter()
        .map(|message| (message.is_signed_with(old), message.is_signed_with(new)))
        .collect();
    assert_eq!(signed, [(true, true), (false, true)]);
    let kept: bool =
        sqlx::query_scalar("select old_secret_sealed is not null from webhook_endpoint")
            .fetch_one(stage.db())
            .await
            .unwrap();
    assert!(!kept);
    stage.finish().await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_with_the_same_id_and_body() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let endpoint = add(&stage, &receiver).await;
    receiver.answer(|number| ([500, 404, 302, 200][number - 1], Vec::new()));

    test(&stage, &endpoint).await;
    for _ in 0..4 {
        stage.drain_after(TimeDelta::minutes(2)).await;
    }

    let heard = receiver.heard();
    assert_eq!(heard.len(), 4);
    for again in &heard[1..] {
        assert_eq!(
            (again.header("webhook-id"), &again.body),
            (heard[0].header("webhook-id"), &heard[0].body)
        );
        assert!(again.is_signed_with(endpoint["secret"].as_str().unwrap()));
    }
    assert_eq!(delivery(&stage).await.0, "done");
    stage.finish().await;
}

#[tokio::test]
async fn who_asks_for_time_gets_it() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let endpoint = add(&stage, &receiver).await;
    receiver.answer(|number| match number {
        1 => (429, vec![("retry-after", "300".to_owned())]),
        2 => (503, vec![("retry-after", "Wed, 11 Nov 2026 04:10:00 GMT".to_owned())]),
        _ => (204, Vec::new()),
    });

    test(&stage, &endpoint).await;
    stage.drain().await;
    let mut heard = Vec::new();
    for minutes in [4, 2, 2, 3] {
        stage.drain_after(TimeDelta::minutes(minutes)).await;
        heard.push(receiver.heard().len());
    }

    assert_eq!(heard, [1, 2, 2, 3]);
    stage.finish().await;
}

#[tokio::test]
async fn who_says_gone_is_disabled_and_told_of_nothing_more() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let endpoint = add(&stage, &receiver).await;
    receiver.answer_always(410);
    test(&stage, &endpoint).await;
    test(&stage, &endpoint).await;

    stage.drain().await;

    let shown = stage.ask(reqwest::Method::GET, &path(&endpoint), None).await.is(200).body;
    assert_eq!(shown["enabled"], false);
    assert_eq!(stage.deliveries("webhook").await, ["dead", "dead"]);
    stage.post(&format!("{}/test", path(&endpoint)), json!({})).await.problem(409, "wrong_state");
    stage.finish_owing().await;
}

#[tokio::test]
async fn what_a_disabled_endpoint_missed_can_be_replayed() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let endpoint = add(&stage, &receiver).await;
    let owed = test(&stage, &endpoint).await.body["delivery_id"].as_str().unwrap().to_owned();
    stage.ask(reqwest::Method::DELETE, &path(&endpoint), None).await.is(200);

    stage.drain().await;
    let missed = (delivery(&stage).await.0, receiver.heard().len());
    let edit = json!({ "version": 2, "enabled": true });
    stage.ask(reqwest::Method::PATCH, &path(&endpoint), Some(edit)).await.is(200);
    stage.post(&format!("/v1/admin/deliveries/{owed}/replay"), json!({})).await.is(200);
    stage.drain().await;

    assert_eq!(missed, ("dead".to_owned(), 0));
    assert_eq!((delivery(&stage).await.0.as_str(), receiver.heard().len()), ("done", 1));
    stage.finish().await;
}

#[tokio::test]
async fn after_some_days_it_is_left_to_a_person_and_not_told_by_webhook() {
    let (stage, receiver) = (Stage::new().await, Receiver::start().await);
    let body = json!({ "name": "商城", "url": receiver.url, "kinds": ["delivery.dead"] });
    let endpoint = stage.post("/v1/admin/webhook-endpoints", body).await.is(201).body;
    receiver.answer_always(500);
    let begun = kaquan::clock::Clock::now(&*stage.clock);

    test(&stage, &endpoint).await;
    while delivery(&stage).await.0 != "dead" {
        stage.drain_after(TimeDelta::hours(1)).await;
    }

    let days = (kaquan::clock::Clock::now(&*stage.clock) - begun).num_hours() / 24;
    assert_eq!(delivery(&stage).await.1, MOST_ATTEMPTS);
    assert!((3..=6).contains(&days), "{days}");
    assert_eq!(stage.deliveries("webhook").await, ["dead"]);
    stage.finish_owing().await;
}
