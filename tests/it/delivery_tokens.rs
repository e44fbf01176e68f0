//! One access token for all servers: fetched once per expiry, whoever notices it first, and never at a delivery's cost.

use std::time::Duration;

use chrono::TimeDelta;
use kaquan::{
    delivery::Worker,
    simulator::{aim::FaultAim, effects::EffectKind, fault::CallFault, switches::Switches},
};

use crate::support::{
    delivery_chaos::{impatient, wide},
    delivery_scene::{DeliveryScene, Used},
};

/// Two workers with 32 calls at a time each, that both have done something before.
struct Two {
    scene: DeliveryScene,
    one: Worker,
    other: Worker,
    owed: u32,
}

impl Two {
    async fn with(switches: Switches) -> Self {
        let scene = DeliveryScene::with(switches).await;
        let one = Self::worker(&scene).await;
        let other = Self::worker(&scene).await;
        Self { scene, one, other, owed: 0 }
    }

    async fn worker(scene: &DeliveryScene) -> Worker {
        let (options, clock) = (&scene.database.options, scene.clock.clone());
        impatient(options, clock, wide(32), Duration::from_secs(3)).await
    }

    /// So many more deliveries, paid by both at the same time; how many tokens that cost.
    async fn pay(&mut self, deliveries: u32) -> usize {
        let before = self.scene.calls("token");
        self.scene.owe(self.owed..self.owed + deliveries, Used::No).await;
        self.owed += deliveries;
        let (one, other) = tokio::join!(self.one.drain(), self.other.drain());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(deliveries < 64 || (one > 0 && other > 0), "{one} and {other}");
        self.scene.calls("token") - before
    }

    /// Nothing was lost, burned or done twice.
    async fn finish(self) {
        let burned: i64 = sqlx::query_scalar(
            "select count(*) from delivery where attempts <> 1 or state <> 'done'",
        )
        .fetch_one(self.scene.db())
        .await
        .unwrap();
        assert_eq!(burned, 0);
        let owed = usize::try_from(self.owed).unwrap();
        assert_eq!(self.scene.effects(EffectKind::Sync), (owed, 1));
        self.one.stop().await;
        self.other.stop().await;
        self.scene.finish().await;
    }
}

/// Long enough that 64 calls are under way together.
fn slow() -> Switches {
    Switches { answer_after_ms: 150, ..Switches::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_calls_of_two_workers_fetch_one_token() {
    let mut two = Two::with(slow()).await;

    assert_eq!(two.pay(64).await, 1);

    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_under_sixty_four_calls_is_fetched_once() {
    let mut two = Two::with(slow()).await;
    two.pay(64).await;

    two.scene.baidu.expire_tokens(None);
    assert_eq!(two.pay(64).await, 1, "111");
    two.scene.baidu.revoke_tokens();
    assert_eq!(two.pay(64).await, 1, "110");
    two.scene.next_of("sync", &[CallFault::TokenExpired]);
    assert_eq!(two.pay(64).await, 1, "revoked by one of the calls");

    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_new_token_ends_the_old_one_nothing_is_burned_either() {
    let mut two =
        Two::with(Switches { revoke_previous_token: true, token_ttl: 1000, ..slow() }).await;
    two.pay(64).await;

    two.scene.baidu.expire_tokens(None);
    assert_eq!(two.pay(64).await, 1);
    two.scene.advance(TimeDelta::seconds(801));
    assert_eq!(two.pay(64).await, 1, "ahead of time, under calls with the old one");

    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_token_is_fetched_when_four_fifths_of_the_life_are_over() {
    let mut two = Two::with(Switches { token_ttl: 1000, ..slow() }).await;
    two.pay(64).await;

    two.scene.advance(TimeDelta::seconds(799));
    assert_eq!(two.pay(64).await, 0);
    two.scene.advance(TimeDelta::seconds(2));
    assert_eq!(two.pay(64).await, 1);
    two.scene.advance(TimeDelta::seconds(200));
    assert_eq!(two.pay(64).await, 0, "the new one serves when the old one is over");

    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_no_next_token_comes_the_old_one_serves_and_nobody_storms() {
    let mut two = Two::with(Switches { token_ttl: 1000, ..slow() }).await;
    two.pay(64).await;
    let down = FaultAim::share(100.0, 0, CallFault::Unavailable).at("token");
    two.scene.baidu.fault_calls(down).unwrap();
    two.scene.advance(TimeDelta::seconds(801));

    let fetches = two.pay(64).await + two.pay(64).await + two.pay(64).await;

    assert!((1..=2).contains(&fetches), "one for each worker, not {fetches}");
    two.scene.baidu.clear_call_faults();
    two.scene.advance(TimeDelta::minutes(1));
    assert_eq!(two.pay(64).await, 1);
    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_nothing_is_burned_the_channel_trips_and_recovers() {
    let mut two = Two::with(slow()).await;
    two.pay(64).await;
    two.scene.baidu.expire_tokens(None);
    let down = FaultAim::share(100.0, 0, CallFault::Unavailable).at("token");
    two.scene.baidu.fault_calls(down).unwrap();

    let fetches = two.pay(64).await;

    assert!((1..=2).contains(&fetches), "{fetches}");
    let channel = two.scene.channel().await;
    assert!(channel.failures >= 10 && channel.open_until.is_some(), "{channel:?}");
    assert_eq!((two.scene.count("pending").await, two.scene.count("done").await), (64, 64));
    two.scene.baidu.clear_call_faults();
    let workers = [&two.one, &two.other];
    two.scene.drain_to_the_end(&workers).await;
    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_token_that_does_not_open_is_fetched_anew() {
    let mut two = Two::with(slow()).await;
    two.pay(64).await;
    sqlx::query("update platform_token set token_sealed = 'rubbish'")
        .execute(two.scene.db())
        .await
        .unwrap();

    assert_eq!(two.pay(64).await, 0, "who knows it goes on with it");
    two.other = Two::worker(&two.scene).await;
    assert_eq!(two.pay(64).await, 1);

    two.finish().await;
}
