//! Shows that this worker lives, and takes over from those that do not.
//!
//! A worker holds an advisory lock on its number for as long as its connection lives. When the process dies, the system
//! closes the connection, Postgres frees the lock, and any peer sees it with its next look. A worker whose connection
//! breaks while the process lives on comes back under a new number: what it had leased under the old one is taken over,
//! by itself or by others, and what it still says about it is dropped.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Inner, survive::survive};
use crate::store;

/// How long a look may take before the connection counts as broken.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause before a broken connection is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Lives until it is told to leave, which is when nothing is held any more.
pub(super) async fn show(
    inner: Arc<Inner>,
    options: PgConnectOptions,
    alive: watch::Sender<Option<i32>>,
    leave: CancellationToken,
) {
    let life = async {
        loop {
            if let Err(error) = survive(live(&inner, &options, &alive)).await {
                alive.send_replace(None);
                tracing::warn!(error = %error, "the delivery worker has lost its connection");
            }
            pause().await;
        }
    };
    leave.run_until_cancelled(life).await;
    alive.send_replace(None);
}

#[expect(clippy::disallowed_methods, reason = "only the worker waits")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

/// One connection's life; ends when it breaks.
async fn live(
    inner: &Inner,
    options: &PgConnectOptions,
    alive: &watch::Sender<Option<i32>>,
) -> anyhow::Result<()> {
    let mut conn = timeout(PATIENCE, PgConnection::connect_with(options)).await??;
    let now = inner.clock.now();
    let number = timeout(PATIENCE, store::delivery::presence::register(&mut conn, now)).await??;
    timeout(PATIENCE, store::channel::insert_missing(&mut conn, now)).await??;
    alive.send_replace(Some(number));
    tracing::info!(worker = number, "the delivery worker is at work");
    let mut ticks = interval(inner.settings.poll);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = inner.clock.instead_of_database();
        let look = store::delivery::presence::rescue(&mut conn, now, number);
        report(timeout(PATIENCE, look).await??);
        let look = store::delivery::owe::arm_overdue(&mut conn, now);
        timeout(PATIENCE, look).await??;
    }
}

/// One look, on a connection of the pool.
pub(super) async fn rescue(inner: &Inner) -> anyhow::Result<i64> {
    let now = inner.clock.instead_of_database();
    let number = inner.instance.borrow().unwrap_or_default();
    let mut conn = inner.db.acquire().await?;
    let rescued = store::delivery::presence::rescue(&mut conn, now, number).await?;
    report(rescued);
    Ok(rescued)
}

fn report(rescued: i64) {
    if rescued > 0 {
        metrics::counter!("kaquan_deliveries_rescued_total").increment(rescued.unsigned_abs());
        tracing::warn!(rescued, "took over {rescued} deliveries from workers that are gone");
    }
}
