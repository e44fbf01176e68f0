//! A database that has fallen silent holds up nobody for ever: tills and servers hear "busy" in time, and all is well
//! afterwards.

use std::time::Duration;

use futures_util::future::join_all;
use kaquan::{
    clock::{Clock, SystemClock},
    service::{
        authenticate::{Keys, NotRecognised},
        known_terms::KnownTerms,
        life::LifeError,
        redeem::{Redeemed, Redeemer},
    },
    store,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::Instant;

use crate::support::{
    admin::Admin,
    proxy::{Fault, Proxy},
    till::{nobody, wish},
};

/// The longest that anybody waits, and what a busy machine may add.
const PATIENCE: Duration = Duration::from_secs(5 + 3);

async fn behind_a_proxy(admin: &Admin) -> (Proxy, PgPool) {
    let proxy = Proxy::start(&admin.database.options).await;
    let pool = store::pool().max_connections(8).connect_with(proxy.options()).await.unwrap();
    (proxy, pool)
}

async fn coupons(admin: &Admin, count: usize) -> Vec<Value> {
    let placement = admin.given_claimable("own", json!({}), 1000).await;
    let mut coupons = Vec::new();
    for n in 0..count {
        let claimed = admin.claim(&placement, &format!("claim-{n}"), &format!("open-{n}")).await;
        coupons.push(claimed.created());
    }
    coupons
}

#[tokio::test]
async fn while_postgres_is_silent_every_till_hears_so_in_time_and_is_served_afterwards() {
    let admin = Admin::new().await;
    let coupons = coupons(&admin, 21).await;
    let (proxy, pool) = behind_a_proxy(&admin).await;
    let server = Redeemer::start(pool, admin.clock.clone(), KnownTerms::default());
    let redeem = async |n: usize| {
        let asked = Instant::now();
        let told = server.redeem(nobody(), wish(&coupons[n]["code"], &format!("o-{n}"))).await;
        (told, asked.elapsed())
    };
    assert!(matches!(redeem(0).await.0, Ok(Redeemed::Now(_))));

    proxy.set(Fault::Silence);
    let silent = join_all((1..20).map(&redeem)).await;
    proxy.heal();

    for (told, took) in silent {
        assert!(took < PATIENCE, "{took:?}");
        assert!(matches!(told, Err(LifeError::Db(_) | LifeError::Busy)), "{told:?}");
    }
    let (told, took) = redeem(20).await;
    assert!(matches!(told, Ok(Redeemed::Now(_))), "{told:?}");
    assert!(took < PATIENCE, "{took:?}");
}

#[tokio::test]
async fn while_postgres_is_silent_every_key_hears_so_in_time_and_is_known_afterwards() {
    let admin = Admin::new().await;
    let (proxy, pool) = behind_a_proxy(&admin).await;
    let keys = Keys::start(pool);
    let know = async || {
        let asked = Instant::now();
        let known = keys.authenticate(SystemClock.now(), &admin.owner, None).await;
        (known, asked.elapsed())
    };
    assert!(know().await.0.is_ok());

    proxy.set(Fault::Silence);
    let silent = join_all((0..20).map(|_| know())).await;
    proxy.heal();

    for (known, took) in silent {
        assert!(took < PATIENCE, "{took:?}");
        assert!(matches!(known, Err(NotRecognised::Db(_))), "{known:?}");
    }
    let (known, took) = know().await;
    assert!(known.is_ok(), "{known:?}");
    assert!(took < PATIENCE, "{took:?}");
}
