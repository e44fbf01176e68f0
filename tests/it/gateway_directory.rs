//! Whom the gateways know: as fresh as the database, opened once, and never a burden on it.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{
    clock::{Clock, ManualClock},
    domain::{
        gateway::Protocol,
        id::{AppId, GatewayClientId},
        sight::Sight,
    },
    service::{
        create_gateway_client::{NewGatewayClient, create_gateway_client},
        create_gateway_grant::{NewGatewayGrant, create_gateway_grant},
        edit_gateway_client::{GatewayClientEdit, edit_gateway_client},
        gateway_directory::{GatewayClient, GatewayDirectory},
        reseal_secrets::reseal_secrets,
        revoke_gateway_grant::revoke_gateway_grant,
        rotate_gateway_secret::rotate_gateway_secret,
    },
    store,
    vault::Vault,
};
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::PgPool;
use tokio::{sync::Notify, time::Instant};

use crate::support::{
    database::TestDatabase,
    plant::{noon, plant_app},
    proxy::{Fault, Proxy},
    until::until,
    vault::{KEYS, KeysFile, vault},
};

const OPEN_ID: &str = "6dc05b4ac175cf316d226252b05cf685";

struct Scene {
    database: TestDatabase,
    vault: Vault,
    clock: Arc<ManualClock>,
}

impl Scene {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(noon()));
        Self { database: TestDatabase::new().await, vault: vault(), clock }
    }

    fn db(&self) -> &PgPool {
        &self.database.pool
    }

    /// What one server knows.
    async fn directory(&self) -> GatewayDirectory {
        let (db, vault) = (self.db().clone(), self.vault.clone());
        GatewayDirectory::open(db, self.clock.clone(), vault, Arc::default()).await.unwrap()
    }

    async fn given(&self, protocol: Protocol, name: &str, sight: Sight) -> GatewayClientId {
        let new = NewGatewayClient {
            protocol,
            name: Some(name.to_owned()),
            settings: json!({ "stringly": true }),
            sight,
            secret: Some(format!("first secret of {name} 0123456789").replace(' ', "-").into()),
            salt: None,
        };
        let made = create_gateway_client(self.db(), &self.vault, noon(), new, |_, _| Ok(())).await;
        made.unwrap().client.id
    }

    async fn rotate(&self, id: GatewayClientId, overlap: TimeDelta) -> String {
        let (db, vault, now) = (self.db(), &self.vault, self.clock.now());
        let rotated = rotate_gateway_secret(db, vault, now, id, None, overlap).await;
        rotated.unwrap().1.expose_secret().to_owned()
    }

    async fn edit(&self, id: GatewayClientId, edit: GatewayClientEdit) {
        edit_gateway_client(self.db(), noon(), id, edit, |_, _| Ok(())).await.unwrap();
    }
}

fn secrets(client: &GatewayClient) -> Vec<&str> {
    client.secrets.iter().map(ExposeSecret::expose_secret).collect()
}

#[tokio::test]
async fn a_client_is_known_by_its_protocol_and_its_name() {
    let scene = Scene::new().await;
    let app = plant_app(scene.db()).await;
    let directory = scene.directory().await;

    let id = scene.given(Protocol::Yoho, "iphone", Sight::Only(vec![app])).await;
    let found = directory.find(Protocol::Yoho, "iphone").await.unwrap().unwrap();

    assert_eq!((found.id, found.protocol, &*found.name), (id, Protocol::Yoho, "iphone"));
    assert_eq!(
        (&found.settings, &found.sight),
        (&json!({ "stringly": true }), &Sight::Only(vec![app]))
    );
    assert_eq!(secrets(&found), ["first-secret-of-iphone-0123456789"]);
    assert_eq!(found.salt.as_ref().unwrap().expose_secret().len(), 32);
    assert!(directory.find(Protocol::Zvcms, "iphone").await.unwrap().is_none());
    assert!(directory.find(Protocol::Yoho, "IPHONE").await.unwrap().is_none());
    let said = format!("{found:?}");
    assert!(!said.contains("secret") && !said.contains("\"iphone\""), "{said}");
}

