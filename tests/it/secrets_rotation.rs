//! Master keys are exchanged while servers run: nothing fails, nothing is lost, nothing is left behind.

use std::sync::Arc;

use kaquan::{
    clock::{Clock, ManualClock},
    domain::{app::PlatformKind, id::AppId},
    service::{
        create_app::{NewApp, create_app},
        edit_app::{AppEdit, SecretEdit, edit_app},
        reseal_secrets::reseal_secrets,
    },
    store,
    vault::{KeyId, Place, Vault},
};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{
    command::{database_url, kaquan},
    database::TestDatabase,
    plant::noon,
    vault::{KEYS, KeysFile, app_secret, keys_in_use},
};

async fn given_app(pool: &PgPool, vault: &Vault, secret: &str) -> AppId {
    let new = NewApp {
        platform: PlatformKind::Baidu,
        app_key: secret.to_owned(),
        name: "商城".to_owned(),
        settings: json!({}),
        cards_app: None,
        give_back: None,
        secret: Some(secret.into()),
    };
    create_app(pool, vault, noon(), new).await.unwrap().id
}

async fn set_secret(pool: &PgPool, vault: &Vault, app: AppId, version: i32, secret: &str) {
    let secret = SecretEdit::Replace(secret.into());
    let edit =
        AppEdit { version, name: None, settings: None, cards_app: None, give_back: None, secret };
    edit_app(pool, vault, ManualClock::at(noon()).now(), app, edit).await.unwrap();
}

