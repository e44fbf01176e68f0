//! The issuing engine: many waiting callers, one transaction.
//!
//! A caller hands a [`Request`] to the [`Issuer`] and awaits its answer; the engine owns the work from then on, so a
//! caller that hangs up changes nothing. While one batch is being committed the next callers gather, and then all of
//! them go together: an idle engine answers a lone caller at once, a busy one grows its batches by itself.
//!
//! Requests pass two stages. The reader answers records that are known already with one read that locks nothing. The
//! rest go to a writer lane, the same for all requests of one template, which runs one transaction at a time.

mod batch;
mod connection;
mod draw;
mod gather;
mod given;
mod plan;
mod reader;
mod terms;
mod writer;

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::Instant,
};

use crate::{
    clock::Clock,
    config::issuing::Issuing,
    domain::{
        card::Suspension,
        claim::ClaimRefusal,
        code::CouponCode,
        id::{AppId, HolderId, MemberId},
        people::{OpenId, Record},
        validity::Validity,
    },
};

pub use crate::store::issuing::{IssuedCoupon, OfferKey};
use gather::Job;

/// Somebody wants a coupon.
#[derive(Debug, Clone)]
pub struct Request {
    /// The app on which the record and the holder are known.
    pub app: AppId,
    /// What is wanted.
    pub offer: OfferKey,
    /// Who wants it.
    pub open_id: OpenId,
    /// The act of claiming: asked again, it is answered the same.
    pub record: Record,
    /// For requests that carry the time at which they were made.
    pub made: Option<Made>,
    /// Who the person is, for one whom the app meets for the first time.
    pub member: Option<MemberId>,
    /// Whether nobody will ever ask again under this record: then it is not looked for, and no refusal is remembered.
    pub is_one_off: bool,
    /// What a platform has given out already: it is written down, and never refused.
    pub given: Option<Given>,
}

/// A coupon that somebody has in their hands: neither the limit nor the stock is asked any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// What the holder shows.
    pub code: CouponCode,
    /// When it was taken, by the platform's clock: its validity is counted from then.
    pub at: DateTime<Utc>,
    /// The terms and the span that it goes on with, where it came from somebody who had it under another code.
    pub inherited: Option<(i32, Validity)>,
    /// What keeps it from being used, and since when.
    pub suspension: Option<(Suspension, DateTime<Utc>)>,
    /// When and where it was used at a till of the platform's.
    pub used: Option<(DateTime<Utc>, String)>,
}

/// When a request was made, and how far from now that may be for a record that is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// By the caller's clock.
    pub at: DateTime<Utc>,
    /// In either direction, both ends included.
    pub tolerance: TimeDelta,
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The coupon of this record, new or as it was given before.
    Issued(IssuedCoupon),
    /// No coupon.
    Refused(ClaimRefusal),
}

/// What the engine says, and whether it was said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// Whether the record was known: then nothing was issued now.
    pub again: bool,
}

/// Nothing was decided as far as the caller can know; asking again with the same record is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Too much to do: nothing was begun.
    #[error("full, try again")]
    Full,
    /// Not in time, or the database is away; the work may still come to something.
    #[error("busy, try again")]
    Busy,
    /// This request alone makes its transaction fail.
    #[error("the request cannot be carried out")]
    Failed,
}

/// The door to the engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Issuer {
    inbox: mpsc::UnboundedSender<Job>,
    places: Arc<Semaphore>,
    capacity: usize,
    deadline: Duration,
}

/// The engine's threads; they end when the last [`Issuer`] is dropped and all accepted work is done.
#[derive(Debug)]
pub struct Engine {
    threads: Vec<JoinHandle<()>>,
}

/// Starts an engine with connections of its own: one to read, one per lane to write.
///
/// Each stage has a thread of its own. Among the tasks of hundreds of callers, a batch that has its answer from the
/// database would wait for its turn five times, with the locks held.
///
/// # Errors
/// When the operating system has no thread to give.
#[expect(clippy::needless_pass_by_value, reason = "the engine keeps the clock")]
pub fn start(
    settings: &Issuing,
    database: &PgConnectOptions,
    clock: Arc<dyn Clock>,
) -> std::io::Result<(Issuer, Engine)> {
    let options = connection::tuned(database, settings.deadline);
    let most = settings.batch;
    let mut lanes = Vec::new();
    let mut threads = Vec::new();
    for number in 0..settings.lanes.max(1) {
        let (lane, inbox) = mpsc::unbounded_channel();
        let writer = writer::Writer::new(options.clone(), Arc::clone(&clock));
        threads.push(spawn(format!("issue-write-{number}"), writer.run(inbox, most))?);
        lanes.push(lane);
    }
    let (inbox, waiting) = mpsc::unbounded_channel();
    let reader = reader::Reader::new(options, lanes);
    threads.push(spawn("issue-read".to_owned(), reader.run(waiting, most))?);
    let places = Arc::new(Semaphore::new(settings.queue));
    let issuer = Issuer { inbox, places, capacity: settings.queue, deadline: settings.deadline };
    Ok((issuer, Engine { threads }))
}

/// Runs one stage to its end on a thread of its own.
fn spawn(
    name: String,
    stage: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(name).spawn(move || runtime.block_on(stage))
}

impl Issuer {
    /// Asks for a coupon and waits for the answer, at most until the deadline.
    ///
    /// The work goes on when the caller stops waiting; the record then finds its answer on the next try.
    pub async fn issue(&self, request: Request) -> Result<Answer, NoAnswer> {
        self.ask(request).await.map(|told| told.answer)
    }

    /// The same, for callers who want to hear whether it was answered before.
    pub async fn ask(&self, request: Request) -> Result<Told, NoAnswer> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            metrics::counter!("kaquan_issue_shed_total", "why" => "queue_full").increment(1);
            return Err(NoAnswer::Full);
        };
        let deadline = Instant::now() + self.deadline;
        let (reply, answer) = oneshot::channel();
        let holder = HolderId::derive(request.app, request.open_id.as_str());
        let job = Job { request, holder, deadline, reply, place };
        if self.inbox.send(job).is_err() {
            return Err(NoAnswer::Busy);
        }
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(told)) => told,
            // The job was dropped at its deadline, or the engine is stopping.
            Ok(Err(_)) => Err(NoAnswer::Busy),
            Err(_) => {
                metrics::counter!("kaquan_issue_shed_total", "why" => "deadline").increment(1);
                Err(NoAnswer::Busy)
            }
        }
    }

    /// How many requests are inside the engine.
    pub fn waiting(&self) -> usize {
        self.capacity.saturating_sub(self.places.available_permits())
    }
}

impl Engine {
    /// Waits until all accepted work is done; every [`Issuer`] must have been dropped.
    pub async fn finish(self) {
        let join = move || {
            for thread in self.threads {
                if thread.join().is_err() {
                    tracing::error!("A thread of the issuing engine ended badly");
                }
            }
        };
        let _joined = tokio::task::spawn_blocking(join).await;
    }
}

impl Made {
    /// Whether a new record may still be accepted at `now`.
    pub fn is_timely(&self, now: DateTime<Utc>) -> bool {
        (now - self.at).abs() <= self.tolerance
    }
}