#[tokio::test]
async fn two_secrets_count_while_they_are_exchanged_and_the_old_one_ends_by_the_clock() {
    let scene = Scene::new().await;
    let id = scene.given(Protocol::Zvcms, OPEN_ID, Sight::All).await;
    let old = format!("first-secret-of-{OPEN_ID}-0123456789");
    let directory = scene.directory().await;

    let new = scene.rotate(id, TimeDelta::days(1)).await;
    let during = directory.find_anew(Protocol::Zvcms, OPEN_ID).await.unwrap().unwrap();
    scene.clock.advance(TimeDelta::days(1) - TimeDelta::seconds(1));
    let late = directory.find(Protocol::Zvcms, OPEN_ID).await.unwrap().unwrap();
    scene.clock.advance(TimeDelta::seconds(1));
    let after = directory.find(Protocol::Zvcms, OPEN_ID).await.unwrap().unwrap();
    let newest = scene.rotate(id, TimeDelta::zero()).await;
    let at_once = directory.find_anew(Protocol::Zvcms, OPEN_ID).await.unwrap().unwrap();

    assert_eq!(secrets(&during), [&new, &old]);
    assert_eq!(secrets(&late), [&new, &old]);
    assert_eq!(secrets(&after), [&new]);
    assert_eq!(secrets(&at_once), [&newest]);
}