/// More than one batch of sealed values.
async fn plant_tokens(pool: &PgPool, vault: &Vault, count: u128) {
    let app = given_app(pool, vault, "owner").await;
    let placement = uuid::Uuid::now_v7();
    let template =
        crate::support::plant::plant_template(pool, &crate::support::plant::terms()).await;
    sqlx::query(
        "insert into placement (placement_id, template_id, app_id, created_at, updated_at)
         values ($1, $2, $3, $4, $4)",
    )
    .bind(placement)
    .bind(template.uuid())
    .bind(app.uuid())
    .bind(noon())
    .execute(pool)
    .await
    .unwrap();
    let ids: Vec<_> = (1..=count).map(uuid::Uuid::from_u128).collect();
    let sealed: Vec<_> =
        ids.iter().map(|id| vault.seal(Place::callback_secret(*id), "token").unwrap()).collect();
    sqlx::query(
        "insert into callback_token (token_id, placement_id, secret_hash, secret_sealed, created_at)
         select t.id, $1, sha256(t.id::text::bytea), t.sealed, $2 from unnest($3::uuid[], $4::bytea[]) as t (id, sealed)",
    )
    .bind(placement)
    .bind(noon())
    .bind(ids)
    .bind(sealed)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_change_under_load_and_nobody_notices() {
    const EDITS: i32 = 60;
    let (database, file) = (Arc::new(TestDatabase::new().await), KeysFile::new());
    let server = file.vault();
    plant_tokens(&database.pool, &server, 450).await;
    let mut load = Vec::new();
    for writer in 0..4 {
        let (database, server) = (Arc::clone(&database), server.clone());
        load.push(tokio::spawn(async move {
            let pool = &database.pool;
            let app = given_app(pool, &server, &format!("app-{writer}-0")).await;
            for version in 1..=EDITS {
                let secret = format!("app-{writer}-{version}");
                set_secret(pool, &server, app, version, &secret).await;
                assert_eq!(app_secret(pool, &server, app).await, Some(secret));
            }
            app
        }));
    }

    // As `kaquan secrets rotate` does it: another process with the same file.
    let operator = file.vault();
    for _ in 0..3 {
        operator.add_first_key(None).unwrap();
        let resealed = reseal_secrets(&database.pool, &operator).await.unwrap();
        assert_eq!(resealed.closed, []);
    }
    let mut apps = Vec::new();
    for writer in load {
        apps.push(writer.await.unwrap());
    }
    // What a server sealed with a key that it had read a moment before.
    reseal_secrets(&database.pool, &operator).await.unwrap();

    for (writer, app) in apps.into_iter().enumerate() {
        let secret = app_secret(&database.pool, &server, app).await;
        assert_eq!(secret, Some(format!("app-{writer}-{EDITS}")));
    }
    assert_eq!(keys_in_use(&database.pool, &server).await, [(4, 455)]);
    let again = reseal_secrets(&database.pool, &operator).await.unwrap();
    assert_eq!((again.values, again.closed), (0, Vec::new()));
}

#[tokio::test]
async fn a_value_that_changes_while_it_is_sealed_anew_keeps_the_change() {
    let (database, file) = (TestDatabase::new().await, KeysFile::new());
    let vault = file.vault();
    let app = given_app(&database.pool, &vault, "before").await;
    let mut conn = database.pool.acquire().await.unwrap();
    let read = store::sealed::list(&mut conn, None, 10).await.unwrap().remove(0);
    let anew = vault.seal(Place::app_secret(app.uuid()), "before").unwrap();

    set_secret(&database.pool, &vault, app, 1, "after").await;
    let replaced = store::sealed::replace(&mut conn, &read, &anew).await.unwrap();

    assert!(!replaced);
    assert_eq!(app_secret(&database.pool, &vault, app).await.as_deref(), Some("after"));
}

#[tokio::test]
async fn a_value_that_does_not_open_stays_as_it_is_and_stops_no_other() {
    let (database, file) = (TestDatabase::new().await, KeysFile::new());
    let vault = file.vault();
    let broken = given_app(&database.pool, &vault, "broken").await;
    let whole = given_app(&database.pool, &vault, "whole").await;
    sqlx::query("update app set secret_sealed = set_byte(secret_sealed, 20, 0) || '\\x00' where app_id = $1")
        .bind(broken.uuid())
        .execute(&database.pool)
        .await
        .unwrap();

    vault.add_first_key(None).unwrap();
    let resealed = reseal_secrets(&database.pool, &vault).await.unwrap();

    assert_eq!((resealed.values, resealed.closed.len()), (1, 1));
    assert_eq!(resealed.closed[0].place, Place::app_secret(broken.uuid()));
    assert_eq!(app_secret(&database.pool, &vault, whole).await.as_deref(), Some("whole"));
}

#[tokio::test]
async fn the_commands_show_exchange_and_finish() {
    let (database, file) = (TestDatabase::new().await, KeysFile::new());
    let server = file.vault();
    let app = given_app(&database.pool, &server, "canary").await;
    let (url, path) = (database_url(&database.options), file.path.display().to_string());
    let environment = [("DATABASE_URL", &*url), ("KAQUAN__SECRETS__MASTER_KEYS_FILE", &*path)];
    let secrets =
        async |words: &[&str]| kaquan(&[&["secrets"], words].concat(), &environment).await;

    let before = secrets(&["status", "--json"]).await.json();
    let rotated = secrets(&["rotate", "--json"]).await.json();
    let after = secrets(&["status"]).await;
    // A server that had read the old file a moment before.
    let old = Place::app_secret(app.uuid());
    let late = crate::support::vault::vault().seal(old, "late").unwrap();
    store::app::set_secret(&mut database.pool.acquire().await.unwrap(), app, Some(&late))
        .await
        .unwrap();
    let left = secrets(&["status", "--json"]).await.json();
    let resealed = secrets(&["reseal", "--json"]).await.json();

    let key = |id: u32, seals: bool, values: u64| json!({ "id": id, "present": true, "seals": seals, "values": values, "opened": values });
    let status = |keys: &[_]| json!({ "keys_from": path, "keys": keys, "closed": [] });
    assert_eq!(before, status(&[key(1, true, 1)]));
    assert_eq!((&rotated["new_key"], &rotated["resealed"]), (&json!(2), &json!(1)));
    assert_eq!(rotated["keys"], json!([key(2, true, 1), key(1, false, 0)]));
    assert!(after.out.contains("no longer used"), "{after:?}");
    assert_eq!(left["keys"], json!([key(2, true, 0), key(1, false, 1)]));
    assert_eq!(resealed["resealed"], 1);
    assert_eq!(app_secret(&database.pool, &server, app).await.as_deref(), Some("late"));
    assert_eq!(keys_in_use(&database.pool, &server).await, [(2, 1)]);
    assert!(!after.out.contains("canary") && !after.out.contains(&KEYS[2..]));
}

#[tokio::test]
async fn where_keys_come_from_the_environment_the_commands_say_what_to_do() {
    let database = TestDatabase::new().await;
    let vault = crate::support::vault::vault();
    given_app(&database.pool, &vault, "canary").await;
    let url = database_url(&database.options);
    let run = async |keys: &str, words: &[&str]| {
        let environment = [("DATABASE_URL", &*url), ("KAQUAN__SECRETS__MASTER_KEYS", keys)];
        kaquan(&[&["secrets"], words].concat(), &environment).await
    };

    let told = run(KEYS, &["rotate"]).await;
    let line = told.out.trim();
    let both = run(&format!("{KEYS};{line}"), &["reseal", "--json"]).await.json();
    let swapped = run(&format!("{line};{KEYS}"), &["reseal", "--json"]).await.json();
    let without = run(line, &["status", "--json"]).await;
    let lost = run(KEYS, &["status"]).await;

    assert!(told.code == 0 && told.err.contains("2. Then put it in front"), "{told:?}");
    assert_eq!((&both["resealed"], &swapped["resealed"]), (&json!(0), &json!(1)));
    assert_eq!(without.json()["keys"][0]["values"], 1);
    assert!(lost.code == 1 && lost.out.contains("MISSING"), "{lost:?}");
    assert_eq!(vault.key_ids(), [KeyId(1)]);
}
