//! Gateway clients over the admin API and on the command line: secrets are shown once, kept sealed, and end with their
//! clients.

use std::sync::Arc;

use chrono::TimeDelta;
use kaquan::{
    config::secrets::Secrets, domain::gateway::Protocol,
    service::gateway_directory::GatewayDirectory, vault::Vault,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{
    admin::Admin,
    command::{database_url, kaquan},
    database::TestDatabase,
    vault::KEYS,
};

const CLIENTS: &str = "/v1/admin/gateway-clients";

fn path(client: &Value) -> String {
    format!("{CLIENTS}/{}", client["id"].as_str().unwrap())
}

fn yoho() -> Value {
    json!({ "protocol": "yoho", "name": "iphone" })
}

async fn known(admin: &Admin) -> GatewayDirectory {
    let (db, vault) = (admin.db().clone(), admin.vault.clone());
    GatewayDirectory::open(db, admin.clock.clone(), vault, Arc::default()).await.unwrap()
}

#[tokio::test]
async fn a_client_is_added_read_changed_and_disabled_and_shows_its_secrets_once() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;

    let made = admin.post(CLIENTS, yoho()).await.created();
    let path = path(&made);
    let shown = admin.get(&path).await.ok();
    let listed = admin.get(CLIENTS).await.ok();
    let edit = json!({ "version": 1, "apps": [app], "settings": { "mode": "trusted" } });
    let edited = admin.patch(&path, edit.clone()).await.ok();
    admin.patch(&path, edit).await.problem(409, "version_conflict");
    let all = admin.patch(&path, json!({ "version": 2, "apps": null })).await.ok();
    let off = admin.patch(&path, json!({ "version": 3, "enabled": false })).await.ok();
    let gone = known(&admin).await.find(Protocol::Yoho, "iphone").await.unwrap();
    let back = admin.patch(&path, json!({ "version": 4, "enabled": true })).await.ok();
    let here = known(&admin).await.find(Protocol::Yoho, "iphone").await.unwrap().unwrap();

    assert_eq!(here.secrets[0].expose_secret(), made["secret"]);
    assert_eq!(here.salt.as_ref().unwrap().expose_secret(), made["salt"]);
    assert!(made["secret"].as_str().unwrap().len() >= 32);
    insta::assert_json_snapshot!(shown, { ".id" => "gwc_…" }, @r#"
    {
      "apps": null,
      "created_at": "2026-11-11T04:00:00Z",
      "disabled_at": null,
      "enabled": true,
      "id": "gwc_…",
      "name": "iphone",
      "old_secret_until": null,
      "protocol": "yoho",
      "settings": {},
      "updated_at": "2026-11-11T04:00:00Z",
      "version": 1
    }
    "#);
    assert_eq!(listed["data"], json!([shown]));
    assert_eq!((&edited["apps"], &edited["settings"]["mode"]), (&json!([app]), &json!("trusted")));
    assert_eq!((&all["apps"], &all["settings"]["mode"]), (&Value::Null, &json!("trusted")));
    assert_eq!((&off["enabled"], &back["enabled"]), (&json!(false), &json!(true)));
    assert!(gone.is_none());
}

#[tokio::test]
async fn names_and_codes_are_made_up_or_taken_as_they_are() {
    let admin = Admin::new().await;

    let made = admin.post(CLIENTS, json!({ "protocol": "zvcms" })).await.created();
    let grants = format!("{}/grants", path(&made));
    let grant = admin.post(&grants, json!({})).await.created();
    admin.clock.advance(TimeDelta::seconds(1));
    let named = admin.post(&grants, json!({ "code": "782c281f62", "stores": ["S01"] })).await;
    let named = named.created();
    admin.post(&grants, json!({ "code": "782c281f62" })).await.problem(409, "name_taken");
    let revoked = format!("/v1/admin/gateway-grants/{}/revoke", named["id"].as_str().unwrap());
    let revoked = admin.post(&revoked, json!({})).await.ok();
    admin.post(&grants, json!({ "code": "782c281f62" })).await.problem(409, "name_taken");
    let listed = admin.get(&grants).await.ok();
    let again = json!({ "protocol": "zvcms", "name": made["name"] });
    admin.post(CLIENTS, again).await.problem(409, "name_taken");
    let client = known(&admin).await;
    let client = client.find(Protocol::Zvcms, made["name"].as_str().unwrap()).await.unwrap();

    let hex = |text: &Value| text.as_str().unwrap().bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(hex(&made["name"]) && made["name"].as_str().unwrap().len() == 32);
    assert!(hex(&grant["code"]) && grant["code"].as_str().unwrap().len() == 10);
    assert_eq!((&made["salt"], &named["stores"]), (&Value::Null, &json!(["S01"])));
    assert_eq!(listed["data"], json!([revoked, grant]));
    assert_eq!(client.unwrap().grants.len(), 1);
}

#[tokio::test]
async fn what_will_not_do_is_refused_with_its_reason() {
    let admin = Admin::new().await;
    let zvcms = json!({ "protocol": "zvcms" });
    let long = "0123456789012345678901234567890123456789";

    for (body, field, value) in [
        (yoho(), "name", Value::Null),
        (yoho(), "name", json!("a&b")),
        (yoho(), "secret", json!("")),
        (yoho(), "secret", json!("a canary")),
        (yoho(), "secret", json!("null")),
        (yoho(), "salt", json!("a:b")),
        (yoho(), "salt", json!("")),
        (yoho(), "apps", json!([])),
        (yoho(), "settings", json!([])),
        (zvcms.clone(), "secret", json!("short")),
        (zvcms.clone(), "salt", json!("salt")),
        (zvcms.clone(), "apps", json!(["app_00000000000070008000000000000001"])),
    ] {
        let mut wrong = body;
        wrong[field] = value.clone();

        let problem = admin.post(CLIENTS, wrong).await.problem(422, "invalid_values");

        assert_eq!(problem["problems"][0]["param"], field, "{value}");
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }
    let mut nowhere = yoho();
    nowhere["apps"] = json!(["app_00000000000070008000000000000001"]);
    admin.post(CLIENTS, nowhere).await.problem(422, "no_such_reference");
    let yoho = path(&admin.post(CLIENTS, yoho()).await.created());
    let zvcms = json!({ "protocol": "zvcms", "secret": long });
    let zvcms = path(&admin.post(CLIENTS, zvcms).await.created());
    admin.post(&format!("{yoho}/grants"), json!({})).await.problem(409, "wrong_state");
    for (field, value) in
        [("code", json!("a=b")), ("actions", json!([])), ("stores", json!(["S01", "S01"]))]
    {
        let grant = admin.post(&format!("{zvcms}/grants"), json!({ field: value })).await;
        assert_eq!(grant.problem(422, "invalid_values")["problems"][0]["param"], field);
    }
    let rotation = json!({ "secret": "short", "old_counts_for_seconds": 31_536_001 });
    let rotation = admin.post(&format!("{zvcms}/secret-rotations"), rotation).await;
    let problems = rotation.problem(422, "invalid_values");
    assert_eq!(problems["problems"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_secret_is_exchanged_and_both_count_meanwhile() {
    let admin = Admin::new().await;
    let made = admin.post(CLIENTS, json!({ "protocol": "zvcms" })).await.created();
    let rotation = format!("{}/secret-rotations", path(&made));

    let rotated = admin.post(&rotation, json!({})).await.ok();
    let chosen = json!({ "secret": "chosen-by-somebody-0123456789-0123456789", "old_counts_for_seconds": 0 });
    let both = known(&admin).await;
    let both = both.find(Protocol::Zvcms, made["name"].as_str().unwrap()).await.unwrap().unwrap();
    let last = admin.post(&rotation, chosen).await.ok();

    assert_eq!(rotated["old_secret_until"], "2026-11-12T04:00:00Z");
    let counting: Vec<_> = both.secrets.iter().map(|one| json!(one.expose_secret())).collect();
    assert_eq!(counting, [rotated["secret"].clone(), made["secret"].clone()]);
    assert_eq!(last["secret"], "chosen-by-somebody-0123456789-0123456789");
    assert_eq!((&last["old_secret_until"], &last["version"]), (&Value::Null, &json!(3)));
}

#[tokio::test]
async fn no_column_holds_a_secret_and_a_repeated_request_shows_the_same_one() {
    let admin = Admin::new().await;
    let mut body = yoho();
    body["secret"] = json!("canary-of-a-private-key");
    body["salt"] = json!("canary-of-a-salt");
    let ask = async |path: &str, key: &'static str, body: &Value| {
        let mut request = admin.request("POST", path, body.to_string());
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        admin.send(request).await.body
    };

    let made = ask(CLIENTS, "one", &body).await;
    let again = ask(CLIENTS, "one", &body).await;
    let rotated = ask(&format!("{}/secret-rotations", path(&made)), "two", &json!({})).await;

    assert_eq!(made, again);
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' order by 1",
    )
    .fetch_all(admin.db())
    .await
    .unwrap();
    for table in tables {
        let rows = AssertSqlSafe(format!("select t::text from {table} as t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(admin.db()).await.unwrap();
        let rows = rows.join("\n");
        for secret in [&made["secret"], &made["salt"], &rotated["secret"]] {
            let secret = secret.as_str().unwrap();
            for spelling in [secret.to_owned(), hex::encode(secret)] {
                assert!(!rows.contains(&spelling), "{spelling} in {table}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_master_key_there_are_no_clients() {
    let admin = Admin::with(Vault::open(&Secrets::default(), None).unwrap()).await;

    admin.post(CLIENTS, yoho()).await.problem(409, "no_master_key");

    assert_eq!(admin.get(CLIENTS).await.ok()["data"], json!([]));
}

#[tokio::test]
async fn the_command_line_does_the_same() {
    let database = TestDatabase::new().await;
    let url = database_url(&database.options);
    let environment = [("DATABASE_URL", &*url), ("KAQUAN__SECRETS__MASTER_KEYS", KEYS)];
    let run = async |words: &[&str]| kaquan(&[&["gateway"], words].concat(), &environment).await;

    let made = run(&["add", "zvcms", "--json"]).await.json();
    let id = made["id"].as_str().unwrap();
    let plain = run(&["add", "yoho", "--name", "iphone"]).await;
    let grant = run(&["grant", id, "--actions", "coupon.receive,coupon.lock", "--json"]).await;
    let grant = grant.json();
    let rotated = run(&["rotate", id, "--json"]).await.json();
    let grants = run(&["grants", id, "--json"]).await.json();
    let revoked = run(&["revoke", grant["id"].as_str().unwrap(), "--json"]).await.json();
    let edited = run(&["edit", id, "--enabled", "false", "--json"]).await.json();
    let listed = run(&["list"]).await;
    let twice = run(&["add", "yoho", "--name", "iphone"]).await;

    assert_eq!((plain.code, plain.out.trim().len()), (0, 43), "{plain:?}");
    assert!(plain.err.contains("It is not shown again"), "{plain:?}");
    assert_eq!(grant["actions"], json!(["coupon.receive", "coupon.lock"]));
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(grants, json!([grant]));
    assert!(revoked["revoked_at"].is_string());
    assert_eq!(edited["enabled"], false);
    assert_eq!(listed.out.lines().count(), 2, "{listed:?}");
    assert!(!listed.out.contains(made["secret"].as_str().unwrap()));
    assert!(twice.code != 0 && twice.err.contains("there is a client of this name"), "{twice:?}");
}
