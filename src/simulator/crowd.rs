//! Many takes at once: a crowd before one coupon.

use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use serde::Serialize;

use super::fault::{Fault, Plan};
use super::ledger::TakeError;
use super::record::{Outcome, TakeReport};
use super::state::World;
use super::take::{TakeOrder, go_on, take};

const MOST_AT_ONCE: usize = 256;
/// How large a crowd may be.
pub const MOST_TAKES: usize = 100_000;

/// A crowd that takes the same coupon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrowdOrder {
    /// The app; when left out, the template says which.
    pub app_key: Option<String>,
    /// What is taken.
    pub coupon_template_id: i64,
    /// Who takes; a person may come more than once.
    pub open_ids: Vec<String>,
    /// What goes wrong with every take.
    pub faults: Vec<Fault>,
    /// How many are under way together: at least 1, at most 256.
    pub parallel: usize,
}

/// How the crowd fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrowdReport {
    /// How many takes there were.
    pub takes: usize,
    /// How many brought a coupon.
    pub issued: usize,
    /// How many were refused by the developer.
    pub refused: usize,
    /// How many never got a clear answer.
    pub failed: usize,
    /// How many the platform did not offer.
    pub not_offered: usize,
    /// How many records heard different answers.
    pub inconsistent: usize,
    /// How long it took, from the first to the last.
    pub ms: u64,
    /// Each take, in the order of the open ids.
    pub results: Vec<TakeReport>,
}

/// Lets the crowd take, at most `parallel` at once.
pub(super) async fn take_all(
    world: &Arc<World>,
    order: CrowdOrder,
) -> Result<CrowdReport, TakeError> {
    let begun = Instant::now();
    let size = if order.faults.contains(&Fault::SwapPairs) { 2 } else { 1 };
    let groups: Vec<Vec<TakeOrder>> =
        order.open_ids.chunks(size).map(|group| orders(&order, group)).collect();
    let waves = stream::iter(groups.into_iter().map(|group| take_group(world, group)));
    let done: Vec<_> = waves.buffered(order.parallel.clamp(1, MOST_AT_ONCE)).collect().await;

    let mut results = Vec::new();
    for group in done {
        results.extend(group?);
    }
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(summary(results, ms))
}

fn orders(order: &CrowdOrder, open_ids: &[String]) -> Vec<TakeOrder> {
    let of_one = |open_id: &String| TakeOrder {
        app_key: order.app_key.clone(),
        coupon_template_id: order.coupon_template_id,
        open_id: open_id.clone(),
        record_id: None,
        faults: order.faults.clone(),
    };
    open_ids.iter().map(of_one).collect()
}

/// One take, or two whose calls leave in swapped order.
async fn take_group(
    world: &Arc<World>,
    group: Vec<TakeOrder>,
) -> Result<Vec<TakeReport>, TakeError> {
    let (first, second) = match <[TakeOrder; 2]>::try_from(group) {
        Ok([first, second]) => (first, second),
        Err(group) => {
            let mut reports = Vec::new();
            for order in group {
                reports.push(take(world, order).await?);
            }
            return Ok(reports);
        }
    };
    let plan = Plan::of(&first.faults);
    let (earlier, later) = (world.begin(&first)?, world.begin(&second)?);
    let second = go_on(world, later, &plan).await;
    let first = go_on(world, earlier, &plan).await;
    Ok(vec![first, second])
}

fn summary(results: Vec<TakeReport>, ms: u64) -> CrowdReport {
    let count = |wanted: fn(&Outcome) -> bool| {
        results.iter().filter(|report| wanted(&report.outcome)).count()
    };
    CrowdReport {
        takes: results.len(),
        issued: count(|outcome| matches!(outcome, Outcome::Issued { .. })),
        refused: count(|outcome| matches!(outcome, Outcome::Refused { .. })),
        failed: count(|outcome| matches!(outcome, Outcome::Failed)),
        not_offered: count(|outcome| matches!(outcome, Outcome::NotOffered { .. })),
        inconsistent: results.iter().filter(|report| !report.consistent).count(),
        ms,
        results,
    }
}
