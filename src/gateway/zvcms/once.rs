//! `out_request_no`: the same request under the same name of one grant is answered once, and again with the same data.
//!
//! Kept is what was done, and a "no" that stays. Any other "no" is not: the same request may be right a moment later. The
//! name is its own for ever all the same, unless it was one that nobody could read.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Data, Zvcms, door::Call, envelope::Param, failure::Failure, refusal::of_database};
use crate::service::keep_answer::{self, Answer, Begun, Lease, NamedRequest};

/// What came of an act.
pub(super) enum Done {
    /// This, for ever.
    Stays(Data),
    /// This, which may come out better the next time; what was done of it is done once all the same.
    ForNow(Data),
    /// A "no" that stays.
    Refused(Failure),
}

/// Stand for what is kept, where our own API keeps statuses of HTTP.
const DONE: u16 = 200;
const REFUSED: u16 = 409;
/// Those that stay.
const FINAL: [Failure; 5] = [
    Failure::Inactive,
    Failure::WindowClosed,
    Failure::NotEligible,
    Failure::LimitReached,
    Failure::OutOfStock,
];

impl Zvcms {
    /// Does `work` unless it was done before under this name.
    pub(super) async fn once(
        &self,
        call: &Call,
        name: &str,
        work: impl Future<Output = Result<Done, Failure>>,
    ) -> Result<Data, Failure> {
        let (db, vault, clock) = (&self.desk.db, &self.desk.vault, &*self.desk.clock);
        let named =
            NamedRequest { owner: call.grant.id.uuid(), key: name.to_owned(), hash: hash(call) };
        let begun = keep_answer::begin(db, vault, clock, named).await;
        match begun.map_err(|error| of_database(&error))? {
            Begun::First(lease) => self.settle(lease, work.await).await,
            Begun::Again(answer) => again(answer),
            Begun::Taken => Err(Failure::Conflict),
            Begun::InFlight => Err(Failure::Busy),
            Begun::Lost => Err(Failure::Internal),
        }
    }

    async fn settle(&self, lease: Lease, done: Result<Done, Failure>) -> Result<Data, Failure> {
        let (db, vault) = (&self.desk.db, &self.desk.vault);
        let (kept, told) = match done {
            Ok(Done::Stays(data)) => {
                let answer = kept(DONE, data.get().as_bytes());
                // It shows codes.
                (keep_answer::keep(db, vault, lease, answer, true).await, Ok(data))
            }
            Ok(Done::Refused(failure)) => {
                let answer = kept(REFUSED, failure.code().to_string().as_bytes());
                (keep_answer::keep(db, vault, lease, answer, false).await, Err(failure))
            }
            Ok(Done::ForNow(data)) => (keep_answer::put_off(db, lease).await, Ok(data)),
            // It never could have done anything; put right, it is another one.
            Err(failure @ Failure::BadParam(_)) => {
                (keep_answer::give_up(db, lease).await, Err(failure))
            }
            Err(failure) => (keep_answer::put_off(db, lease).await, Err(failure)),
        };
        if let Err(error) = kept {
            // What was done stays done, and each of our acts knows its repetition by itself, too.
            tracing::error!(%error, "an answer is not kept: {error}");
        }
        told
    }
}

fn kept(status: u16, body: &[u8]) -> Answer {
    let body = body.to_vec();
    Answer { status, content_type: None, content_language: None, location: None, body }
}

fn again(answer: Answer) -> Result<Data, Failure> {
    let body = String::from_utf8(answer.body).map_err(|_| Failure::Internal)?;
    if answer.status == REFUSED {
        let refused = FINAL.into_iter().find(|failure| failure.code().to_string() == body);
        return Err(refused.unwrap_or(Failure::Internal));
    }
    RawValue::from_string(body).map_err(|_| Failure::Internal)
}

/// Of the action and all that it reads, each part behind its length; what it does not read makes no other request.
fn hash(call: &Call) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    add(call.action.name());
    for (name, param) in &call.params {
        // An empty text is not there.
        if let Param::Text(text) = param
            && !text.is_empty()
            && call.action.reads(name)
        {
            add(name);
            add(text);
        }
    }
    hash.finalize().into()
}
