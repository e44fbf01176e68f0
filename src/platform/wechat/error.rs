//! Why a call came to nothing. Nothing here can print a URL, a token, a secret, an open id or a code.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    call::Call,
    errcode::{self, Reaction},
    outcome,
};
use crate::{
    domain::delivery::Outcome,
    outgoing::{
        answer::{Answer, Heard},
        transport::{NoAnswer, Unsent},
    },
};

/// A call that did not bring what was asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{failure}")]
pub struct CallError {
    /// Which call.
    pub call: Call,
    /// What went wrong.
    pub failure: Failure,
    /// The HTTP status, if one was heard.
    pub status: Option<u16>,
    /// The pause that was asked for.
    pub retry_after: Option<TimeDelta>,
    /// From connecting to the last byte of the answer.
    pub took: Duration,
    answer: Answer,
}

/// What went wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// WeChat said no.
    #[error("WeChat says errcode {code}{}", meaning(*code))]
    Business {
        /// `errcode`, never zero.
        code: i64,
        /// What WeChat's support asks for.
        rid: Option<String>,
    },
    /// An answer that can mean anything.
    #[error("WeChat's answer cannot be understood: {0}")]
    Decode(Garble),
    /// No reply of WeChat's, only a status.
    #[error("the answer is not WeChat's: status {status}")]
    Http {
        /// The HTTP status.
        status: u16,
    },
    /// The request left, and no whole answer came back.
    #[error("no whole answer came back: {cause}")]
    Transport {
        /// Whether it only took too long.
        timed_out: bool,
        /// What the network said.
        cause: String,
    },
    /// It failed before a byte of the request left.
    #[error("nothing was sent: {0}")]
    NotSent(Unsent),
}

/// Why an answer cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garble {
    /// Not one JSON object, or one with a key that stands twice.
    #[error("it is not one JSON object")]
    NotJson,
    /// Something stands where the error's number should.
    #[error("its errcode is no number")]
    OddError,
    /// Neither says that all went well nor shows what was asked for.
    #[error("it says neither yes nor no")]
    Silent,
    /// What was asked for is missing or of another shape.
    #[error("its data is missing or of another shape")]
    Data,
    /// It names another card or code than the one it was asked about.
    #[error("it answers another question")]
    Other,
    /// Longer than 1 MiB.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// Compressed, though that was not asked for.
    #[error("it is compressed")]
    Compressed,
}

impl CallError {
    /// Before anything was heard.
    pub(super) fn new(call: Call, failure: Failure, took: Duration) -> Self {
        let answer = Answer::default();
        Self { call, failure, status: None, retry_after: None, took, answer }
    }

    /// What we do not even ask.
    pub(super) fn unsent(call: Call, why: &str) -> Self {
        let failure = Failure::NotSent(Unsent::Request(why.to_owned()));
        Self::new(call, failure, Duration::ZERO)
    }

    pub(super) fn with_answer(self, status: u16, asked: Option<TimeDelta>, answer: Answer) -> Self {
        Self { status: Some(status), retry_after: asked, answer, ..self }
    }

    /// What WeChat answered; empty when nothing was heard.
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The `errcode`, if WeChat said one.
    pub const fn code(&self) -> Option<i64> {
        match &self.failure {
            Failure::Business { code, .. } => Some(*code),
            Failure::Decode(_)
            | Failure::Http { .. }
            | Failure::Transport { .. }
            | Failure::NotSent(_) => None,
        }
    }

    /// Whether the access token is the trouble: fetched anew, the call can be made again, and nothing was tried yet.
    pub fn token_problem(&self) -> bool {
        self.failure.reaction() == Some(Reaction::FreshToken) && outcome::takes_a_token(self.call)
    }

    /// The same after a second look at what seemed a success.
    pub(super) fn of_heard<T>(call: Call, garble: Garble, heard: &Heard<T>) -> Self {
        let error = Self::new(call, Failure::Decode(garble), heard.took);
        error.with_answer(heard.status, None, heard.answer.clone())
    }

    /// What it means for a delivery. `doubt` is whether an earlier attempt may have taken effect.
    pub fn outcome(&self, doubt: bool) -> Outcome {
        outcome::outcome(self.call, &self.failure, self.retry_after, doubt)
    }
}

impl Failure {
    /// What the table says; `None` for what is no error of WeChat's.
    pub(super) fn reaction(&self) -> Option<Reaction> {
        match self {
            Self::Business { code, .. } => {
                Some(errcode::find(*code).map_or(Reaction::Refused, |known| known.reaction))
            }
            Self::Decode(_) | Self::Http { .. } | Self::Transport { .. } | Self::NotSent(_) => None,
        }
    }
}

impl From<NoAnswer> for Failure {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::NotSent(why) => Self::NotSent(why),
            NoAnswer::Lost { timed_out, cause } => Self::Transport { timed_out, cause },
        }
    }
}

fn meaning(code: i64) -> String {
    errcode::find(code).map_or_else(String::new, |known| format!(": {}", known.meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_in_words_what_its_number_means() {
        let business = |code| Failure::Business { code, rid: None }.to_string();

        assert_eq!(business(40099), "WeChat says errcode 40099: code already redeemed");
        assert_eq!(business(12), "WeChat says errcode 12");
    }

    #[test]
    fn no_number_stands_twice_in_the_table() {
        for (place, known) in errcode::KNOWN.iter().enumerate() {
            let first = errcode::KNOWN.iter().position(|other| other.code == known.code);
            assert_eq!(first, Some(place), "{}", known.code);
        }
    }
}
