//! Jobs: requests inside the engine, and how a stage picks up all that have gathered.

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::Instant,
};

use super::{Answer, NoAnswer, Request, Told};
use crate::{
    domain::{
        claim::PassingRefusal,
        id::{HolderId, MemberId},
    },
    store::issuing::{Asked, Known, Remembered},
};

/// One request inside the engine.
#[derive(Debug)]
pub(super) struct Job {
    pub request: Request,
    /// Derived from the request once.
    pub holder: HolderId,
    /// After this the caller has gone.
    pub deadline: Instant,
    pub reply: oneshot::Sender<Result<Told, NoAnswer>>,
    /// Held until the answer, so that the queue is bounded over all stages.
    pub place: OwnedSemaphorePermit,
}

impl Job {
    /// Tells the caller, who may have gone.
    pub fn answer(self, told: Result<Told, NoAnswer>) {
        drop(self.place);
        let _gone = self.reply.send(told);
    }
}

/// All jobs that have gathered, at least one, at most `most`; `None` when no more can come.
pub(super) async fn gather(
    inbox: &mut mpsc::UnboundedReceiver<Job>,
    most: usize,
) -> Option<Vec<Job>> {
    let mut jobs = Vec::with_capacity(inbox.len().clamp(1, most));
    match inbox.recv_many(&mut jobs, most).await {
        0 => None,
        _ => Some(jobs),
    }
}

/// Answers those whose time is up, so that no work is begun for callers who have gone.
pub(super) fn drop_late(jobs: Vec<Job>) -> Vec<Job> {
    let now = Instant::now();
    let (in_time, late): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| now < job.deadline);
    if !late.is_empty() {
        metrics::counter!("kaquan_issue_shed_total", "why" => "late").increment(late.len() as u64);
    }
    for job in late {
        job.answer(Err(NoAnswer::Busy));
    }
    in_time
}

/// The jobs' look-up keys, one column each.
pub(super) fn asked(jobs: &[Job]) -> Asked {
    let mut asked = Asked::default();
    for Job { request, holder, .. } in jobs {
        asked.apps.push(request.app.uuid());
        asked.records.push(request.record.as_str().to_owned());
        asked.holders.push(holder.uuid());
        asked.templates.push(request.offer.template.uuid());
        asked.members.push(request.member.map(MemberId::uuid));
    }
    asked
}

/// The answer to a record that is known: the same as before, but only to the same person for the same thing.
pub(super) fn replay(request: &Request, holder: HolderId, known: &Known) -> Told {
    if known.placement != request.offer.placement || known.holder != holder {
        return Told { answer: Answer::Refused(PassingRefusal::RecordTaken.into()), again: false };
    }
    let answer = match &known.answer {
        Remembered::Issued(coupon) => Answer::Issued(coupon.clone()),
        Remembered::Refused(reason) => Answer::Refused((*reason).into()),
    };
    Told { answer, again: true }
}
