//! `kill -9` of everything that can be killed: the next start, or the keeper, recovers, and no
//! row that was acknowledged is lost.

use kaquan::postgres::{Postgres, StartedFrom};
use nix::sys::signal::Signal;
use sqlx::postgres::PgPoolOptions;

use crate::owner::Owner;
use crate::scene::{Scene, ask, block_on, children_of, eventually, is_alive, send};

/// How many rows are acknowledged before a kill strikes.
const ROWS: usize = 20;
const ROUNDS: usize = 3;

#[test]
fn a_killed_server_comes_back_and_the_pool_recovers() {
    let scene = Scene::new();
    let postgres = scene.start_durable();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = postgres.options("postgres");
    let pool = runtime.block_on(PgPoolOptions::new().connect_with(options)).unwrap();

    for _ in 0..ROUNDS {
        let killed = postgres.postmaster_pid().unwrap();
        send(killed, Signal::SIGKILL);

        let next =
            eventually("a new server", || postgres.postmaster_pid().filter(|pid| *pid != killed));
        assert!(is_alive(next));
        eventually("an answer", || runtime.block_on(sqlx::query("select 1").execute(&pool)).ok());
    }
    runtime.block_on(pool.close());
}

#[test]
fn a_killed_backend_leaves_the_server_alone() {
    let scene = Scene::new();
    let postgres = scene.start();
    let before = postgres.postmaster_pid();
    let victim = children_of(before.unwrap())[0];

    send(victim, Signal::SIGKILL);

    eventually("its end", || (!is_alive(victim)).then_some(()));
    eventually("an answer", || {
        let one = async {
            let mut conn = sqlx::ConnectOptions::connect(&postgres.options("postgres")).await?;
            sqlx::query("select 1").execute(&mut conn).await
        };
        block_on(one).ok()
    });
    assert_eq!(postgres.postmaster_pid(), before);
}

#[test]
fn nothing_is_lost_when_the_owner_is_killed() {
    nothing_is_lost_when(|owner, _| owner.kill_with(&[]));
}

#[test]
fn nothing_is_lost_when_owner_and_server_are_killed() {
    nothing_is_lost_when(|owner, postmaster| owner.kill_with(&[postmaster]));
}

#[test]
fn nothing_is_lost_when_owner_server_and_all_its_children_are_killed() {
    nothing_is_lost_when(|owner, postmaster| {
        let all = [vec![postmaster], children_of(postmaster)].concat();
        owner.kill_with(&all)
    });
}

#[test]
fn a_dropped_owner_takes_its_server_along() {
    let scene = Scene::with_cluster();
    let mut owner = Owner::start(&scene.data());
    let postmaster = owner.postmaster();

    owner.kill_with(&[]);

    eventually("the end of the server", || (!is_alive(postmaster)).then_some(()));
}

#[test]
fn a_kill_while_the_cluster_is_made_leaves_nothing_half_made() {
    let scene = Scene::new();
    let owner = Owner::start(&scene.data());
    let unfinished = scene.data().join("pg.new").join("PG_VERSION");
    eventually("a cluster in the making", || unfinished.exists().then_some(()));

    owner.kill_with(&[]);
    let postgres = scene.start();

    assert_eq!(postgres.started().from, StartedFrom::Cold);
    assert!(!scene.data().join("pg.new").exists());
    assert_eq!(ask::<i32>(&postgres, "postgres", "select 1"), 1);
}

fn nothing_is_lost_when(strike: impl Fn(Owner, u32) -> Vec<i64>) {
    let scene = Scene::with_cluster();
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        let mut owner = Owner::start(&scene.data());
        let postmaster = owner.postmaster();
        acknowledged.extend((0..ROWS).map(|_| owner.row()));

        acknowledged.extend(strike(owner, postmaster));

        let postgres = scene.start_durable();
        assert_ne!(postgres.started().from, StartedFrom::Cold);
        assert_eq!(missing(&postgres, &acknowledged), 0);
        postgres.stop();
    }
}

/// How many of the acknowledged rows are not in the table.
fn missing(postgres: &Postgres, acknowledged: &[i64]) -> i64 {
    block_on(async {
        let mut conn = sqlx::ConnectOptions::connect(&postgres.options("kaquan")).await.unwrap();
        let absent = "select count(*) from unnest($1::bigint[]) as said (n) \
                      where n not in (select n from written)";
        sqlx::query_scalar(absent).bind(acknowledged).fetch_one(&mut conn).await.unwrap()
    })
}
