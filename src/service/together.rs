//! What is asked at one moment is answered together.
//!
//! While some are being answered the next ones gather, so a lone caller is served at once and a busy server makes its
//! batches larger by itself, instead of its callers waiting longer. Nobody
//! waits for ever, and what nobody waits for any more is not asked.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use sqlx::{Postgres, pool::PoolConnection};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Where questions are handed in; cheap to clone. Its lanes end when the last clone is dropped.
#[derive(Debug)]
pub(super) struct Together<Q, A> {
    inbox: mpsc::UnboundedSender<Waiting<Q, A>>,
}

#[derive(Debug)]
struct Waiting<Q, A> {
    question: Q,
    reply: oneshot::Sender<A>,
}

/// No answer in time; what was asked may still be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Late;

/// How long a batch may take with its connection; whoever answers gives up both, so that a database that has fallen silent
/// holds up nobody but those who are in it.
pub(super) const LONGEST: Duration = Duration::from_secs(3);
/// How long somebody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many batches at a time: while one waits for the disk, the database works on the other.
pub(super) const LANES: u32 = 2;
/// So many questions in a batch.
const MOST: usize = 64;

/// Closes a connection that has taken too long, since nobody knows what it is in the middle of.
pub(super) fn give_up(conn: PoolConnection<Postgres>) -> sqlx::Error {
    drop(conn.detach());
    sqlx::Error::PoolTimedOut
}

impl<Q: Send + 'static, A: Send + 'static> Together<Q, A> {
    /// Begins to wait for questions, on the present runtime. `answer` gives an answer for each question, in their order;
    /// when it gives none, those who asked hear that.
    pub fn start<F, Answers>(answer: F) -> Self
    where
        F: Fn(Vec<Q>) -> Answers + Clone + Send + 'static,
        Answers: Future<Output = Vec<A>> + Send + 'static,
    {
        let (inbox, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..LANES {
            tokio::spawn(run(Arc::clone(&waiting), answer.clone()));
        }
        Self { inbox }
    }

    /// The answer; `None` where there is none for anybody who asked with this one.
    pub async fn ask(&self, question: Q) -> Result<Option<A>, Late> {
        let (reply, answer) = oneshot::channel();
        if self.inbox.send(Waiting { question, reply }).is_err() {
            return Ok(None);
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => Ok(answer.ok()),
            Err(_) => Err(Late),
        }
    }
}

async fn run<Q, A, F, Answers>(inbox: Arc<Mutex<mpsc::UnboundedReceiver<Waiting<Q, A>>>>, answer: F)
where
    F: Fn(Vec<Q>) -> Answers,
    Answers: Future<Output = Vec<A>>,
{
    let mut batch = Vec::new();
    while inbox.lock().await.recv_many(&mut batch, MOST).await > 0 {
        let awaited = batch.drain(..).filter(|one| !one.reply.is_closed());
        let (questions, replies): (Vec<_>, Vec<_>) =
            awaited.map(|one| (one.question, one.reply)).unzip();
        if questions.is_empty() {
            continue;
        }
        let Ok(answers) = AssertUnwindSafe(answer(questions)).catch_unwind().await else {
            // Whoever asked with them hears it by the end of his reply.
            continue;
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            let _gone = reply.send(answer);
        }
    }
}

impl<Q, A> Clone for Together<Q, A> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn each_hears_its_own_answer_and_most_of_them_together() {
        let doubled = Together::start(|numbers: Vec<u32>| async move {
            let many = numbers.len();
            tokio::task::yield_now().await;
            numbers.into_iter().map(|number| (2 * number, many)).collect()
        });

        let answers = join_all((0..100).map(|number| doubled.ask(number))).await;

        let mut largest = 0;
        for (number, answer) in (0..).zip(answers) {
            let (twice, many) = answer.unwrap().unwrap();
            assert_eq!(twice, 2 * number);
            largest = largest.max(many);
        }
        assert!((2..=MOST).contains(&largest), "{largest} together");
    }

    #[tokio::test]
    async fn after_a_panic_those_who_come_later_are_answered() {
        let picky = Together::start(|numbers: Vec<u32>| async move {
            assert!(!numbers.contains(&13), "no such number");
            numbers
        });

        for _ in 0..2 * LANES {
            assert_eq!(picky.ask(13).await, Ok(None));
        }

        assert_eq!(picky.ask(14).await, Ok(Some(14)));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_asked() {
        let (asked, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
        let (seen, open) = (Arc::clone(&asked), Arc::clone(&gate));
        let slow = Together::start(move |numbers: Vec<u32>| {
            let (seen, open) = (Arc::clone(&seen), Arc::clone(&open));
            async move {
                seen.lock().await.extend(&numbers);
                drop(open.acquire().await);
                numbers
            }
        });
        // Each lane has one.
        let busy: Vec<_> = (0..LANES)
            .map(|number| {
                let slow = slow.clone();
                tokio::spawn(async move { slow.ask(number).await })
            })
            .collect();
        while asked.lock().await.len() < busy.len() {
            tokio::task::yield_now().await;
        }

        assert!(slow.ask(90).now_or_never().is_none());
        gate.add_permits(1);

        assert_eq!(slow.ask(91).await, Ok(Some(91)));
        assert!(!asked.lock().await.contains(&90));
    }
}
