//! A server starts with the keys that are in use, or says in one line which is missing.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
};

use kaquan::{
    app::App,
    clock::ManualClock,
    config::{Config, secrets::Secrets},
    domain::{access::Role, id::AppId},
    service::create_key::create_key,
    store,
    vault::Place,
};
use serde_json::{Value, json};

use crate::support::{
    command::{database_url, kaquan},
    database::TestDatabase,
    letter,
    plant::{noon, plant_app},
    serve::Serve,
    test_app::config,
    vault::{KEYS, KeysFile, app_secret, keys_in_use, vault},
};

const OTHER_KEY: &str = "1 b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q=";
const KEY_TWO: &str = "2 b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q=";

fn with(secrets: Secrets) -> Config {
    Config { secrets, ..config(([127, 0, 0, 1], 0).into()) }
}

async fn start(database: &TestDatabase, config: &Config) -> Result<App, String> {
    // A test's database is a merchant's own, wherever its address stands.
    let mut config = config.clone();
    config.database.url = Some(database_url(&database.options).into());
    let clock = Arc::new(ManualClock::at(noon()));
    App::start(&config, &database.options, clock).await.map_err(|error| format!("{error:#}"))
}

async fn plant_secret(database: &TestDatabase) -> AppId {
    let app = plant_app(&database.pool).await;
    let sealed = vault().seal(Place::app_secret(app.uuid()), "canary").unwrap();
    let mut conn = database.pool.acquire().await.unwrap();
    store::app::set_secret(&mut conn, app, Some(&sealed)).await.unwrap();
    app
}

