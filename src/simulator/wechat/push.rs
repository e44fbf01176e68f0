//! The transcript of pushes: what was to be told, how often it was tried, and what came back.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::app::{App, PushMode};
use super::fault::PushFault;
use super::letter::Letter;
use super::state::keep;

const MOST_KEPT: usize = 10_000;

/// Where a push stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushState {
    /// Its tries are not over.
    UnderWay,
    /// It waits for the next one to overtake it.
    Held,
    /// It was accepted.
    Delivered,
    /// All its tries failed.
    GivenUp,
    /// By order of a fault it never left.
    Lost,
    /// The account has no callback.
    NoAddress,
}

/// One event on its way to a merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Push {
    /// Counts up from 1 and never repeats.
    pub number: u64,
    /// The account that is told.
    pub appid: String,
    /// The event.
    pub event: String,
    /// `FromUserName`.
    pub openid: String,
    /// The card, empty when it is about none.
    pub card_id: String,
    /// The code, empty when it is about none.
    pub code: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The message as XML, before any cipher; the same in every try.
    pub message: String,
    /// How it goes.
    pub mode: PushMode,
    /// The fault that struck.
    pub fault: Option<PushFault>,
    /// Where it stands.
    pub state: PushState,
    /// Every try, oldest first.
    pub tries: Vec<Try>,
}

/// One try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Try {
    /// When it left.
    pub at: DateTime<Utc>,
    /// What followed the question mark.
    pub query: String,
    /// The body as it was sent.
    pub body: String,
    /// The status of the reply.
    pub status: Option<u16>,
    /// The body of the reply.
    pub answer: String,
    /// Why there was no reply.
    pub error: Option<String>,
    /// How long it took.
    pub ms: u64,
    /// Whether the reply was one that WeChat takes for a success.
    pub is_accepted: bool,
}

/// Pushes that are kept, and those that may leave.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub all: VecDeque<Push>,
    /// Numbers of pushes whose tries begin now.
    pub ready: Vec<u64>,
    held: Vec<u64>,
    last: u64,
}

impl Outbox {
    pub fn add(
        &mut self,
        now: DateTime<Utc>,
        letter: &Letter,
        app: &App,
        message: String,
        fault: Option<PushFault>,
    ) {
        self.last += 1;
        let state = match (&app.callback, fault) {
            (None, _) => PushState::NoAddress,
            (Some(_), Some(PushFault::Lost)) => PushState::Lost,
            (Some(_), Some(PushFault::Reorder)) => PushState::Held,
            (Some(_), _) => PushState::UnderWay,
        };
        let push = Push {
            number: self.last,
            appid: letter.appid.clone(),
            event: letter.event.to_owned(),
            openid: letter.from.clone(),
            card_id: letter.card_id.clone(),
            code: letter.code.clone(),
            at: now,
            message,
            mode: app.callback.as_ref().map_or(PushMode::Plain, |callback| callback.mode),
            fault,
            state,
            tries: Vec::new(),
        };
        match state {
            PushState::UnderWay => self.ready.push(self.last),
            PushState::Held => self.held.push(self.last),
            PushState::Delivered | PushState::GivenUp | PushState::Lost | PushState::NoAddress => {}
        }
        keep(&mut self.all, push, MOST_KEPT);
    }

    pub fn get(&mut self, number: u64) -> Option<&mut Push> {
        self.all.iter_mut().find(|push| push.number == number)
    }

    /// Lets go what was held back.
    pub fn release(&mut self) {
        for number in std::mem::take(&mut self.held) {
            if let Some(push) = self.get(number) {
                push.state = PushState::UnderWay;
            }
            self.ready.push(number);
        }
    }

    /// Sends a push once more, whatever became of it: WeChat does so too.
    pub fn again(&mut self, number: u64) -> bool {
        let known = self.get(number).filter(|push| push.state != PushState::NoAddress);
        let Some(push) = known else { return false };
        push.state = PushState::UnderWay;
        push.fault = None;
        self.ready.push(number);
        true
    }
}
