//! `kaquan placement`, as an operator types it.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::support::{stage::Stage, vault::KEYS};

/// Runs the program with nobody at the terminal.
fn kaquan(stage: &Stage, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kaquan"))
        .args(words)
        .env("DATABASE_URL", stage.database.options.to_url_lossy().as_str())
        .env("KAQUAN__SECRETS__MASTER_KEYS", KEYS)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn id(placement: &Value) -> &str {
    placement["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_owed_is_named() {
    let stage = Stage::new().await;
    let there = stage.given_published(json!({})).await;
    let placement = stage.given_placement(json!({})).await;

    let published = kaquan(&stage, &["placement", "publish", "--placement", id(&placement)]);
    let updated = kaquan(&stage, &["placement", "update", "--json", "--placement", id(&there)]);
    let early = kaquan(&stage, &["placement", "update", "--placement", id(&placement)]);

    assert!(published.status.success(), "{published:?}");
    assert!(text(&published.stdout).starts_with("dlv_"));
    assert!(text(&published.stderr).contains(id(&placement)));
    let told: Value = serde_json::from_slice(&updated.stdout).unwrap();
    let delivery = &told["delivery"];
    assert_eq!((&delivery["kind"], &delivery["state"]), (&json!("update"), &json!("pending")));
    assert_eq!(early.status.code(), Some(1));
    assert!(text(&early.stderr).contains("publish it first"));
    assert_eq!(stage.deliveries("publish").await, ["done", "pending"]);
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_back_is_asked_for_first() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({})).await;

    for verb in ["rotate", "withdraw"] {
        let words = ["placement", verb, "--placement", id(&placement)];
        let asked = kaquan(&stage, &words);
        let before = stage.look(&placement).await;
        let done = kaquan(&stage, &[&words[..], &["--yes"]].concat());

        assert_eq!(asked.status.code(), Some(1), "{verb}");
        assert!(text(&asked.stderr).contains("--yes"));
        assert_eq!(before["state"], "active");
        assert!(done.status.success(), "{done:?}");
    }

    let after = stage.look(&placement).await;
    assert_eq!(after["state"], "withdrawn");
    assert_eq!(after["callback_tokens"].as_array().unwrap().len(), 2);
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_that_the_platform_would_refuse_are_refused_here_too() {
    let stage = Stage::new().await;
    let placement = stage.given_placement(json!({ "title": "满一百元减二十元的优惠券" })).await;

    let refused = kaquan(&stage, &["placement", "publish", "--placement", id(&placement)]);

    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("title"));
    stage.leave().await;
}
