//! A panic ends one round of work, never the worker.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// The work's own end; a panic is an error like any other.
pub(super) async fn survive<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_panic| {
        metrics::counter!("kaquan_delivery_panics_total").increment(1);
        Err(anyhow::anyhow!("it panicked; this is a fault of kaquan's"))
    })
}
