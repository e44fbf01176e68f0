//! Pushing one event: try by try, until it is accepted or its schedule is over.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::fault::PushFault;
use super::parcel::Parcel;
use super::push::{PushState, Try};
use super::schedule::{self, Failure};
use super::world::World;
use crate::simulator::caller;
use crate::simulator::target;

/// More than any honest reply needs.
const MOST_ANSWER: usize = 64 * 1024;
const MOST_DELAY: u64 = 60_000;

/// Pushes one event to the end; whoever called has counted it as busy.
pub(super) async fn deliver(world: Arc<World>, number: u64) {
    let stopping = world.stopping.clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = tries(&world, number) => {}
    }
    world.busy.send_modify(|busy| *busy = busy.saturating_sub(1));
}

async fn tries(world: &Arc<World>, number: u64) {
    let mut tried = 0;
    loop {
        let fault = world.lock().outbox.get(number).and_then(|push| push.fault);
        let fault = fault.filter(|_| tried == 0);
        if let Some(PushFault::Delay { ms }) = fault {
            caller::pause(Duration::from_millis(ms.min(MOST_DELAY))).await;
        }
        let copies = match fault {
            Some(PushFault::Duplicate { times }) => times.clamp(1, 64),
            _ => 1,
        };
        let attempts = (0..copies).map(|copy| attempt(world, number, fault, tried, copy));
        let outcomes = join_all(attempts).await;
        tried += 1;
        // Whatever waited for this one may follow it now.
        world.act(|state, _| state.outbox.release());
        let failure = outcomes.into_iter().reduce(Option::and).flatten();
        let Some(failure) = failure else { return settle(world, number, PushState::Delivered) };
        let (event, switches) = {
            let mut state = world.lock();
            let event = state.outbox.get(number).map(|push| push.event.clone());
            (event.unwrap_or_default(), state.switches.clone())
        };
        let pause = schedule::pause(&event, switches.retries, failure, tried);
        let Some(pause) = pause else { return settle(world, number, PushState::GivenUp) };
        if switches.retries_by_clock {
            wait_for_clock(world, pause).await;
        } else {
            caller::pause(world.settings.pause_between_tries).await;
        }
    }
}

fn settle(world: &World, number: u64, end: PushState) {
    if let Some(push) = world.lock().outbox.get(number) {
        push.state = end;
    }
}

/// The simulated clock is moved by others, so it is looked at again and again.
async fn wait_for_clock(world: &World, pause: TimeDelta) {
    let due = world.now() + pause;
    world.busy.send_modify(|busy| *busy = busy.saturating_sub(1));
    while world.now() < due {
        caller::pause(Duration::from_millis(10)).await;
    }
    world.busy.send_modify(|busy| *busy += 1);
}

/// One try: nothing when it was accepted.
async fn attempt(
    world: &Arc<World>,
    number: u64,
    fault: Option<PushFault>,
    tried: usize,
    copy: usize,
) -> Option<Failure> {
    let parcel = Parcel::pack(world, number, fault, &format!("{tried}/{copy}"))?;
    let begun = Instant::now();
    let heard = send(world, &parcel).await;
    let mut entry = Try {
        at: parcel.at,
        query: parcel.query.clone(),
        body: parcel.body.clone(),
        ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        ..Try::default()
    };
    match heard {
        Ok((status, answer)) => {
            entry.status = Some(status);
            entry.is_accepted = status == 200 && (answer.is_empty() || answer == "success");
            entry.answer = answer;
        }
        Err(error) => entry.error = Some(error),
    }
    let failure = judge(world, &entry, &parcel, fault);
    if let Some(push) = world.lock().outbox.get(number) {
        push.tries.push(entry);
    }
    failure
}

fn judge(world: &World, entry: &Try, parcel: &Parcel, fault: Option<PushFault>) -> Option<Failure> {
    if fault == Some(PushFault::LoseAnswer) {
        return Some(Failure::Dead);
    }
    if entry.is_accepted && parcel.is_forged {
        world.lock().report.bad_reply("a forged push was accepted");
        return Some(Failure::Malformed);
    }
    if entry.is_accepted {
        return None;
    }
    if entry.status == Some(200) {
        let said: String = entry.answer.chars().take(60).collect();
        world.lock().report.bad_reply(&format!("a reply that is no success: {said}"));
    }
    Some(if entry.status.is_some() { Failure::Malformed } else { Failure::Dead })
}

async fn send(world: &World, parcel: &Parcel) -> Result<(u16, String), String> {
    let mut url = url::Url::parse(&parcel.url).map_err(|error| error.to_string())?;
    target::check(&url, &world.settings.allowed_callback_hosts).map_err(|no| no.to_string())?;
    let query = match url.query() {
        Some(own) => format!("{own}&{}", parcel.query),
        None => parcel.query.clone(),
    };
    url.set_query(Some(&query));
    let told = |error: reqwest::Error| {
        if error.is_timeout() { "timed out".to_owned() } else { error.without_url().to_string() }
    };
    let request = if parcel.body.is_empty() {
        world.client.get(url)
    } else {
        world.client.post(url).header("Content-Type", "text/xml").body(parcel.body.clone())
    };
    let mut reply = request.send().await.map_err(told)?;
    let status = reply.status().as_u16();
    let mut answer = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(told)? {
        answer.extend_from_slice(&chunk);
        if answer.len() > MOST_ANSWER {
            return Err("the answer is longer than 64 KiB".to_owned());
        }
    }
    Ok((status, String::from_utf8_lossy(&answer).into_owned()))
}

/// Asks the callback of an account to prove itself, as the console does before it saves the address.
pub(super) async fn verify(world: &World, appid: &str) -> Result<bool, String> {
    let Some((parcel, echo)) = Parcel::question(world, appid) else {
        return Err("the account has no callback".to_owned());
    };
    let (status, answer) = send(world, &parcel).await?;
    Ok(status == 200 && answer == echo)
}
