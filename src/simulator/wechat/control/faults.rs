//! What goes wrong: faults, tokens and tickets that end early, WeChat away, pushes out of order.

use axum::extract::State as Shared;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::super::aim::{CallAim, PushAim};
use super::super::trouble::Refused;
use super::{Answer, Sim, read, said};

/// What still waits.
pub(super) async fn list(Shared(world): Sim) -> Answer {
    let (calls, pushes) = world.lock().aims.all();
    said(&json!({ "calls": calls, "pushes": pushes }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    #[serde(default)]
    calls: Vec<CallAim>,
    #[serde(default)]
    pushes: Vec<PushAim>,
}

/// `{"calls":[{"fault":"hang_up","path":"/card/code/consume","often":{"next":1}}],"pushes":[…]}`.
pub(super) async fn add(Shared(world): Sim, body: Bytes) -> Answer {
    let Faults { calls, pushes } = read(&body)?;
    {
        let mut state = world.lock();
        for aim in calls {
            state.aims.at_calls(aim)?;
        }
        for aim in pushes {
            state.aims.at_pushes(aim);
        }
    }
    list(Shared(world)).await
}

/// Nothing goes wrong any more.
pub(super) async fn clear(Shared(world): Sim) -> Answer {
    world.lock().aims.clear();
    said(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    #[serde(default)]
    appid: Option<String>,
}

pub(super) async fn kill_tokens(Shared(world): Sim, body: Bytes) -> Answer {
    let Whose { appid } = read(&body)?;
    world.lock().kill_tokens(appid.as_deref());
    said(&json!({}))
}

pub(super) async fn expire_tokens(Shared(world): Sim, body: Bytes) -> Answer {
    let Whose { appid } = read(&body)?;
    world.act(|state, now| state.expire_tokens(appid.as_deref(), now));
    said(&json!({}))
}

pub(super) async fn rotate_tickets(Shared(world): Sim, body: Bytes) -> Answer {
    let Whose { appid } = read(&body)?;
    world.lock().rotate_tickets(appid.as_deref());
    said(&json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Down {
    down: bool,
}

/// Whether WeChat is away.
pub(super) async fn is_down(Shared(world): Sim) -> Answer {
    said(&json!({ "down": world.lock().down }))
}

/// Sends WeChat away or brings it back; the control surface stays.
pub(super) async fn set_down(Shared(world): Sim, body: Bytes) -> Answer {
    let Down { down } = read(&body)?;
    world.lock().down = down;
    said(&json!({ "down": down }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    number: u64,
}

/// Pushes an event once more.
pub(super) async fn push_again(Shared(world): Sim, body: Bytes) -> Answer {
    let Which { number } = read(&body)?;
    if !world.act(|state, _| state.outbox.again(number)) {
        return Err(Refused::NoSuch("push"));
    }
    said(&json!({}))
}

/// Lets go what a fault holds back.
pub(super) async fn release(Shared(world): Sim) -> Answer {
    world.act(|state, _| state.outbox.release());
    said(&json!({}))
}
