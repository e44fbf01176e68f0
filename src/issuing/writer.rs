//! The second stage: one transaction at a time, and what to do when it fails.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::mpsc;

use super::{
    NoAnswer, Told, batch,
    connection::{Connection, Trouble},
    gather::{self, Job},
    terms::TermsCache,
};
use crate::{clock::Clock, store};

/// One lane.
pub(super) struct Writer {
    connection: Connection,
    clock: Arc<dyn Clock>,
    terms: TermsCache,
}

/// A transaction that takes longer is given up, connection and all; its outcome is then unknown.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a batch is tried again whole before its requests are suspected one by one.
const WHOLE_TRIES: u32 = 3;

impl Writer {
    pub fn new(options: PgConnectOptions, clock: Arc<dyn Clock>) -> Self {
        let connection = Connection::new(options, &store::issuing::WRITES);
        Self { connection, clock, terms: TermsCache::default() }
    }

    /// Runs until no more jobs can come.
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job>, most: usize) {
        while let Some(jobs) = gather::gather(&mut inbox, most).await {
            let size = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
            metrics::histogram!("kaquan_issue_batch_size").record(size);
            let work = AssertUnwindSafe(self.settle(jobs)).catch_unwind();
            if work.await.is_err() {
                self.connection.survive_panic();
            }
        }
    }

    /// Answers all jobs: whole where possible, in halves where one of them makes the whole fail.
    async fn settle(&mut self, jobs: Vec<Job>) {
        let mut unsettled = vec![jobs];
        while let Some(jobs) = unsettled.pop() {
            if let Some((jobs, cause)) = self.settle_whole(jobs).await {
                tracing::warn!(error = %cause, batch = jobs.len(), "A batch failed");
                split(jobs, &mut unsettled);
            }
        }
    }

    /// Tries a batch until it is committed or nobody waits for it any more; gives it back when it is to be split.
    async fn settle_whole(&mut self, mut jobs: Vec<Job>) -> Option<(Vec<Job>, sqlx::Error)> {
        let (mut tries, mut refused) = (0, 0);
        loop {
            jobs = gather::drop_late(jobs);
            if jobs.is_empty() {
                return None;
            }
            let error = match self.attempt(&jobs).await {
                Ok(answers) => {
                    for (job, told) in jobs.into_iter().zip(answers) {
                        job.answer(Ok(told));
                    }
                    return None;
                }
                Err(Trouble::Statement(error)) => {
                    // Halves are the next try; a lone request has none, and is not given up at its first failure.
                    refused = if jobs.len() > 1 { WHOLE_TRIES } else { refused + 1 };
                    error
                }
                Err(Trouble::Taken(error)) => {
                    refused += 1;
                    error
                }
                Err(Trouble::Again(error)) => error,
            };
            metrics::counter!("kaquan_issue_batch_failures_total").increment(1);
            if refused >= WHOLE_TRIES {
                return Some((jobs, error));
            }
            tries += 1;
            pause(tries, &error).await;
        }
    }

    /// One transaction. After an error at any point, commit included, running it again is safe: records make it so.
    async fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Told>, Trouble> {
        let conn = self.connection.get().await?;
        let run = batch::run(conn, &mut self.terms, &*self.clock, jobs);
        let outcome = match tokio::time::timeout(PATIENCE, run).await {
            Ok(outcome) => outcome.map_err(Trouble::from),
            Err(_) => Err(Trouble::Again(sqlx::Error::PoolTimedOut)),
        };
        if matches!(outcome, Err(Trouble::Again(_))) {
            self.connection.abandon();
        }
        outcome
    }
}

/// Halves are settled apart; a single request that still fails is the poisoned one.
fn split(mut jobs: Vec<Job>, unsettled: &mut Vec<Vec<Job>>) {
    if jobs.len() > 1 {
        let rest = jobs.split_off(jobs.len() / 2);
        unsettled.push(rest);
        unsettled.push(jobs);
        return;
    }
    for job in jobs {
        tracing::error!(
            template.id = %job.request.offer.template,
            placement.id = %job.request.offer.placement,
            "A request fails by itself and was given up"
        );
        metrics::counter!("kaquan_issue_poisoned_total").increment(1);
        job.answer(Err(NoAnswer::Failed));
    }
}

/// Waits a little before another try: at once the first time, then longer, never long.
#[expect(clippy::disallowed_methods, reason = "a worker waits for the database to come back")]
pub(super) async fn pause(tries: u32, error: &sqlx::Error) {
    if tries > 1 {
        tracing::warn!(error = %error, tries, "The database is in trouble, trying again");
        tokio::time::sleep(Duration::from_millis(u64::from(tries.min(10)) * 10)).await;
    }
}
