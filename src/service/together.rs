//! What is asked at one moment is answered together.
//!
//! While some are being answered the next ones gather, so a lone caller is served at once and a busy server makes its
//! batches larger by itself, instead of its callers waiting longer.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
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

/// So many batches at a time: while one waits for the disk, the database works on the other.
pub(super) const LANES: u32 = 2;
/// So many questions in a batch.
const MOST: usize = 64;

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

    /// The answer; `None` where there is none for anybody.
    pub async fn ask(&self, question: Q) -> Option<A> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Waiting { question, reply }).ok()?;
        answer.await.ok()
    }
}

async fn run<Q, A, F, Answers>(inbox: Arc<Mutex<mpsc::UnboundedReceiver<Waiting<Q, A>>>>, answer: F)
where
    F: Fn(Vec<Q>) -> Answers,
    Answers: Future<Output = Vec<A>>,
{
    let mut batch = Vec::new();
    while inbox.lock().await.recv_many(&mut batch, MOST).await > 0 {
        let (questions, replies): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|one| (one.question, one.reply)).unzip();
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
            let (twice, many) = answer.unwrap();
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
            assert_eq!(picky.ask(13).await, None);
        }

        assert_eq!(picky.ask(14).await, Some(14));
    }
}
