//! `/_sim/faults`, `/_sim/next_call` and `/_sim/down`: what goes wrong with calls to the platform.

use axum::extract::State as Shared;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Sim, Wrong, read, said};
use crate::simulator::aim::FaultAim;
use crate::simulator::fault::CallFault;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextCall {
    fault: CallFault,
}

/// The next call, of whatever kind, goes wrong.
pub(super) async fn next_call(Shared(world): Sim, body: Bytes) -> Answer {
    let NextCall { fault } = read(&body)?;
    world.lock().aims.add(FaultAim::next(1, fault)).map_err(Wrong::input)?;
    said(&json!({}))
}

/// What still waits.
pub(super) async fn list(Shared(world): Sim) -> Answer {
    said(&world.lock().aims.all())
}

/// `{"fault":"hang_up","call":"sync","often":{"next":3}}`, or a share of the calls.
pub(super) async fn add(Shared(world): Sim, body: Bytes) -> Answer {
    let aim: FaultAim = read(&body)?;
    let mut state = world.lock();
    state.aims.add(aim).map_err(Wrong::input)?;
    said(&state.aims.all())
}

/// Nothing goes wrong any more.
pub(super) async fn clear(Shared(world): Sim) -> Answer {
    world.lock().aims.clear();
    said(&json!([]))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Down {
    down: bool,
}

/// Whether the platform is away.
pub(super) async fn is_down(Shared(world): Sim) -> Answer {
    said(&json!({ "down": world.lock().down }))
}

/// Sends the platform away or brings it back; the control surface stays.
pub(super) async fn set_down(Shared(world): Sim, body: Bytes) -> Answer {
    let Down { down } = read(&body)?;
    world.lock().down = down;
    said(&json!({ "down": down }))
}
