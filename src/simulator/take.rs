//! A user takes a coupon on the platform, which asks the developer for the code.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;

use super::caller::{Heard, pause};
use super::fault::{Fault, Plan};
use super::ledger::{Begun, TakeError};
use super::letter::{self, Ask};
use super::record::{Attempt, Outcome, TakeReport, Verdict};
use super::state::World;
use super::verdict;

/// One person's wish for one coupon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakeOrder {
    /// The app; when left out, the template says which.
    pub app_key: Option<String>,
    /// What is taken.
    pub coupon_template_id: i64,
    /// Who takes.
    pub open_id: String,
    /// The record's id, when a story needs a certain one.
    pub record_id: Option<String>,
    /// What goes wrong; when empty, the next set that waits is used.
    pub faults: Vec<Fault>,
}

impl TakeOrder {
    /// A take with nothing special about it.
    pub fn new(coupon_template_id: i64, open_id: &str) -> Self {
        Self { coupon_template_id, open_id: open_id.to_owned(), ..Self::default() }
    }

    /// The same take with a fault.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// Takes one coupon, from the record to the wallet.
pub(super) async fn take(world: &Arc<World>, order: TakeOrder) -> Result<TakeReport, TakeError> {
    if order.faults.contains(&Fault::SwapPairs) {
        return Err(TakeError::NothingToSwap);
    }
    let begun = world.begin(&order)?;
    let plan = Plan::of(&world.faults_for(order.faults));
    Ok(go_on(world, begun, &plan).await)
}

/// Asks again for a record that exists.
pub(super) async fn retake(
    world: &Arc<World>,
    record_id: &str,
    faults: Vec<Fault>,
) -> Result<TakeReport, TakeError> {
    let ask = world.begin_again(record_id)?;
    let plan = Plan::of(&world.faults_for(faults));
    Ok(go_on(world, Begun::Ask(ask), &plan).await)
}

/// Everything after the record was written.
pub(super) async fn go_on(world: &Arc<World>, begun: Begun, plan: &Plan) -> TakeReport {
    let ask = match begun {
        Begun::Ask(ask) => ask,
        Begun::NotOffered(report) => return report,
    };
    let mut tries = Vec::new();
    let mut outcome = Outcome::Failed;
    let most = world.lock().switches.deliveries_legacy;
    for number in 1..=most {
        if number > 1 {
            pause(world.settings.pause_between_tries).await;
        }
        let heard = one_try(world, &ask, plan, number).await;
        let clear = heard.iter().find(|attempt| attempt.seen && attempt.verdict.is_clear());
        let decided = clear.map(|attempt| attempt.verdict.clone());
        tries.extend(heard);
        if let Some(verdict) = decided {
            outcome = ended(verdict);
            break;
        }
    }
    let succeeded = matches!(outcome, Outcome::Issued { .. });
    if let Some(last) = tries.last().filter(|_| plan.replay && succeeded) {
        let (number, letter) = (last.number + 1, last.request.clone());
        tries.push(send(world, &ask, plan, number, letter).await);
    }
    world.settle(&ask, outcome, plan.is_genuine(), tries)
}

fn ended(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Issued { code } => Outcome::Issued { code },
        Verdict::Refused { errno, msg } => Outcome::Refused { errno, msg },
        Verdict::Unclear { .. } => Outcome::Failed,
    }
}

/// One try: usually one call, more when the first try is doubled or overtaken.
async fn one_try(world: &Arc<World>, ask: &Ask, plan: &Plan, number: u32) -> Vec<Attempt> {
    let (now, salt) = (world.now(), world.lock().switches.salt);
    let letter = letter::write(ask, plan, salt, now);
    if number > 1 {
        return vec![send(world, ask, plan, number, letter).await];
    }
    pause(plan.delay).await;
    if plan.overtaking {
        let later = letter::write(ask, plan, salt, now + TimeDelta::seconds(1));
        let second = send(world, ask, plan, number, later).await;
        let first = send(world, ask, plan, number, letter).await;
        return vec![second, first];
    }
    let copies = (0..plan.copies).map(|_| send(world, ask, plan, number, letter.clone()));
    join_all(copies).await
}

/// One call, noted in the transcript whatever comes of it.
async fn send(world: &Arc<World>, ask: &Ask, plan: &Plan, number: u32, letter: String) -> Attempt {
    let at = world.now();
    let hangs_up = number <= plan.hung_tries;
    let heard = if hangs_up {
        world.caller.call_and_hang_up(&ask.url, &letter).await
    } else {
        world.caller.call(&ask.url, &letter).await
    };
    let (verdict, departures) = verdict::read(&heard);
    let Heard { status, body, error, ms, .. } = heard;
    let attempt = Attempt {
        record_id: ask.record_id.clone(),
        number,
        at,
        url: ask.url.clone(),
        request: letter,
        genuine: plan.is_genuine(),
        seen: number > plan.lost_tries && !hangs_up,
        status,
        body,
        error,
        ms,
        verdict,
    };
    world.note(ask, &attempt, &departures);
    attempt
}
