//! While Baidu is away or slow, claims are not, and no transaction is open while Baidu is asked.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use kaquan::{
    domain::stock::Way,
    issuing::{OfferKey, Request},
    simulator::switches::Switches,
};

use crate::support::{
    delivery_chaos::{looking_every, real},
    delivery_scene::{DeliveryScene, Used},
    engine::{Said, TestEngine},
    until::{until, until_true},
};

const OFTEN: Duration = Duration::from_millis(50);

fn claim(scene: &DeliveryScene, number: u32) -> Request {
    let request = scene.campaign.request(&format!("claim-{number}"), &format!("person-{number}"));
    let campaign = scene.campaign;
    let offer =
        OfferKey { template: campaign.template, placement: campaign.placement, way: Way::Claim };
    Request { offer, ..request }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_do_not_wait_for_a_platform_that_is_away() {
    let scene = DeliveryScene::new().await;
    let worker = real(&scene.database.options, looking_every(OFTEN), Duration::from_secs(3)).await;
    let engine = TestEngine::start(&scene.database.options);
    scene.baidu.set_down(true);
    scene.owe(0..500, Used::Yes).await;
    until("the outage is noticed", async || scene.channel().await.failures >= 10).await;

    let claims = stream::iter(0..3000).map(|number| engine.issuer.issue(claim(&scene, number)));
    let codes: Vec<_> = claims.buffer_unordered(64).map(|said| said.coupon().code).collect().await;

    assert_eq!(codes.len(), 3000);
    assert!(scene.channel().await.failures >= 10, "still away");
    scene.baidu.set_down(false);
    until_true(scene.db(), crate::support::delivery_chaos::ALL_DONE).await;
    engine.finish().await;
    worker.stop().await;
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transaction_is_open_while_calls_are_under_way() {
    let scene =
        DeliveryScene::with(Switches { answer_after_ms: 3000, ..Switches::default() }).await;
    let worker = real(&scene.database.options, looking_every(OFTEN), Duration::from_secs(9)).await;
    scene.owe(0..40, Used::No).await;
    until("forty calls are under way", async || scene.calls("sync") == 40).await;

    for _ in 0..50 {
        // One that is at work at this very moment looks for dead workers or for what is due.
        let open: Vec<(String, String)> = sqlx::query_as(
            "select state, query from pg_stat_activity
             where datname = current_database() and application_name = 'kaquan delivery'
                 and state like 'idle in transaction%'",
        )
        .fetch_all(scene.db())
        .await
        .unwrap();
        assert!(open.is_empty(), "{open:?}");
    }

    assert_eq!(scene.count("leased").await, 40, "all that time they were under way");
    until_true(scene.db(), crate::support::delivery_chaos::ALL_DONE).await;
    worker.stop().await;
    scene.finish().await;
}
