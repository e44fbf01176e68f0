//! What became of a request of which the HTTP client brought no answer.

use std::error::Error;

use super::address::AddressRefusal;

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// Nothing left.
    NotSent(Unsent),
    /// It left, and nobody knows what became of it.
    Lost {
        /// Whether it only took too long.
        timed_out: bool,
        /// What the network said.
        cause: String,
    },
}

/// Why a request did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// A secret must not travel to that address.
    #[error("the address is not dialled: {0}")]
    Address(AddressRefusal),
    /// No connection: name not known, refused, no TLS.
    #[error("no connection: {0}")]
    Connect(String),
    /// The request could not be built, or the platform would not take it.
    #[error("the request cannot be built: {0}")]
    Request(String),
}

impl From<reqwest::Error> for NoAnswer {
    /// Its URL is taken away first: there are tokens in it.
    fn from(error: reqwest::Error) -> Self {
        let (timed_out, unsent) = (error.is_timeout(), error.is_connect());
        let (unbuilt, error) = (error.is_builder(), error.without_url());
        let cause = innermost(&error);
        if unsent {
            return Self::NotSent(Unsent::Connect(cause));
        }
        if unbuilt {
            return Self::NotSent(Unsent::Request(cause));
        }
        Self::Lost { timed_out, cause }
    }
}

fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
