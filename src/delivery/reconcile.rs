//! Holds our figures against the platform's: once a day, and when it is asked to.
//!
//! Whoever is to do it is a row in `reconciliation`, so that of several servers one does; what was found is written in
//! one transaction with the end of it. A day's job that fails is tried again until the next day's takes its place, and
//! the first one after a while without looks at all the days that were missed.

mod pull;
mod sides;

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::FutureExt;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Inner, Worker};
use crate::{
    domain::{
        day::{before, day_in_china, job_day},
        id::{AppId, ReconciliationId},
        reconciliation::{Comparison, Rule, compare},
    },
    store::{self, reconciliation::leave::Leave},
};

/// How long one may take, before it counts as given up.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often to look whether a job is due.
const LOOK: Duration = Duration::from_secs(20);
/// No platform is asked about more days at once.
const MOST_DAYS: i32 = 31;
/// The pause after a day's job that failed, for each attempt; and the longest.
const PAUSE: TimeDelta = TimeDelta::minutes(10);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(2);

/// Looks for what is due until it is told to stop; what is under way then is left to the next who looks.
pub(super) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = look(&inner, &stop).await {
            tracing::warn!(error = %error, "cannot look for reconciliations");
        }
        let asked = timeout(LOOK, inner.reconciliation_asked.notified());
        let _asked_or_not = stop.run_until_cancelled(asked).await;
    }
}

/// Asks for the jobs of the day, and does what is due; how many were begun.
async fn look(inner: &Inner, stop: &CancellationToken) -> anyhow::Result<usize> {
    if inner.reconciliation.enabled {
        request_jobs(inner).await?;
    }
    let mut begun = 0;
    while !stop.is_cancelled() {
        // Never cut short: a leave that nobody knows of would keep others waiting until it runs out.
        let Some(leave) = start_next(inner).await? else { break };
        begun += 1;
        // How it failed stands in its row, and in the log.
        let ended = stop.run_until_cancelled(attempt(inner, &leave)).await;
        if ended.is_none() {
            let now = inner.clock.now();
            fail(inner, &leave, "the server was stopped", Some(now)).await?;
        }
    }
    Ok(begun)
}

async fn request_jobs(inner: &Inner) -> anyhow::Result<()> {
    let now = now(inner).await?;
    let due = job_day(now, inner.reconciliation.at);
    let mut conn = inner.db.acquire().await?;
    for app in store::reconciliation::leave::list_without_job(&mut conn, due).await? {
        let last = store::reconciliation::leave::find_last_day(&mut conn, app).await?;
        // The last day that was compared was still moving then, and so may have been the one before.
        let missed = last.map_or(0, |last| (day_in_china(now) - last).num_days() + 1);
        let missed = i32::try_from(missed).unwrap_or(MOST_DAYS);
        let days = missed.clamp(i32::from(inner.reconciliation.days), MOST_DAYS);
        let id = ReconciliationId::new(now);
        let job = (due, days);
        store::reconciliation::leave::request_job(&mut conn, now, id, app, job).await?;
    }
    Ok(())
}

async fn start_next(inner: &Inner) -> anyhow::Result<Option<Leave>> {
    let now = inner.clock.instead_of_database();
    let mut conn = inner.db.acquire().await?;
    store::reconciliation::leave::give_up(&mut conn, now).await?;
    match store::reconciliation::leave::start_next(&mut conn, now, PATIENCE).await {
        // Another server began another one of the same app in the same moment.
        Err(error) if store::violates(&error, "reconciliation_one_running") => Ok(None),
        leave => Ok(leave?),
    }
}

impl Worker {
    /// Holds our figures of an app against the platform's, now and here, for so many whole days and today.
    ///
    /// # Errors
    /// When the platform cannot be asked, or another one of the app is under way.
    pub async fn reconcile(
        &self,
        app: AppId,
        days: u8,
    ) -> anyhow::Result<(ReconciliationId, Comparison)> {
        let inner = &self.inner;
        let id = ReconciliationId::new(inner.clock.now());
        let days = i32::from(days).clamp(1, MOST_DAYS);
        let now = inner.clock.instead_of_database();
        let leave = {
            let mut conn = inner.db.acquire().await?;
            store::reconciliation::leave::give_up(&mut conn, now).await?;
            let started =
                store::reconciliation::leave::start(&mut conn, now, id, (app, days), PATIENCE);
            match started.await {
                Err(error) if store::violates(&error, "reconciliation_one_running") => {
                    bail!("another reconciliation of this app is under way")
                }
                Err(error) if store::violates(&error, "reconciliation_app") => bail!("no such app"),
                leave => leave?,
            }
        };
        Ok((id, attempt(inner, &leave).await?))
    }

    /// Does the reconciliations that are due, as happens by itself; how many were begun.
    pub async fn reconcile_due(&self) -> anyhow::Result<usize> {
        look(&self.inner, &CancellationToken::new()).await
    }
}

