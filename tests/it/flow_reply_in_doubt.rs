//! Answers to Baidu that may not have arrived: the coupon is owed to it as a `sync`, unless a later try was answered.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use kaquan::{clock::Clock, config::issuing::Issuing, domain::people::Record};
use sqlx::postgres::PgListener;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    call::{Scene, read},
    test_app::TestApp,
};

const GRACE: TimeDelta = TimeDelta::seconds(10);

/// Baidu calls and hangs up while the engine works, which goes on.
async fn hang_up(scene: &Scene, record: &str) {
    let mut call = scene.call(record);
    // On a slow machine the answer may be there already; nobody reads it.
    let answer = futures_util::poll!(&mut call);
    drop((answer, call));
    scene.engine_is_done_with(record).await;
}

#[tokio::test]
async fn who_hangs_up_and_does_not_come_back_is_owed_the_coupon_under_the_same_record() {
    let scene = Scene::start(10).await;

    hang_up(&scene, "r-1").await;
    scene.engine.clock.advance(GRACE - TimeDelta::milliseconds(1));
    let early = scene.doubts.settle_due().await.unwrap();
    scene.engine.clock.advance(TimeDelta::milliseconds(1));
    let due = scene.doubts.settle_due().await.unwrap();
    let again = scene.doubts.settle_all().await.unwrap();

    assert_eq!((early, due, again), (0, 1, 0));
    assert_eq!(scene.owed().await, ["sync pending r-1"]);
}

