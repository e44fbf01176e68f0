//! Postgres away, silent or slow: callers hear "busy" in time, never a wrong "no", and all is well afterwards.

use std::time::Duration;

use futures_util::future::join_all;
use kaquan::{
    config::issuing::Issuing,
    issuing::{Answer, NoAnswer},
};
use tokio::time::Instant;

use crate::support::{
    books::{assert_balanced, issued},
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, terms},
    proxy::{Fault, Proxy},
    sabotage::until_idle,
};

/// What a busy machine may add to a deadline.
const MARGIN: Duration = Duration::from_millis(300);

/// A campaign behind a proxy.
struct Scene {
    database: TestDatabase,
    proxy: Proxy,
    campaign: Campaign,
    engine: TestEngine,
    deadline: Duration,
}

impl Scene {
    async fn set(deadline: Duration) -> Self {
        let database = TestDatabase::new().await;
        let proxy = Proxy::start(&database.options).await;
        let campaign = Campaign::plant(&database.pool, &terms(), 1000).await;
        let settings = Issuing { deadline, ..Issuing::default() };
        let engine = TestEngine::with(&proxy.options(), &settings);
        Self { database, proxy, campaign, engine, deadline }
    }

    /// Asks once and sees that the answer comes in time.
    async fn ask(&self, name: &str) -> Result<Answer, NoAnswer> {
        let asked = Instant::now();
        let answer = self.engine.issuer.issue(self.campaign.request(name, name)).await;
        let took = asked.elapsed();
        assert!(took < self.deadline + MARGIN, "{name} took {took:?}");
        answer
    }

    /// Asks until there is an answer, and says how long that took.
    async fn ask_until_answered(&self, name: &str) -> Duration {
        let began = Instant::now();
        while self.ask(name).await.map_err(|none| assert_eq!(none, NoAnswer::Busy)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "never answered");
        }
        self.ask(name).await.coupon();
        began.elapsed()
    }

    /// Everybody who was turned away comes back and gets their one coupon.
    async fn end(&self, names: impl IntoIterator<Item = String>) {
        let names: Vec<_> = names.into_iter().collect();
        for name in &names {
            self.ask(name).await.coupon();
        }
        let count = i64::try_from(names.len()).unwrap();
        assert_eq!(issued(&self.database.pool, &self.campaign).await, (count, count));
        assert_balanced(&self.database.pool).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_refuses_connections_callers_are_told_to_try_again() {
    let scene = Scene::set(Duration::from_millis(400)).await;
    scene.ask("before").await.coupon();

    scene.proxy.set(Fault::Down);
    let away = join_all((0..32).map(|n| async move { format!("r-{n}") }).map(|name| async {
        let name = name.await;
        scene.ask(&name).await
    }))
    .await;
    scene.proxy.heal();

    assert!(away.iter().all(|answer| *answer == Err(NoAnswer::Busy)), "{away:?}");
    let took = scene.ask_until_answered("after").await;
    assert!(took < Duration::from_secs(1), "recovery took {took:?}");
    let names = ["before", "after"].map(str::to_owned);
    scene.end(names.into_iter().chain((0..32).map(|n| format!("r-{n}")))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_whose_time_is_not_up_when_postgres_comes_back_get_their_coupon() {
    let scene = Scene::set(Duration::from_secs(5)).await;
    scene.ask("before").await.coupon();

    scene.proxy.set(Fault::Down);
    let asking = join_all((0..32).map(|n| {
        let campaign = &scene.campaign;
        scene.engine.issuer.issue(campaign.request(&format!("r-{n}"), &format!("r-{n}")))
    }));
    let mut asking = std::pin::pin!(asking);
    let away = tokio::time::timeout(Duration::from_millis(300), &mut asking).await;
    scene.proxy.heal();

    assert!(away.is_err(), "{away:?}");
    for answer in asking.await {
        answer.coupon();
    }
    scene.end((0..32).map(|n| format!("r-{n}")).chain(["before".to_owned()])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_silent_every_answer_comes_in_time() {
    let scene = Scene::set(Duration::from_millis(400)).await;
    scene.ask("before").await.coupon();

    scene.proxy.set(Fault::Silence);
    let names: Vec<_> = (0..60).map(|n| format!("r-{n}")).collect();
    // Three waves, so that the engine gives up connections and makes new ones in the silence.
    for wave in names.chunks(20) {
        let answers = join_all(wave.iter().map(|name| scene.ask(name))).await;
        assert!(answers.iter().all(|answer| *answer == Err(NoAnswer::Busy)), "{answers:?}");
    }
    scene.proxy.heal();

    let took = scene.ask_until_answered("after").await;
    assert!(took < Duration::from_secs(2), "recovery took {took:?}");
    scene.end(names.into_iter().chain(["before", "after"].map(str::to_owned))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_vanishes_with_the_locks_held_is_got_over_in_three_seconds() {
    let scene = Scene::set(Duration::from_millis(500)).await;
    scene.ask("before").await.coupon();

    scene.proxy.once(Fault::Vanishes);
    let took = scene.ask_until_answered("r-1").await;

    assert_eq!(scene.proxy.struck(), 1);
    assert!(took < Duration::from_secs(3), "recovery took {took:?}");
    scene.end(["before", "r-1"].map(str::to_owned)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_milliseconds_more_per_message_are_borne() {
    let scene = Scene::set(Duration::from_millis(1200)).await;
    scene.ask("before").await.coupon();

    scene.proxy.set(Fault::Slow(Duration::from_millis(50)));
    let names: Vec<_> = (0..64).map(|n| format!("r-{n}")).collect();
    let answers = join_all(names.iter().map(|name| scene.ask(name))).await;

    for answer in answers {
        answer.coupon();
    }
    scene.end(names.into_iter().chain(["before".to_owned()])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_milliseconds_more_per_message_are_no_reason_for_a_wrong_answer() {
    let scene = Scene::set(Duration::from_millis(1200)).await;
    scene.ask("before").await.coupon();

    scene.proxy.set(Fault::Slow(Duration::from_millis(300)));
    let names: Vec<_> = (0..16).map(|n| format!("r-{n}")).collect();
    let slow = join_all(names.iter().map(|name| scene.ask(name))).await;
    // What is known already needs one message only.
    let replay = scene.ask_until_answered("before").await;
    let retried = scene.ask_until_answered("r-0").await;
    scene.proxy.heal();

    assert!(
        slow.iter().all(|answer| matches!(answer, Ok(Answer::Issued(_)) | Err(NoAnswer::Busy)))
    );
    assert!(replay < Duration::from_secs(8), "a replay took {replay:?}");
    assert!(retried < Duration::from_secs(8), "a second try took {retried:?}");
    until_idle(&scene.database.pool).await;
    scene.end(names.into_iter().chain(["before".to_owned()])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_while_postgres_is_slow_gets_its_work_done_all_the_same() {
    let scene = Scene::set(Duration::from_millis(1200)).await;

    scene.proxy.set(Fault::Slow(Duration::from_millis(300)));
    let took = scene.ask_until_answered("r-1").await;
    scene.proxy.heal();

    assert!(took < Duration::from_secs(8), "{took:?}");
    scene.end(["r-1".to_owned()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_told_to_stop_while_postgres_is_silent_does() {
    let scene = Scene::set(Duration::from_millis(400)).await;
    scene.ask("before").await.coupon();

    scene.proxy.set(Fault::Silence);
    assert_eq!(scene.ask("r-1").await, Err(NoAnswer::Busy));
    let stopped = tokio::time::timeout(Duration::from_secs(5), scene.engine.finish()).await;

    assert!(stopped.is_ok());
}
