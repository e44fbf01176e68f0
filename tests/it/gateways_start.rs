//! What keeps a server from opening the doors for the protocols of merchants.

use std::sync::Arc;

use kaquan::{app::App, clock::ManualClock, config::Config};
use serde_json::json;

use crate::support::{front_ends::FrontEnds, plant::noon, test_app::config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_others_reach_does_not_start_with_a_client_that_does_not_sign() {
    let house = FrontEnds::open().await;
    let client =
        json!({ "protocol": "zvcms", "name": "for-trials", "settings": { "scheme": "none" } });
    let client = house.post("/v1/admin/gateway-clients", client).await.created();
    let start = async || {
        let config = config(([0, 0, 0, 0], 0).into());
        App::start(&config, &house.database.options, Arc::new(ManualClock::at(noon()))).await
    };

    let refused = start().await.err().map(|error| format!("{error:#}"));
    let off = json!({ "version": client["version"], "enabled": false });
    house.patch("/v1/admin/gateway-clients", &client, off).await.ok();
    let started = start().await;

    let told = refused.expect("it has started");
    assert_eq!(
        told,
        "the zvcms client for-trials does not sign, and this server does not listen on loopback; \
         give it another scheme or disable it: kaquan gateway edit"
    );
    started.unwrap().stop().await;
    house.finish().await;
}

#[test]
fn the_protocols_cannot_have_the_same_address() {
    let load = |zvcms: &str, yoho: &str| {
        let environment = [("KAQUAN__ZVCMS__PATH", zvcms), ("KAQUAN__YOHO__PATHS", yoho)];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Config::load(None, environment).map_err(|problems| problems.to_string())
    };

    let same = load("/open", r#"["/gateway", "/open"]"#).map(drop);
    let apart = load("/open", r#"["/gateway", "/open/yoho"]"#);
    let neither = load("", "[]");

    assert_eq!(
        same.unwrap_err(),
        "the settings cannot be used:\n  - [zvcms] path: `/open` is one of [yoho] paths"
    );
    assert!(apart.is_ok() && neither.is_ok(), "{apart:?} {neither:?}");
}
