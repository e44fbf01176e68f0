//! Marked secrets, tokens, codes and open ids, echoed back by every kind of answer, stay where they are at home.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use kaquan::vault::Place;
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{
    delivery_scene::{DeliveryScene, Used},
    delivery_stub::{Asked, Reply, Stub},
    log,
    vault::vault,
};

const SECRET: &str = "canary/of+an=app-secret";
const TOKEN: &str = "24.canary-of-a-token.2592000.1797000000.282335-1";
const CODE: &str = "CANARY-CODE/";
const OPEN_ID: &str = "canary+open/id=";

/// Everything that was asked, in the words of an answer.
fn echo(asked: &Asked) -> String {
    format!("{} {} {}", asked.path, asked.query, asked.body)
}

/// The answers, one after the other; the last one stays.
fn answer(number: usize, asked: &Asked) -> Reply {
    let echo = echo(asked);
    let json = serde_json::to_string(&echo).unwrap();
    let page = |status, body: String| Reply { status, headers: Vec::new(), body: body.into() };
    match number % 12 {
        0 => page(500, echo),
        1 => page(200, format!("<html>{echo}</html>")),
        2 => Reply::json(format!(r#"{{"errno":500,"msg":{json}}}"#)),
        3 => Reply::json(format!(r#"{{"error_code":2,"error_msg":{json}}}"#)),
        4 => Reply::json(format!(r#"{{"errno":[{json}]}}"#)),
        5 => Reply::json(format!(r#"{{"errno":{json}}}"#)),
        6 => Reply::json(format!(r#"{{"error":{json}}}"#)),
        7 => page(302, echo),
        8 => Reply::json(format!(r#"{{"errno":0,"errno":{json}}}"#)),
        9 => Reply::json(format!(r#"{{"errno":40001,"msg":{json},"request_id":{json}}}"#)),
        10 => Reply::json(format!(r#"{{"error_code":5,"error_msg":{json}}}"#)),
        _ => Reply::json(format!(r#"{{"errno":"0","errmsg":{json},"data":{json}}}"#)),
    }
}

fn token_answer(number: usize, asked: &Asked) -> Reply {
    let json = serde_json::to_string(&echo(asked)).unwrap();
    let mut reply = match number {
        0 => Reply::json(format!(r#"{{"error":"server_error","error_description":{json}}}"#)),
        1 => Reply::json(format!(r#"{{"error":{json}}}"#)),
        2 => Reply::json(format!(r#"{{"access_token":[{json},"{TOKEN}"]}}"#)),
        3 => Reply::json(format!(r#"{{"error":"invalid_client","error_description":{json}}}"#)),
        _ => Reply::json(format!(r#"{{"access_token":"{TOKEN}","expires_in":60,"scope":{json}}}"#)),
    };
    reply.status = [500, 200, 200, 401, 200][number.min(4)];
    reply
}

/// All rows of all tables, without the columns where codes and open ids are at home.
async fn dump(pool: &PgPool) -> BTreeMap<String, String> {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut dump = BTreeMap::new();
    for table in tables {
        let home = match table.as_str() {
            "coupon" => "code",
            "code" => "value",
            "holder" => "open_id",
            _ => "",
        };
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "select (to_jsonb(t) - '{home}')::text from {table} as t"
        )))
        .fetch_all(pool)
        .await
        .unwrap();
        dump.insert(table, rows.join("\n"));
    }
    dump
}

fn assert_silent(place: &str, text: &str) {
    let lower = text.to_lowercase();
    let around = lower.find("canary").map(|at| {
        let from = text.floor_char_boundary(at.saturating_sub(300));
        &text[from..text.ceil_char_boundary((at + 100).min(text.len()))]
    });
    assert!(around.is_none(), "a canary in the {place}: …{}…", around.unwrap());
    for secret in [SECRET, TOKEN, CODE, OPEN_ID] {
        for spelling in [hex::encode(secret), STANDARD.encode(secret)] {
            let core = &spelling[..spelling.len() - 4];
            assert!(!text.contains(core), "{secret} in the {place} as {spelling}");
        }
    }
}

/// The app's secret, the codes and the open ids become canaries.
async fn mark(scene: &DeliveryScene) {
    let sealed = vault().seal(Place::app_secret(scene.campaign.app.uuid()), SECRET).unwrap();
    sqlx::query("update app set secret_sealed = $1, version = version + 1")
        .bind(sealed)
        .execute(scene.db())
        .await
        .unwrap();
    for mark in [
        "update coupon set code = $1 || substr(record, 8)",
        "update holder set open_id = $1 || substr(open_id, 6)",
    ] {
        let with = if mark.contains("coupon") { CODE } else { OPEN_ID };
        sqlx::query(mark).bind(with).execute(scene.db()).await.unwrap();
    }
}

#[tokio::test]
async fn no_echo_brings_a_secret_a_code_or_an_open_id_out_of_its_home() {
    log::listen();
    let metrics = kaquan::telemetry::metrics().unwrap();
    let scene = DeliveryScene::new().await;
    let (calls, tokens) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stub = Stub::start(move |asked| {
        if asked.is_for_token() {
            return token_answer(tokens.fetch_add(1, Ordering::Relaxed), asked);
        }
        answer(calls.fetch_add(1, Ordering::Relaxed), asked)
    })
    .await;
    stub.takes_calls_of(scene.db(), scene.campaign.app).await;
    scene.owe(0..60, Used::Yes).await;
    mark(&scene).await;

    // A token lives a minute, so that it is fetched again and again.
    for _ in 0..60 {
        if let Err(error) = scene.worker.drain().await {
            assert_silent("error", &format!("{error:?}"));
        }
        let paused = scene.channel().await.pause_reason.unwrap_or_default();
        assert_silent("reason of the pause", &paused);
        scene.resume().await;
        scene.advance(TimeDelta::minutes(20));
    }

    let dump = dump(scene.db()).await;
    for (table, rows) in &dump {
        assert_silent(&format!("table {table}"), rows);
    }
    assert_silent("metrics", &metrics.render());
    let log = log::heard();
    assert_silent("log", &log);
    // The test sees what it looks at.
    assert!(log.contains("delivery.attempt") && log.contains("left to a person"), "{log}");
    assert!(dump["attempt"].contains("***") && dump["attempt"].contains("writeOffCoupon"));
    let heard = stub.asked("/coupon/sync");
    assert!(heard.iter().any(|asked| asked.query.contains("canary-of-a-token")));
    assert!(heard.iter().all(|asked| asked.body.contains(CODE) && asked.body.contains(OPEN_ID)));
    assert!(scene.count("done").await > 10 && scene.count("dead").await > 5);
    scene.finish_owing().await;
}