/// Runs one; what came of it is written either way.
#[tracing::instrument(name = "delivery.reconcile", skip_all, fields(app.id = %leave.app, reconciliation.id = %leave.id))]
async fn attempt(inner: &Inner, leave: &Leave) -> anyhow::Result<Comparison> {
    let work = AssertUnwindSafe(compare_now(inner, leave)).catch_unwind();
    let compared = match timeout(PATIENCE, work).await {
        Ok(Ok(compared)) => compared,
        Ok(Err(_panic)) => Err(anyhow::anyhow!("it panicked; this is a fault of kaquan's")),
        Err(_elapsed) => {
            Err(anyhow::anyhow!("it took longer than {} minutes", PATIENCE.as_secs() / 60))
        }
    };
    match &compared {
        Ok(comparison) => report(leave.app, comparison),
        Err(error) => {
            let error = format!("{error:#}");
            metrics::counter!("kaquan_reconciliations_failed_total").increment(1);
            tracing::warn!(
                attempt = leave.attempts,
                "our figures were not held against the platform's: {error}"
            );
            // One that somebody waits for says so at once; a day's job has the day.
            let pause = (PAUSE * leave.attempts).min(LONGEST_PAUSE);
            let retry_at = leave.job_day.map(|_| inner.clock.now() + pause);
            if let Err(error) = fail(inner, leave, &error, retry_at).await {
                tracing::warn!(error = %error, "cannot write down that a reconciliation failed");
            }
        }
    }
    compared
}

async fn fail(
    inner: &Inner,
    leave: &Leave,
    error: &str,
    retry_at: Option<DateTime<Utc>>,
) -> anyhow::Result<()> {
    let now = inner.clock.now();
    let mut conn = inner.db.acquire().await?;
    store::reconciliation::leave::mark_failed(&mut conn, now, leave, error, retry_at).await?;
    Ok(())
}

async fn compare_now(inner: &Inner, leave: &Leave) -> anyhow::Result<Comparison> {
    let began = now(inner).await?;
    let last = day_in_china(began);
    let first = before(last, u64::try_from(leave.days)?);
    let expected = sides::expected(inner, leave.app).await?;

    // No connection is held from here until all is heard.
    let pulled = pull::pull(inner, leave.app, (before(first, 1), last)).await?;

    let both = sides::read(inner, leave.app, began, &expected, &pulled).await?;
    let tolerance = i64::from(inner.reconciliation.tolerance);
    let rule = Rule { today: last, first, tolerance };
    let strangers = (both.strangers.as_slice(), both.arrivals);
    let differences = compare(&both.subjects, strangers, rule);
    let comparison = Comparison { first, last, subjects: both.subjects, differences };
    write(inner, leave, &pulled, &comparison).await?;
    Ok(comparison)
}

/// One transaction: what was pulled, what differs, and that this one has come to its end.
async fn write(
    inner: &Inner,
    leave: &Leave,
    pulled: &pull::Pulled,
    comparison: &Comparison,
) -> anyhow::Result<()> {
    let now = now(inner).await?;
    let mut tx = store::begin(&inner.db).await?;
    store::platform_figure::store(&mut tx, now, leave.app, &pulled.figures).await?;
    let (seen, complete) = (pulled.seen(), pulled.complete);
    store::platform_template::store(&mut tx, now, leave.app, &seen, complete).await?;
    let differences = &comparison.differences;
    store::reconciliation::insert_differences(&mut tx, (leave.id, pulled.platform), differences)
        .await?;
    let span: (NaiveDate, NaiveDate) = (comparison.first, comparison.last);
    let unexplained = i32::try_from(comparison.unexplained()).unwrap_or(i32::MAX);
    let ours =
        store::reconciliation::leave::mark_done(&mut tx, now, leave, span, unexplained).await?;
    if !ours {
        bail!("it took so long that somebody else has begun it again");
    }
    tx.commit().await.context("what was found cannot be written")
}

/// The database's time, by which all servers count their days.
async fn now(inner: &Inner) -> anyhow::Result<DateTime<Utc>> {
    Ok(inner.clock.at_database(store::now(&inner.db).await?))
}

/// One line of the log for each kind of difference.
fn report(app: AppId, comparison: &Comparison) {
    let mut kinds: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    for difference in comparison.differences.iter().filter(|difference| !difference.explained) {
        let (count, size) = kinds.entry(difference.kind.as_str()).or_default();
        *count += 1;
        *size += difference.size();
    }
    metrics::counter!("kaquan_reconciliations_total").increment(1);
    for (kind, (count, size)) in kinds {
        metrics::counter!("kaquan_reconciliation_differences_total", "kind" => kind)
            .increment(u64::try_from(count).unwrap_or_default());
        tracing::warn!(app.id = %app, kind, count, size, "our figures differ from the platform's: {kind}");
    }
    let (first, last) = (comparison.first, comparison.last);
    tracing::info!(
        app.id = %app, %first, %last, differences = comparison.differences.len(),
        "our figures were held against the platform's"
    );
}
