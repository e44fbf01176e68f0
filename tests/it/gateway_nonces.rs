//! A number of a gateway's client counts once, on however many servers it comes in.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use kaquan::{domain::id::GatewayClientId, service::nonces::Nonces, store};
use sqlx::PgPool;
use tokio::time::Instant;

use crate::support::{
    database::TestDatabase,
    plant::noon,
    proxy::{Fault, Proxy},
    upkeep_scene::UpkeepScene,
};

fn client() -> GatewayClientId {
    GatewayClientId::new(noon())
}

fn soon() -> DateTime<Utc> {
    noon() + TimeDelta::minutes(10)
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from gateway_nonce").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_number_counts_once_for_each_client() {
    let database = TestDatabase::new().await;
    let nonces = Nonces::start(database.pool.clone());
    let (one, other) = (client(), GatewayClientId::new(soon()));

    assert!(nonces.take(one, "658965", soon()).await.unwrap());
    assert!(!nonces.take(one, "658965", soon()).await.unwrap());
    assert!(nonces.take(one, "658966", soon()).await.unwrap());
    assert!(nonces.take(other, "658965", soon()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_show_the_same_number_on_two_servers_at_once_one_is_the_first() {
    let database = TestDatabase::new().await;
    let servers = [0, 1].map(|_| Nonces::start(database.pool.clone()));
    let client = client();

    let asked = (0..40 * 8).map(|call| {
        let (server, nonce) = (servers[call % 2].clone(), (call / 8).to_string());
        async move { (nonce.clone(), server.take(client, &nonce, soon()).await.unwrap()) }
    });
    let told = join_all(asked).await;

    for number in 0..40 {
        let first = told.iter().filter(|(nonce, new)| *nonce == number.to_string() && *new).count();
        assert_eq!(first, 1, "{number}");
    }
    assert_eq!(count(&database.pool).await, 40);
}

#[tokio::test]
async fn one_that_cannot_be_written_spoils_it_for_nobody_else() {
    let database = TestDatabase::new().await;
    let nonces = Nonces::start(database.pool.clone());
    let client = client();

    let asked =
        ["1", "2", "\0", "3", "4", "5", "6"].map(|nonce| nonces.take(client, nonce, soon()));
    let told = join_all(asked).await;

    assert!(told[2].is_err());
    assert_eq!(told.iter().filter(|one| matches!(one, Ok(true))).count(), 6, "{told:?}");
}

#[tokio::test]
async fn while_postgres_is_silent_everybody_hears_so_in_time() {
    let database = TestDatabase::new().await;
    let proxy = Proxy::start(&database.options).await;
    let pool = store::pool().max_connections(4).connect_with(proxy.options()).await.unwrap();
    let (nonces, client) = (Nonces::start(pool), client());
    assert!(nonces.take(client, "0", soon()).await.unwrap());

    proxy.set(Fault::Silence);
    let asked = Instant::now();
    let numbers: Vec<_> = (1..10).map(|number| number.to_string()).collect();
    let silent = join_all(numbers.iter().map(|number| nonces.take(client, number, soon()))).await;
    let took = asked.elapsed();
    proxy.heal();

    assert!(silent.iter().all(Result::is_err), "{silent:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert!(nonces.take(client, "10", soon()).await.unwrap());
}

#[tokio::test]
async fn numbers_are_forgotten_when_nobody_can_repeat_their_request() {
    let scene = UpkeepScene::new().await;
    let nonces = Nonces::start(scene.db().clone());
    let (client, second) = (client(), TimeDelta::seconds(1));
    assert!(nonces.take(client, "over", noon() - second).await.unwrap());
    assert!(nonces.take(client, "live", noon() + second).await.unwrap());

    scene.round().await;

    let left: Vec<String> =
        sqlx::query_scalar("select nonce from gateway_nonce").fetch_all(scene.db()).await.unwrap();
    assert_eq!(left, ["live"]);
}
