//! Baidu's simulator, as all stories have it.

use std::{sync::Arc, time::Duration};

use kaquan::{
    clock::{Clock, ManualClock},
    simulator::{self, Simulator, switches::Switches},
};
use tokio::net::TcpListener;

/// Baidu on a port of its own, with the story's clock. It is patient, and asks again without a pause.
pub async fn start_baidu(clock: &Arc<ManualClock>, switches: Switches) -> Simulator {
    let source = Arc::clone(clock);
    let settings = simulator::Settings {
        clock: simulator::clock::Clock::from_source(move || source.now()),
        callback_timeout: Duration::from_secs(15),
        pause_between_tries: Duration::ZERO,
        switches,
        ..simulator::Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    simulator::start(listener, settings).unwrap()
}
