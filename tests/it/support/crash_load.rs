//! People who take coupons without pause and remember every answer.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use futures_util::{StreamExt, future::join_all, stream};
use kaquan::clock::{Clock, SystemClock};
use reqwest::Client;

use super::{
    campaign_offer::Offer,
    letter::{self, Answered},
};

/// Everything that was ever asked, and what was answered.
pub struct Load {
    offer: Offer,
    client: Client,
    asked: AtomicUsize,
    stopping: AtomicBool,
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    /// The whole body by record, as it was first acknowledged.
    acknowledged: HashMap<String, Answered>,
    /// In the order of their acknowledgement.
    order: Vec<String>,
    /// Asked, and never clearly answered so far.
    unknown: Vec<String>,
    /// What may never happen: refusals, and answers that differ.
    wrong: Vec<String>,
}

const PEOPLE: usize = 8;
const MOST_PASSES: usize = 10;

impl Load {
    pub fn new(offer: Offer) -> Self {
        Self {
            offer,
            client: letter::client(),
            asked: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            answers: Mutex::default(),
        }
    }

    /// Takes new coupons until told to stop; an unclear answer is left for later.
    pub async fn run(&self, server: SocketAddr) {
        self.stopping.store(false, Ordering::Release);
        join_all((0..PEOPLE).map(|_| async {
            while !self.stopping.load(Ordering::Acquire) {
                let number = self.asked.fetch_add(1, Ordering::Relaxed);
                self.ask(server, format!("r-{number}")).await;
            }
        }))
        .await;
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Asks again: what was unclear, and the latest and a spread of what was acknowledged. All must become clear.
    pub async fn replay(&self, server: SocketAddr, most: usize) {
        let mut records = {
            let answers = self.answers.lock().unwrap();
            let stride = (answers.order.len() / most).max(1);
            let latest_first = || answers.order.iter().rev();
            let rest = latest_first().skip(most).step_by(stride);
            latest_first().take(most).chain(rest).cloned().collect::<Vec<_>>()
        };
        // A machine with much else to do may be busy a few times; Baidu and we ask again.
        for _ in 0..MOST_PASSES {
            records.append(&mut self.answers.lock().unwrap().unknown);
            let asks = stream::iter(records.drain(..));
            asks.for_each_concurrent(64, |record| self.ask(server, record)).await;
            if self.answers.lock().unwrap().unknown.is_empty() {
                break;
            }
        }
        let answers = self.answers.lock().unwrap();
        assert!(answers.unknown.is_empty(), "still unclear: {:?}", answers.unknown);
        assert!(answers.wrong.is_empty(), "{:#?}", answers.wrong);
    }

    /// Every acknowledged record with its code.
    pub fn acknowledged(&self) -> HashMap<String, String> {
        let answers = self.answers.lock().unwrap();
        let codes = answers.acknowledged.iter();
        codes.map(|(record, answer)| (record.clone(), answer.code().unwrap())).collect()
    }

    async fn ask(&self, server: SocketAddr, record: String) {
        let body = self.offer.letter(&record, &format!("open-{record}"), SystemClock.now()).body();
        let answer = letter::post(&self.client, server, &self.offer.token, body).await;
        let mut answers = self.answers.lock().unwrap();
        match answer {
            Ok(answer) if answer.code().is_some() => answers.note(record, answer),
            // Nobody heard a clear answer: a dead server, or one that says "busy".
            Ok(Answered { status: 503, .. }) | Err(_) => answers.unknown.push(record),
            Ok(answer) => answers.wrong.push(format!("{record}: {answer:?}")),
        }
    }
}

impl Answers {
    fn note(&mut self, record: String, answer: Answered) {
        match self.acknowledged.get(&record) {
            None => {
                self.order.push(record.clone());
                self.acknowledged.insert(record, answer);
            }
            Some(first) if *first == answer => {}
            Some(first) => self.wrong.push(format!("{record}: {first:?}, then {answer:?}")),
        }
    }
}