#[tokio::test]
async fn who_hangs_up_and_asks_again_is_owed_nothing() {
    let scene = Scene::start(10).await;

    hang_up(&scene, "r-1").await;
    hang_up(&scene, "r-1").await;
    let heard = scene.hear("r-1").await;
    let owed = scene.doubts.settle_all().await.unwrap();

    assert_eq!((&heard["errno"], owed), (&"0".into(), 0));
    assert_eq!(scene.owed().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_later_try_that_fails_too_waits_for_the_next_one() {
    let scene = Scene::start(10).await;

    hang_up(&scene, "r-1").await;
    scene.engine.clock.advance(GRACE - TimeDelta::seconds(1));
    hang_up(&scene, "r-1").await;
    scene.engine.clock.advance(GRACE - TimeDelta::seconds(1));
    let second = scene.doubts.settle_due().await.unwrap();
    scene.engine.clock.advance(TimeDelta::seconds(1));
    let third = scene.doubts.settle_due().await.unwrap();

    assert_eq!((second, third), (0, 1));
}

#[tokio::test]
async fn answers_that_arrive_leave_nothing_to_owe() {
    let scene = Scene::start(2).await;

    for record in ["r-1", "r-2", "r-1", "r-3"] {
        let said = scene.hear(record).await;
        assert_eq!(said["errno"] == "0", record != "r-3", "{said}");
    }

    assert_eq!(scene.doubts.settle_all().await.unwrap(), 0);
    assert_eq!(scene.owed().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_that_nobody_read_is_in_doubt_and_so_is_one_read_too_late() {
    let scene = Scene::start(10).await;

    drop(scene.call("dropped").await);
    let late = scene.call("late").await;
    scene.engine.clock.advance(TimeDelta::milliseconds(3001));
    read(late).await;
    let timely = scene.call("timely").await;
    scene.engine.clock.advance(TimeDelta::seconds(3));
    read(timely).await;

    assert_eq!(scene.doubts.settle_all().await.unwrap(), 2);
    assert_eq!(scene.owed().await, ["sync pending dropped", "sync pending late"]);
}

#[tokio::test]
async fn who_hangs_up_before_a_refusal_is_owed_nothing() {
    let scene = Scene::start(0).await;

    hang_up(&scene, "r-1").await;
    drop(scene.call("r-2").await);

    assert_eq!(scene.doubts.settle_all().await.unwrap(), 0);
    assert_eq!(scene.owed().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_engine_that_finishes_after_its_deadline_leaves_a_doubt() {
    let deadline = Duration::from_millis(300);
    let scene = Scene::with(10, &Issuing { deadline, ..Issuing::default() }).await;
    let mut holding = kaquan::store::begin(&scene.database.pool).await.unwrap();
    sqlx::query("select from template for update").execute(&mut *holding).await.unwrap();

    let answer = scene.call("r-1").await;
    let unsettled = scene.doubts.settle_due().await.unwrap();
    holding.rollback().await.unwrap();
    scene.engine_is_done_with("r-1").await;
    let settled = scene.doubts.settle_all().await.unwrap();

    assert_eq!((answer.status().as_u16(), unsettled, settled), (503, 0, 1));
    assert_eq!(scene.owed().await, ["sync pending r-1"]);
}

#[tokio::test]
async fn a_doubt_outlasts_a_database_that_is_away() {
    let scene = Scene::start(10).await;
    hang_up(&scene, "r-1").await;
    let rename = async |from: &str, to: &str| {
        let statement = format!("alter table {from} rename to {to}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&scene.database.pool).await.unwrap();
    };

    rename("delivery", "gone").await;
    let away = scene.doubts.settle_all().await;
    rename("gone", "delivery").await;
    let back = scene.doubts.settle_all().await;

    assert!(away.is_err());
    assert_eq!(back.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_doubts_is_settled_without_grace_as_far_as_there_are_coupons() {
    let scene = Scene::start(10).await;
    let mut owed = PgListener::connect_with(&scene.database.pool).await.unwrap();
    owed.listen("kaquan_delivery").await.unwrap();
    hang_up(&scene, "r-1").await;
    for number in 0..10_000 {
        let record = Record::parse(&format!("late-{number}")).unwrap();
        drop(scene.doubts.watch(scene.offer.campaign.app, record));
    }

    let stop = CancellationToken::new();
    let (doubts, until) = (Arc::clone(&scene.doubts), stop.clone());
    let settling = tokio::spawn(async move { doubts.keep_settling(until).await });
    let heard = tokio::time::timeout(Duration::from_secs(15), owed.recv()).await;
    stop.cancel();
    settling.await.unwrap();

    assert!(heard.is_ok(), "nothing is owed");
    assert_eq!(scene.owed().await, ["sync pending r-1"]);
    // The others may still come to something.
    scene.engine_is_done_with("late-7").await;
    assert_eq!(scene.doubts.settle_all().await.unwrap(), 1);
}

/// Calls over the wire; with `half`, whoever calls closes its side before the answer comes.
async fn call_by_hand(app: &TestApp, record: &str, half: bool) -> String {
    let body = app.offer.letter(record, &format!("open-{record}"), app.clock.now()).body();
    let token = &app.offer.token;
    let request = format!(
        "POST /callbacks/baidu/{token} HTTP/1.1\r\nhost: merchant.example\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    if half {
        stream.shutdown().await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn syncs(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar("select identity from delivery where kind = 'sync' order by identity")
        .fetch_all(&app.database.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_owes_what_is_in_doubt_and_nothing_else() {
    let mut app = TestApp::start(100).await;

    for number in 0..5 {
        let gone = call_by_hand(&app, &format!("gone-{number}"), true).await;
        let there = call_by_hand(&app, &format!("there-{number}"), false).await;
        assert!(gone.starts_with("HTTP/1.1 200") && there.starts_with("HTTP/1.1 200"));
    }
    let take = app.baidu_user_takes("open-1").await;
    app.restart().await;

    assert!(take.code().is_some());
    assert_eq!(syncs(&app).await, ["gone-0", "gone-1", "gone-2", "gone-3", "gone-4"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_owes_what_stays_in_doubt() {
    let app = TestApp::start(100).await;
    let mut owed = PgListener::connect_with(&app.database.pool).await.unwrap();
    owed.listen("kaquan_delivery").await.unwrap();

    call_by_hand(&app, "gone", true).await;
    call_by_hand(&app, "back", true).await;
    call_by_hand(&app, "back", false).await;
    app.clock.advance(TimeDelta::minutes(1));
    let heard = tokio::time::timeout(Duration::from_secs(15), owed.recv()).await;

    assert!(heard.is_ok(), "nothing is owed");
    assert_eq!(syncs(&app).await, ["gone"]);
    app.finish().await;
}
