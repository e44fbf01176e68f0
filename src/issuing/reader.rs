//! The first stage: answers records that are known, passes the others on.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    time::Duration,
};

use futures_util::FutureExt;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::mpsc;

use super::{
    connection::{Connection, Trouble},
    gather::{self, Job},
    writer::pause,
};
use crate::store::issuing::Known;
use crate::{domain::id::TemplateId, store};

pub(super) struct Reader {
    connection: Connection,
    lanes: Vec<mpsc::UnboundedSender<Job>>,
}

impl Reader {
    pub fn new(options: PgConnectOptions, lanes: Vec<mpsc::UnboundedSender<Job>>) -> Self {
        Self { connection: Connection::new(options, &store::issuing::READS), lanes }
    }

    /// Runs until no more jobs can come.
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job>, most: usize) {
        while let Some(jobs) = gather::gather(&mut inbox, most).await {
            let work = AssertUnwindSafe(self.sort_out(jobs)).catch_unwind();
            if work.await.is_err() {
                self.connection.survive_panic();
            }
        }
    }

    async fn sort_out(&mut self, mut jobs: Vec<Job>) {
        jobs = self.pass_on_one_offs(jobs);
        let mut tries = 0;
        let known = loop {
            jobs = gather::drop_late(jobs);
            if jobs.is_empty() {
                return;
            }
            match self.look_up(&jobs).await {
                Ok(known) => break known,
                // One of them has an answer that cannot be read; the writer finds out which.
                Err(Trouble::Statement(error)) => {
                    tracing::warn!(error = %error, batch = jobs.len(), "Known records cannot be read");
                    break Vec::new();
                }
                Err(Trouble::Again(error) | Trouble::Taken(error)) => {
                    self.connection.abandon();
                    tries += 1;
                    pause(tries, &error).await;
                }
            }
        };
        let mut answers: Vec<Option<Known>> = vec![None; jobs.len()];
        for (position, known) in known {
            answers[position] = Some(known);
        }
        for (job, known) in jobs.into_iter().zip(answers) {
            match known {
                Some(known) => {
                    let told = gather::replay(&job.request, job.holder, &known);
                    job.answer(Ok(told));
                }
                None => self.pass_on(job),
            }
        }
    }

    /// Of those that nobody has asked before there is nothing to be known.
    fn pass_on_one_offs(&self, jobs: Vec<Job>) -> Vec<Job> {
        let (new, others): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| job.request.is_one_off);
        for job in new {
            self.pass_on(job);
        }
        others
    }

    async fn look_up(&mut self, jobs: &[Job]) -> Result<Vec<(usize, Known)>, Trouble> {
        let asked = gather::asked(jobs);
        let conn = self.connection.get().await?;
        let read = store::issuing::find_known(conn, &asked);
        match tokio::time::timeout(Duration::from_secs(2), read).await {
            Ok(known) => Ok(known?),
            Err(_) => Err(Trouble::Again(sqlx::Error::PoolTimedOut)),
        }
    }

    /// All requests of one template go through one lane, so that lanes of one server never wait for each other.
    fn pass_on(&self, job: Job) {
        let lane = lane_of(job.request.offer.template, self.lanes.len());
        if let Err(stopped) = self.lanes[lane].send(job) {
            stopped.0.answer(Err(super::NoAnswer::Busy));
        }
    }
}

fn lane_of(template: TemplateId, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    template.hash(&mut hasher);
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or_default()
}
