//! Marked secrets, tokens, callback addresses, codes and open ids, echoed back by every kind of answer, stay where they
//! are at home.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use kaquan::{
    domain::{
        id::{PlacementId, TokenId},
        stock::Way,
    },
    service::{
        add_banner::{NewBanner, add_banner},
        add_stock::{NewAddition, add_stock},
    },
    store::{
        callback_token::{self, CallbackToken, Kept},
        delivery::owe::{self, Owed},
    },
    vault::Place,
};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{
    delivery_scene::{DeliveryScene, Used},
    delivery_stub::{Asked, Reply, Stub},
    log,
    plant::{Campaign, noon, plant_template, terms},
    vault::vault,
};

const SECRET: &str = "canary/of+an=app-secret";
const TOKEN: &str = "24.canary-of-a-token.2592000.1797000000.282335-1";
const CODE: &str = "CANARY-CODE/";
const OPEN_ID: &str = "canary+open/id=";
const CALLBACK: &str = "canary-of_a-callback-secret-0123456789abcde";

/// Everything that was asked, in the words of an answer. Who was told an address may show it, whole or a part of it, and
/// again where it shows what it has.
fn echo(asked: &Asked) -> String {
    let address = format!("http://127.0.0.1:1/callbacks/baidu/{CALLBACK}");
    let shown = if asked.query.contains(CALLBACK) {
        format!("{address} /callbacks/baidu/{CALLBACK} {CALLBACK}")
    } else if asked.path.ends_with("/list") {
        let encoded: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
        format!("{address} /callbacks/baidu/{CALLBACK} callbackUrl={encoded}&page=0")
    } else {
        String::new()
    };
    format!("{} {} {} {shown}", asked.path, asked.query, asked.body)
}

/// The answers, one after the other; the last one stays.
fn answer(number: usize, asked: &Asked) -> Reply {
    let echo = echo(asked);
    let json = serde_json::to_string(&echo).unwrap();
    let page = |status, body: String| Reply { status, headers: Vec::new(), body: body.into() };
    if asked.path.ends_with("/list") && !number.is_multiple_of(3) {
        // An honest one, or nothing would be created after it.
        let nothing = r#"{"dataList":[],"pageNo":0,"total":0}"#;
        return Reply::json(format!(r#"{{"errno":0,"msg":{json},"data":{nothing}}}"#));
    }
    if asked.path.ends_with("/create") && number.is_multiple_of(4) {
        return Reply::json(format!(r#"{{"errno":0,"msg":{json},"data":{{"id":{number}}}}}"#));
    }
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

/// A publication for each of some placements, and an update, additions and banners, with the marked address for all.
async fn owe_the_placements(scene: &DeliveryScene) {
    let (db, known) = (scene.db(), scene.campaign);
    give_address(db, known.placement, 0).await;
    let mut owed = vec![Owed::update(noon(), known.app, known.placement)];
    let mut placements = vec![known.placement];
    for number in 1..=8 {
        let template = plant_template(db, &terms()).await;
        let Campaign { placement, .. } = Campaign::place(db, known.app, template, 0).await;
        sqlx::query("update placement set platform_ref = null where placement_id = $1")
            .bind(placement.uuid())
            .execute(db)
            .await
            .unwrap();
        give_address(db, placement, number).await;
        owed.push(Owed::publish(noon(), known.app, placement));
        placements.push(placement);
    }
    for owed in owed {
        assert!(owe::owe(&mut db.acquire().await.unwrap(), noon(), &owed).await.unwrap());
    }
    for (number, placement) in placements.into_iter().enumerate() {
        let banner = NewBanner {
            placement,
            title: "T".to_owned(),
            dest_url: "/pages/index".to_owned(),
            image: b"\x89PNG\r\n\x1a\n-a-picture".to_vec(),
            image_type: "image/png".to_owned(),
        };
        add_banner(db, noon(), banner).await.unwrap();
        let addition = NewAddition {
            placement: known.placement,
            way: Way::Take,
            name: format!("launch-{number}"),
            amount: 5,
            added_by: "operator".to_owned(),
        };
        add_stock(db, noon(), addition).await.unwrap();
    }
}

async fn give_address(pool: &PgPool, placement: PlacementId, number: u8) {
    let token = CallbackToken { id: TokenId::new(noon()), created_at: noon(), retires_at: None };
    let sealed = vault().seal(Place::callback_secret(token.id.uuid()), CALLBACK).unwrap();
    // One secret for all, and so not the hash of it, which stands once.
    let kept = Kept { hash: [number; 32], sealed: Some(sealed), overlap_seconds: 0 };
    let mut conn = pool.acquire().await.unwrap();
    callback_token::insert(&mut conn, placement, &token, &kept).await.unwrap();
}

#[tokio::test]
async fn no_echo_brings_a_secret_an_address_a_code_or_an_open_id_out_of_its_home() {
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
    owe_the_placements(&scene).await;
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
    for (path, least) in [("/coupon/create", 8), ("/coupon/update", 1)] {
        let told = stub.asked(path);
        assert!(told.len() >= least && told.iter().all(|asked| asked.query.contains(CALLBACK)));
    }
    for path in ["/coupon/list", "/coupon/addStock", "/banner/list", "/banner/create"] {
        assert!(stub.asked(path).len() >= 8, "{path}");
    }
    assert!(scene.count("done").await > 10 && scene.count("dead").await > 5);
    scene.finish_owing().await;
}
