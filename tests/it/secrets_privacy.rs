//! Who steals the database, reads the log or listens to the API finds no secret in it.

use base64::{Engine, engine::general_purpose::STANDARD};
use kaquan::{domain::access::Role, service::create_key::create_key, store};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{
    admin::Admin, command::database_url, database::TestDatabase, letter, log, plant::noon,
    serve::Serve, vault::KEYS,
};

const SECRET: &str = "canary-of-an-app-secret-0123456789";
const OTHER: &str = "canary-of-another-secret-9876543210";

/// All rows of all tables, as a dump would show them.
async fn dump(pool: &PgPool) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut dump = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("select t::text from {table} as t")))
                .fetch_all(pool)
                .await
                .unwrap();
        dump.extend([table, rows.join("\n")].map(|part| part + "\n"));
    }
    dump
}

/// In the clear, and as bytes are often written.
fn spellings(secret: &str) -> [String; 3] {
    [secret.to_owned(), hex::encode(secret), STANDARD.encode(secret)]
}

#[tokio::test]
async fn no_secret_reaches_an_answer_a_log_or_the_database() {
    log::listen();
    let admin = Admin::new().await;
    let app = json!({ "platform": "baidu", "app_key": "key", "name": "商城", "secret": SECRET });
    let mut answers: Vec<Value> = Vec::new();

    let made = admin.post("/v1/admin/apps", app.clone()).await.created();
    let path = format!("/v1/admin/apps/{}", made["id"].as_str().unwrap());
    let template = admin.given_template(json!({})).await;
    let placement = json!({ "app_id": made["id"], "template_id": template });
    let placed = admin.post("/v1/admin/placements", placement).await.created();
    let placement = format!("/v1/admin/placements/{}", placed["id"].as_str().unwrap());
    let rotation = format!("{placement}/callback-token-rotations");
    let rotated = admin.post(&rotation, json!({})).await.created();
    answers.push(made);
    answers.push(admin.post("/v1/admin/apps", app).await.body);
    answers.push(admin.patch(&path, json!({ "version": 1, "secret": OTHER })).await.body);
    answers.push(admin.patch(&path, json!({ "version": 1, "secret": SECRET })).await.body);
    answers.push(admin.patch(&path, json!({ "version": 2, "secert": SECRET })).await.body);
    for path in [&path, &placement, "/v1/admin/apps", "/v1/admin/placements"] {
        answers.push(admin.get(path).await.body);
    }
    let (dump, log) = (dump(admin.db()).await, log::heard());

    let callbacks = [&placed, &rotated].map(|shown| {
        let url = shown["callback_url"].as_str().unwrap();
        url.rsplit_once('/').unwrap().1.to_owned()
    });
    let answers = answers.iter().map(Value::to_string).collect::<String>();
    for secret in [SECRET, OTHER, &callbacks[0], &callbacks[1]] {
        for spelling in spellings(secret) {
            for (place, text) in [("dump", &dump), ("log", &log), ("answers", &answers)] {
                assert!(!text.contains(&spelling), "{spelling} in the {place}:\n{text}");
            }
        }
    }
    // The test sees what it looks at.
    assert!(dump.contains("商城") && answers.contains("has_secret"), "{dump}");
    assert!(log.contains("app edited") && log.contains("callback token rotated"), "{log}");
}

#[tokio::test]
async fn every_sealed_column_is_among_those_that_are_sealed_anew() {
    let admin = Admin::new().await;

    let columns: Vec<(String, String)> = sqlx::query_as(
        r"select table_name::text, column_name::text from information_schema.columns
          where table_schema = 'public' and column_name like '%\_sealed' order by 1, 2",
    )
    .fetch_all(admin.db())
    .await
    .unwrap();

    // One that is missing here is missing in `store::sealed` too.
    let known = [
        ("app", "secret_sealed"),
        ("callback_token", "secret_sealed"),
        ("gateway_client", "old_secret_sealed"),
        ("gateway_client", "salt_sealed"),
        ("gateway_client", "secret_sealed"),
        ("idempotency", "body_sealed"),
        ("platform_token", "token_sealed"),
        ("push_address", "key_sealed"),
        ("push_address", "previous_key_sealed"),
        ("push_address", "previous_token_sealed"),
        ("push_address", "secret_sealed"),
        ("push_address", "token_sealed"),
        ("webhook_endpoint", "old_secret_sealed"),
    ];
    let columns: Vec<_> = columns.iter().map(|(table, name)| (&**table, &**name)).collect();
    assert_eq!(columns, known);
    let mut conn = admin.db().acquire().await.unwrap();
    assert!(store::sealed::list(&mut conn, None, 1).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_tells_everything_tells_neither_secret_nor_key() {
    let database = TestDatabase::new().await;
    let url = database_url(&database.options);
    let serve = Serve::start(&[
        ("DATABASE_URL", &url),
        ("KAQUAN__SECRETS__MASTER_KEYS", KEYS),
        ("KAQUAN__LOG__FILTER", "trace"),
    ])
    .await;
    let (_, key) = create_key(&database.pool, noon(), "owner", Role::Owner).await.unwrap();
    let body = |secret: Value| json!({ "platform": "baidu", "app_key": "key", "name": "x", "secret": secret });
    let address = format!("http://{}/v1/admin/apps", serve.address);

    let mut statuses = Vec::new();
    for secret in [json!(SECRET), json!(OTHER), json!([SECRET]), json!(format!("{SECRET} "))] {
        let request = letter::client().post(&address).bearer_auth(key.reveal());
        let request = request.header("content-type", "application/json");
        let reply = request.body(body(secret).to_string()).send().await.unwrap();
        statuses.push(reply.status().as_u16());
    }
    let metrics = format!("http://{}/metrics", serve.metrics_address);
    let metrics = letter::client().get(metrics).send().await.unwrap().text().await.unwrap();
    let log = serve.stop().await.join("\n");

    assert_eq!(statuses, [201, 409, 400, 422]);
    for secret in [SECRET, OTHER, KEYS.split_once(' ').unwrap().1] {
        for spelling in spellings(secret) {
            assert!(!log.contains(&spelling) && !metrics.contains(&spelling), "{spelling}:\n{log}");
        }
    }
    assert!(log.contains("app added"), "{log}");
}
