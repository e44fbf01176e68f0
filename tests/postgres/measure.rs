//! How long starts and stops take on this machine. Not a check: it prints and asserts nothing.
//!
//! `cargo test --test postgres -- --ignored --nocapture how_long`

use std::time::{Duration, Instant};

use kaquan::postgres::StartedFrom;

use crate::owner::Owner;
use crate::scene::{Scene, children_of};

const ROUNDS: usize = 5;

#[test]
#[ignore = "a measurement"]
fn how_long_starts_and_stops_take() {
    let (mut cold, mut warm, mut stop) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let scene = Scene::new();
        let first = scene.start_durable();
        cold.push(first.started().ready_in);
        first.stop();
        let second = scene.start_durable();
        warm.push(second.started().ready_in);
        let begun = Instant::now();
        second.stop();
        stop.push(begun.elapsed());
    }
    report("cold start", cold);
    report("warm start", warm);
    report("clean stop", stop);
    report("start after a kill of the owner", after(|_| Vec::new()));
    report("start after a kill of owner and server", after(|postmaster| vec![postmaster]));
    report(
        "start after a kill of all",
        after(|postmaster| [vec![postmaster], children_of(postmaster)].concat()),
    );
}

/// Starts after the owner was killed while it wrote, together with the `others`.
fn after(others: impl Fn(u32) -> Vec<u32>) -> Vec<Duration> {
    let scene = Scene::with_cluster();
    let round = |_| {
        let mut owner = Owner::start(&scene.data());
        let postmaster = owner.postmaster();
        for _ in 0..100 {
            owner.row();
        }
        owner.kill_with(&others(postmaster));
        let postgres = scene.start_durable();
        assert_ne!(postgres.started().from, StartedFrom::Cold);
        postgres.started().ready_in
    };
    (0..ROUNDS).map(round).collect()
}

#[expect(clippy::print_stderr, reason = "the numbers are what it is run for")]
fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let (median, worst) = (took[took.len() / 2].as_millis(), took[took.len() - 1].as_millis());
    eprintln!("{what}: median {median} ms, worst {worst} ms");
}