async fn send(
    address: std::net::SocketAddr,
    key: &str,
    method: &str,
    path: &str,
    body: Value,
) -> Value {
    let url = format!("http://{address}/v1/admin/{path}");
    let request = letter::client().request(method.parse().unwrap(), url).bearer_auth(key);
    let request = request.header("content-type", "application/json").body(body.to_string());
    let reply = request.send().await.unwrap();
    let (status, text) = (reply.status(), reply.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_key_that_is_in_use_does_not_start() {
    let (database, file) = (TestDatabase::new().await, KeysFile::new());
    plant_secret(&database).await;
    let given = |keys: &str| Secrets { master_keys: Some(keys.into()), ..Secrets::default() };
    file.write(KEY_TWO);
    let path = file.path.display().to_string();

    for (secrets, told) in [
        (
            Secrets::default(),
            "sealed with key 1, and there is no master key: set secrets.master_keys_file",
        ),
        (given(KEY_TWO), "sealed with key 1, which secrets.master_keys does not hold"),
        (file.secrets(), &*format!("sealed with key 1, which {path} does not hold")),
        (given(OTHER_KEY), "key 1 in secrets.master_keys opens nothing that was sealed with it"),
        (given("1 x"), "secrets.master_keys: these are no master keys: line 1"),
    ] {
        let error = start(&database, &with(secrets)).await.err().expect(told);

        assert!(error.contains(told), "{told}:\n{error}");
        assert!(!error.contains('\n') && !error.contains("b3Ro"), "{error}");
    }
    start(&database, &with(given(&format!("{KEY_TWO};{KEYS}")))).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_one_broken_secret_starts_and_serves_the_rest() {
    let database = TestDatabase::new().await;
    let (broken, whole) = (plant_secret(&database).await, plant_secret(&database).await);
    sqlx::query("update app set secret_sealed = 'rubbish' where app_id = $1")
        .bind(broken.uuid())
        .execute(&database.pool)
        .await
        .unwrap();

    let app = start(&database, &config(([127, 0, 0, 1], 0).into())).await.unwrap();

    let secret = app_secret(&database.pool, &app.vault, whole).await;
    assert_eq!(secret.as_deref(), Some("canary"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_a_foreign_postgres_starts_without_keys_and_makes_none() {
    let database = TestDatabase::new().await;

    let app = start(&database, &with(Secrets::default())).await.unwrap();

    assert!(!app.vault.has_key() && !app.vault.has_file());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_with_one_file_follow_its_change_together() {
    let (database, file) = (TestDatabase::new().await, KeysFile::new());
    let config = with(file.secrets());
    let one = start(&database, &config).await.unwrap();
    let other = start(&database, &config).await.unwrap();
    let (_, key) = create_key(&database.pool, noon(), "owner", Role::Owner).await.unwrap();
    let body = json!({ "platform": "baidu", "app_key": "key", "name": "商城", "secret": "first" });

    let made = send(one.address, key.reveal(), "POST", "apps", body).await;
    let app: AppId = made["id"].as_str().unwrap().parse().unwrap();
    let first = app_secret(&database.pool, &other.vault, app).await;
    file.vault().add_first_key(None).unwrap();
    let change = json!({ "version": 1, "secret": "second" });
    send(other.address, key.reveal(), "PATCH", &format!("apps/{app}"), change).await;

    assert_eq!(first.as_deref(), Some("first"));
    assert_eq!(keys_in_use(&database.pool, &one.vault).await, [(2, 1)]);
    assert_eq!(app_secret(&database.pool, &one.vault, app).await.as_deref(), Some("second"));
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn the_doctor_knows_what_is_wrong_with_the_master_key() {
    let (database, file) = (TestDatabase::new().await, KeysFile::new());
    let (url, path) = (database_url(&database.options), file.path.display().to_string());
    let examine = async |environment: &[(&str, &str)]| {
        let ended = kaquan(&["doctor", "--json"], environment).await;
        let findings: Value = serde_json::from_str(&ended.out).unwrap();
        let all = findings.as_array().unwrap();
        let found = all.iter().find(|finding| finding["name"] == "master key").unwrap().clone();
        (found["health"].as_str().unwrap().to_owned(), found["detail"].as_str().unwrap().to_owned())
    };
    let nowhere = [("DATABASE_URL", &*url)];
    let in_file = [("DATABASE_URL", &*url), ("KAQUAN__SECRETS__MASTER_KEYS_FILE", &*path)];

    let mut seen = vec![examine(&nowhere).await];
    plant_secret(&database).await;
    seen.push(examine(&in_file).await);
    seen.push(examine(&nowhere).await);
    file.write(OTHER_KEY);
    seen.push(examine(&in_file).await);
    fs::set_permissions(&file.path, Permissions::from_mode(0o644)).unwrap();
    seen.push(examine(&in_file).await);

    for ((health, detail), (expected, words)) in seen.iter().zip([
        ("warning", "none: set secrets.master_keys_file"),
        ("well", "seals; sealed so far: 1, all open"),
        ("broken", "key 1 is in use and not in"),
        ("broken", "1 of 1 sealed values do not open"),
        ("broken", "chmod 600"),
    ]) {
        assert!(health == expected && detail.contains(words), "{health}: {detail}");
    }
}

/// A data folder for an embedded Postgres, gone at the end.
struct Data(PathBuf);

impl Data {
    fn new() -> Self {
        // Short enough for a socket's path, and open to the user that Postgres runs as.
        let folder = std::env::temp_dir().join(format!("kaquan-own-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_our_own_postgres_a_key_is_made_once_and_missed_when_it_is_gone() {
    let folder = Data::new();
    let (data, file) = (folder.0.join("data"), folder.0.join("data/master.keys"));
    let environment = [("KAQUAN__DATABASE__DATA_DIR", data.to_str().unwrap())];
    let ready = [
        environment[0],
        ("KAQUAN__SERVER__LISTEN", "127.0.0.1:0"),
        ("KAQUAN__METRICS__LISTEN", "127.0.0.1:0"),
    ];

    let serve = Serve::start(&environment).await;
    let made = fs::read_to_string(&file).unwrap();
    let bits = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    let key = kaquan(&["key", "create", "--name", "owner"], &environment).await.out;
    let body = json!({ "platform": "baidu", "app_key": "key", "name": "商城", "secret": "canary" });
    send(serve.address, key.trim(), "POST", "apps", body).await;
    let status = kaquan(&["secrets", "status", "--json"], &environment).await.json();
    serve.stop_quietly().await;
    let away = folder.0.join("copy");
    fs::rename(&file, &away).unwrap();
    let without = kaquan(&["serve"], &ready).await;
    let made_again = file.exists();
    fs::rename(&away, &file).unwrap();
    Serve::start(&environment).await.stop_quietly().await;

    assert_eq!((bits, made_again, made), (0o600, false, fs::read_to_string(&file).unwrap()));
    assert_eq!(status["keys"][0]["opened"], 1);
    assert_eq!(without.code, 1, "{without:?}");
    let last = without.err.lines().last().unwrap();
    assert!(last.starts_with("kaquan: ") && last.contains("sealed with key 1"), "{without:?}");
}
