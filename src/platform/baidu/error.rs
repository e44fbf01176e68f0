//! Why a call came to nothing. Nothing here can print a URL, a token, a secret, an open id or a code.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    call::Call,
    errno::{self, Reaction},
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
    /// The pause that Baidu asked for.
    pub retry_after: Option<TimeDelta>,
    /// From connecting to the last byte of the answer.
    pub took: Duration,
    answer: Answer,
}

/// What went wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Baidu's gateway did not let it through.
    #[error("Baidu's gateway says error_code {code}{}", meaning(errno::find(&errno::GATEWAY, code)))]
    Gateway {
        /// `error_code`.
        code: i64,
    },
    /// Baidu's OAuth server did not like who is asking.
    #[error("Baidu's OAuth server says {error}{}", oauth_meaning(error))]
    OAuth {
        /// `error`, a word of lower-case letters.
        error: String,
    },
    /// The coupon service said no.
    #[error("Baidu says errno {errno}{}", meaning(errno::find(&errno::BUSINESS, errno)))]
    Business {
        /// `errno`, never zero.
        errno: i64,
        /// Whether its message says that this was done before.
        before: bool,
        /// What Baidu's support asks for.
        request_id: Option<String>,
    },
    /// The template has a banner: whose, the list of banners tells.
    #[error("Baidu says that the template has a banner already")]
    BannerExists {
        /// What Baidu's support asks for.
        request_id: Option<String>,
    },
    /// `data` is `false`: it failed, and nobody says why.
    #[error("Baidu says that it failed, but not why")]
    DataFalse,
    /// An answer that can mean anything.
    #[error("Baidu's answer cannot be understood: {0}")]
    Decode(Garble),
    /// No envelope of Baidu's, only a status.
    #[error("the answer is not Baidu's: status {status}")]
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
    /// Neither a success nor an error.
    #[error("`errno` is missing or no number")]
    NoErrno,
    /// An error whose number or word is none.
    #[error("its error is no number or word")]
    OddError,
    /// `data` is missing or of another shape.
    #[error("its data is missing or of another shape")]
    Data,
    /// It names another template than the one it was asked about.
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

    pub(super) fn with_answer(self, status: u16, asked: Option<TimeDelta>, answer: Answer) -> Self {
        Self { status: Some(status), retry_after: asked, answer, ..self }
    }

    /// What Baidu answered; empty when nothing was heard.
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Whether the access token is the trouble: fetched anew, the call can be made again, and nothing was tried yet.
    pub fn token_problem(&self) -> bool {
        self.failure.reaction() == Some(Reaction::FreshToken)
    }

    /// Whether Baidu does not like what was asked; of a list's first page, that pages may count from one.
    pub fn refuses_the_parameters(&self) -> bool {
        matches!(&self.failure, Failure::Business { errno, .. } if errno::PARAMETER_ERRORS.contains(errno))
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
    /// What the tables say; `None` for what is in none.
    pub(super) fn reaction(&self) -> Option<Reaction> {
        match self {
            Self::Gateway { code } => errno::find(&errno::GATEWAY, code).map(|k| k.reaction),
            Self::OAuth { error } => find_oauth(error).map(|known| known.reaction),
            Self::Business { errno, .. } => {
                errno::find(&errno::BUSINESS, errno).map(|known| known.reaction)
            }
            Self::BannerExists { .. }
            | Self::DataFalse
            | Self::Decode(_)
            | Self::Http { .. }
            | Self::Transport { .. }
            | Self::NotSent(_) => None,
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

fn find_oauth(error: &str) -> Option<&'static errno::Known<&'static str>> {
    errno::OAUTH.iter().find(|known| known.said == error)
}

fn oauth_meaning(error: &str) -> String {
    find_oauth(error).map_or_else(String::new, |known| format!(": {}", known.meaning))
}

fn meaning(known: Option<&errno::Known<i64>>) -> String {
    known.map_or_else(String::new, |known| format!(": {}", known.meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_in_words_what_its_number_means() {
        let business = |errno| Failure::Business { errno, before: false, request_id: None };
        for (failure, said) in [
            (
                Failure::Gateway { code: 18 },
                "Baidu's gateway says error_code 18: requests per second limit reached",
            ),
            (Failure::Gateway { code: 9999 }, "Baidu's gateway says error_code 9999"),
            (business(70001), "Baidu says errno 70001: coupon template does not exist"),
            (business(12), "Baidu says errno 12"),
            (
                Failure::OAuth { error: "invalid_client".to_owned() },
                "Baidu's OAuth server says invalid_client: unknown AppKey or wrong AppSecret",
            ),
        ] {
            assert_eq!(failure.to_string(), said);
        }
    }
}
