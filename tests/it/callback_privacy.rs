//! What must not leak: the secret of an address, codes, open ids and the database's password.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::clock::{Clock, SystemClock};
use reqwest::Client;
use sqlx::postgres::PgConnectOptions;

use crate::support::{
    campaign_offer::Offer,
    database::TestDatabase,
    letter::{self, Answered, Letter},
    plant::{Campaign, terms},
    raw_http,
    serve::Serve,
};

const PASSWORD: &str = "canary-password";
const OPEN_ID: &str = "canary-open-id";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_reaches_logs_metrics_or_refusals() {
    let database = TestDatabase::new().await;
    let now = SystemClock.now();
    let offer = offer(&database, now, 2).await;
    let url = url(&database.options);
    let serve = Serve::start(&[("DATABASE_URL", &url), ("KAQUAN__LOG__FILTER", "trace")]).await;

    let mut codes = Vec::new();
    let mut refusals = Vec::new();
    for answer in mixture(&serve, &offer, now).await {
        match answer.code() {
            Some(code) => codes.push(code),
            None => refusals.push(answer),
        }
    }
    let client = letter::client();
    let metrics = client.get(format!("http://{}/metrics", serve.metrics_address));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    let log = serve.stop().await.join("\n");

    assert_eq!((codes.len(), refusals.len()), (3, 11));
    let mut secrets = vec![PASSWORD, OPEN_ID, &offer.token];
    secrets.extend(codes.iter().map(String::as_str));
    for secret in secrets {
        for (place, text) in [("log", &log), ("metrics", &metrics)] {
            assert!(!text.contains(secret), "{secret} in the {place}:\n{text}");
        }
        let told = refusals.iter().find(|answer| answer.body.contains(secret));
        assert!(told.is_none(), "{secret}: {told:?}");
    }
    // The test sees what it looks at.
    assert!(log.contains("A callback has a wrong sign") && log.contains("kaquan has stopped"));
    assert!(metrics.contains("kaquan_baidu_callbacks_total"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let url = format!("postgres://kaquan:{PASSWORD}@127.0.0.1:1/kaquan");

    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_kaquan"))
        .arg("serve")
        .env_clear()
        .env("DATABASE_URL", url)
        .env("KAQUAN__LOG__FILTER", "trace")
        .output()
        .await
        .unwrap();

    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert!(said.contains("the database cannot be reached"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

/// A campaign that is open now, by the machine's clock.
async fn offer(database: &TestDatabase, now: DateTime<Utc>, stock: i64) -> Offer {
    let mut terms = terms();
    terms.claim_from = now - TimeDelta::days(1);
    terms.claim_until = now + TimeDelta::days(1);
    let campaign = Campaign::plant(&database.pool, &terms, stock).await;
    Offer::open(&database.pool, campaign).await
}

/// The test's own server asks for no password, so any will do.
fn url(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap();
    let (user, port) = (options.get_username(), options.get_port());
    let place = match options.get_socket() {
        Some(socket) => format!("?host={}&port={port}", socket.display()),
        None => format!("?host={}&port={port}", options.get_host()),
    };
    format!("postgres://{user}:{PASSWORD}@localhost/{name}{place}")
}

/// Good calls, replays, and everything that is refused in its own way.
async fn mixture(serve: &Serve, offer: &Offer, now: DateTime<Utc>) -> Vec<Answered> {
    let (client, token) = (letter::client(), offer.token.as_str());
    let good = |record: &str| offer.letter(record, &format!("{OPEN_ID}-{record}"), now);
    let other_template = Letter { coupon_template_id: "1".to_owned(), ..good("r-6") };
    let letters = [
        (token, good("r-1").body()),
        (token, good("r-1").body()),
        (token, good("r-2").body()),
        (token, good("r-3").body()),
        (token, offer.letter("r-1", OPEN_ID, now).body()),
        (token, offer.letter("r-4", OPEN_ID, now - TimeDelta::hours(1)).body()),
        (token, good("r-5").body().replace("\"sign\":\"", "\"sign\":\"0")),
        (token, good("r-5").body().replace("r-5", "r-7")),
        (token, other_template.body()),
        (token, format!("{{\"openId\":\"{OPEN_ID}\",\"openId\":\"{OPEN_ID}\"}}")),
        (token, format!("{{\"openId\":\"{OPEN_ID} \"}}")),
        (&token[1..], good("r-8").body()),
    ];
    let mut answers = Vec::new();
    for (token, body) in letters {
        answers.push(letter::post(&client, serve.address, token, body).await.unwrap());
    }
    answers.push(form(&client, serve, token).await);
    answers.push(too_large(serve, token).await);
    answers
}

async fn form(client: &Client, serve: &Serve, token: &str) -> Answered {
    let url = format!("http://{}/callbacks/baidu/{token}", serve.address);
    let reply = client.post(url).form(&[("openId", OPEN_ID)]).send().await.unwrap();
    Answered { status: reply.status().as_u16(), body: reply.text().await.unwrap() }
}

async fn too_large(serve: &Serve, token: &str) -> Answered {
    let request = format!(
        "POST /callbacks/baidu/{token} HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\
         X-Open-Id: {OPEN_ID}\r\nContent-Length: 1000000\r\n\r\n{{\"openId\":\"{OPEN_ID}\""
    );
    let reply = raw_http::send(serve.address, request.as_bytes()).await;
    Answered { status: reply.status, body: String::from_utf8(reply.body).unwrap() }
}