#[tokio::test]
async fn grants_are_those_that_count() {
    let scene = Scene::new().await;
    let id = scene.given(Protocol::Zvcms, OPEN_ID, Sight::All).await;
    let app = plant_app(scene.db()).await;
    let directory = scene.directory().await;
    let grant = async |code: &str, sight: Sight| {
        let new = NewGatewayGrant {
            code: Some(code.to_owned()),
            sight,
            actions: Some(vec!["coupon.receive".to_owned()]),
            stores: None,
        };
        create_gateway_grant(scene.db(), noon(), id, new, |_, _| Ok(())).await.unwrap().id
    };
    let live = grant("782c281f62", Sight::Only(vec![app])).await;
    let revoked = grant("0000000000", Sight::All).await;

    let both = directory.find_anew(Protocol::Zvcms, OPEN_ID).await.unwrap().unwrap();
    revoke_gateway_grant(scene.db(), noon(), revoked).await.unwrap();
    let one = directory.find_anew(Protocol::Zvcms, OPEN_ID).await.unwrap().unwrap();

    assert_eq!((both.grants.len(), one.grants.len()), (2, 1));
    let left = &one.grants[0];
    assert_eq!((left.id, &*left.code, &left.sight), (live, "782c281f62", &Sight::Only(vec![app])));
    assert_eq!((&left.actions, &left.stores), (&Some(vec!["coupon.receive".to_owned()]), &None));
    assert!(!format!("{one:?} {left:?}").contains("782c281f62"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_on_another_server_is_known_here_in_no_time() {
    let scene = Scene::new().await;
    let id = scene.given(Protocol::Zvcms, OPEN_ID, Sight::All).await;
    let directory = Arc::new(scene.directory().await);
    let fresh = Arc::clone(&directory);
    let keeping = tokio::spawn(async move { fresh.keep_fresh().await });

    scene.edit(id, GatewayClientEdit { enabled: Some(false), ..Default::default() }).await;
    let changed = Instant::now();
    until("the client is gone", async || {
        directory.find(Protocol::Zvcms, OPEN_ID).await.unwrap().is_none()
    })
    .await;

    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
    scene.edit(id, GatewayClientEdit { enabled: Some(true), ..Default::default() }).await;
    assert!(directory.find(Protocol::Zvcms, OPEN_ID).await.unwrap().is_some());
    keeping.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_on_this_server_is_known_when_it_is_told() {
    let scene = Scene::new().await;
    let (db, changed) = (scene.db().clone(), Arc::new(Notify::new()));
    let id = scene.given(Protocol::Zvcms, OPEN_ID, Sight::All).await;
    let directory =
        GatewayDirectory::open(db, scene.clock.clone(), scene.vault.clone(), changed.clone());
    let directory = Arc::new(directory.await.unwrap());
    let fresh = Arc::clone(&directory);
    let keeping = tokio::spawn(async move { fresh.keep_fresh().await });

    scene.edit(id, GatewayClientEdit { enabled: Some(false), ..Default::default() }).await;
    changed.notify_one();

    until("the client is gone", async || {
        directory.find(Protocol::Zvcms, OPEN_ID).await.unwrap().is_none()
    })
    .await;
    keeping.abort();
}

#[tokio::test]
async fn a_flood_of_unknown_names_is_few_reads() {
    let scene = Scene::new().await;
    let pool = store::pool().max_connections(1).connect_with(scene.database.options.clone()).await;
    let watched = pool.unwrap();
    let (vault, clock) = (scene.vault.clone(), scene.clock.clone());
    let directory =
        GatewayDirectory::open(watched.clone(), clock, vault, Arc::default()).await.unwrap();
    let before = reads(scene.db()).await;

    let names: Vec<_> = (0..500).map(|number| format!("nobody-{number}")).collect();
    let told = join_all(names.iter().map(|name| directory.find(Protocol::Zvcms, name))).await;

    assert!(told.iter().all(|told| matches!(told, Ok(None))));
    watched.close().await;
    // A session counts when it has ended.
    until("it was asked", async || reads(scene.db()).await > before).await;
    let asked = reads(scene.db()).await - before;
    assert!((1..=20).contains(&asked), "{asked}");
}

/// How often the counter was looked at.
async fn reads(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) from pg_stat_user_tables
         where relname = 'gateway_version'",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn while_postgres_is_silent_the_known_are_known_and_the_unknown_hear_so_in_time() {
    let scene = Scene::new().await;
    scene.given(Protocol::Zvcms, OPEN_ID, Sight::All).await;
    let proxy = Proxy::start(&scene.database.options).await;
    let pool = store::pool().max_connections(4).connect_with(proxy.options()).await.unwrap();
    let (vault, clock) = (scene.vault.clone(), scene.clock.clone());
    let directory = GatewayDirectory::open(pool, clock, vault, Arc::default()).await.unwrap();

    proxy.set(Fault::Silence);
    let known = directory.find(Protocol::Zvcms, OPEN_ID).await;
    let asked = Instant::now();
    let unknown = join_all((0..50).map(|_| directory.find(Protocol::Zvcms, "nobody"))).await;
    let took = asked.elapsed();
    proxy.heal();

    assert!(known.unwrap().is_some());
    assert!(unknown.iter().all(Result::is_err));
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(directory.find(Protocol::Zvcms, "nobody").await.unwrap().is_none());
}

#[tokio::test]
async fn secrets_stay_open_when_they_are_sealed_anew_and_what_does_not_open_leaves_its_client_out()
{
    let file = KeysFile::new();
    let scene = Scene { vault: file.vault(), ..Scene::new().await };
    let id = scene.given(Protocol::Yoho, "h5", Sight::All).await;
    scene.given(Protocol::Zvcms, OPEN_ID, Sight::All).await;
    scene.rotate(id, TimeDelta::days(1)).await;
    scene.vault.add_first_key(None).unwrap();

    let resealed = reseal_secrets(scene.db(), &scene.vault).await.unwrap();
    let directory = scene.directory().await;
    let after = directory.find(Protocol::Yoho, "h5").await.unwrap().unwrap();
    let with_both = std::fs::read_to_string(&file.path).unwrap();
    file.write("9 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let without_keys = scene.directory().await;
    let closed = without_keys.find(Protocol::Yoho, "h5").await.unwrap();
    file.write(&with_both);
    let again = without_keys.find(Protocol::Yoho, "h5").await.unwrap();

    assert_eq!((resealed.values, resealed.closed), (4, Vec::new()));
    assert_eq!(after.secrets.len(), 2);
    assert!(closed.is_none());
    assert_eq!(again.unwrap().secrets.len(), 2);
    assert!(!with_both.trim().is_empty() && with_both.contains(KEYS.split_once(' ').unwrap().1));
}

#[tokio::test]
async fn an_app_that_is_none_is_seen_by_nobody() {
    let scene = Scene::new().await;
    let new = NewGatewayClient {
        protocol: Protocol::Yoho,
        name: Some("h5".to_owned()),
        settings: json!({}),
        sight: Sight::Only(vec![AppId::new(noon())]),
        secret: None,
        salt: None,
    };

    let made = create_gateway_client(scene.db(), &scene.vault, noon(), new, |_, _| Ok(())).await;

    assert!(made.unwrap_err().to_string().starts_with("there is no app app_"));
}
