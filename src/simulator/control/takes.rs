//! `POST /_sim/take` and `POST /_sim/retake`: the user's finger on the button.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;
use tokio::task::JoinError;

use super::{Answer, Sim, Wrong, read, said};
use crate::simulator::crowd::{self, CrowdOrder, MOST_TAKES};
use crate::simulator::fault::Fault;
use crate::simulator::ledger::TakeError;
use crate::simulator::state::World;
use crate::simulator::take::{self, TakeOrder};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    app_key: Option<String>,
    coupon_template_id: i64,
    open_id: Option<String>,
    open_ids: Option<Vec<String>>,
    count: Option<usize>,
    record_id: Option<String>,
    #[serde(default)]
    faults: Vec<Fault>,
    parallel: Option<usize>,
}

/// One take for `open_id`, or a crowd for `open_ids` or `count` made-up people.
pub(super) async fn take(Shared(world): Sim, body: Bytes) -> Answer {
    let wish: Take = read(&body)?;
    let crowd = match (wish.open_id, wish.open_ids, wish.count) {
        (Some(open_id), None, None) => {
            let order = TakeOrder {
                app_key: wish.app_key,
                coupon_template_id: wish.coupon_template_id,
                open_id,
                record_id: wish.record_id,
                faults: wish.faults,
            };
            return said(&seen_through(async move { take::take(&world, order).await }).await?);
        }
        (None, Some(open_ids), None) => open_ids,
        (None, None, Some(count)) => people(&world, count.min(MOST_TAKES)),
        _ => return Err(Wrong::input("name one of open_id, open_ids and count")),
    };
    if wish.record_id.is_some() || crowd.len() > MOST_TAKES {
        return Err(Wrong::input("a crowd is bounded and has no single record_id"));
    }
    let order = CrowdOrder {
        app_key: wish.app_key,
        coupon_template_id: wish.coupon_template_id,
        open_ids: crowd,
        faults: wish.faults,
        parallel: wish.parallel.unwrap_or(8),
    };
    said(&seen_through(async move { crowd::take_all(&world, order).await }).await?)
}

/// People who were never seen before.
fn people(world: &World, count: usize) -> Vec<String> {
    let crowd = world.lock().alphanumeric(8);
    (1..=count).map(|number| format!("sim-{crowd}-{number}")).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retake {
    record_id: String,
    #[serde(default)]
    faults: Vec<Fault>,
}

/// Asks again for a record, as after a restart of the platform.
pub(super) async fn retake(Shared(world): Sim, body: Bytes) -> Answer {
    let Retake { record_id, faults } = read(&body)?;
    said(&seen_through(async move { take::retake(&world, &record_id, faults).await }).await?)
}

/// Goes on to the end even when whoever asked has gone away.
async fn seen_through<T: Send + 'static>(
    work: impl Future<Output = Result<T, TakeError>> + Send + 'static,
) -> Result<T, Wrong> {
    let done = tokio::spawn(work).await;
    let broken = |error: JoinError| Wrong(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    Ok(done.map_err(broken)??)
}
