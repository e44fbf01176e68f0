//! Faults as data: what may go wrong with a take, or with a call that the developer makes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong with the calls of one take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The first call leaves several times at once.
    Duplicate {
        /// How many copies are under way together, at most 64.
        times: usize,
    },
    /// The first call leaves late; its timestamp stays.
    Delay {
        /// Milliseconds, at most a minute.
        ms: u64,
    },
    /// The call arrives and is answered, yet the platform never sees the answer.
    DropAnswer {
        /// How many of the tries lose their answer.
        #[serde(default = "once")]
        tries: u32,
    },
    /// The platform closes its side with the last byte of its request; a server that allows no half-closed connections
    /// may never look at it.
    HangUp {
        /// How many of the tries hang up.
        #[serde(default = "once")]
        tries: u32,
    },
    /// The second call of the record arrives before the first.
    RetryOvertakesFirst,
    /// In a bulk take, the calls of each pair of records leave in swapped order.
    SwapPairs,
    /// The sign does not match the fields.
    BreakSign,
    /// The timestamp is off by so many seconds; negative is the past.
    Stale {
        /// Seconds added to the present.
        seconds: i64,
    },
    /// The first letter of the open id moves to the end of the record id; the sign stays true.
    ShiftBoundary,
    /// The record is asked for under another open id, with a true sign.
    OtherPerson {
        /// The open id that is sent instead.
        open_id: String,
    },
    /// Template id and timestamp are sent as text.
    NumbersAsText,
    /// After success, the very same bytes are sent once more.
    Replay,
    /// The sign is made with the salt `&^%$#`.
    SaltV2,
}

impl Fault {
    /// One try loses its answer.
    pub fn drop_answer() -> Self {
        Self::DropAnswer { tries: 1 }
    }

    /// One try hangs up after its last byte.
    pub fn hang_up() -> Self {
        Self::HangUp { tries: 1 }
    }
}

/// What goes wrong with one call that the developer makes to the platform.
///
/// Each says whether it strikes before the effect, so that nothing happens on the platform, or
/// after it, so that only the answer suffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallFault {
    /// After: the connection closes without an answer.
    HangUpAfterAccepting,
    /// Before: the request is read, then the connection closes without an answer.
    HangUp,
    /// Before: the connection closes, and the body of the request is never read.
    Refuse,
    /// After: head and half of the answer are sent, then the connection breaks.
    BreakOff,
    /// After: the answer comes late.
    Slow {
        /// Milliseconds, at most ten minutes.
        ms: u64,
    },
    /// After: the answer trickles in.
    Drip {
        /// At least one.
        bytes_per_second: u32,
    },
    /// Before: "Service temporarily unavailable", `error_code` 2.
    Unavailable,
    /// Before: "QPS limit reached", `error_code` 18.
    TooFast,
    /// Before: any `error_code` of the gateway.
    Gateway {
        /// The number.
        code: i64,
    },
    /// Before: any `errno` of the service, in the envelope of the call.
    Busy {
        /// The number.
        errno: i64,
    },
    /// Before: the token of the call is revoked, so that this call and all later ones answer 110.
    TokenExpired,
    /// Before: `errno` 0 beside `error_code` 110, and nothing happened.
    BothErrors,
    /// Before: an answer with status 502 that is no JSON.
    BadGateway,
    /// Before: a status of the caller's choice and a text that is no JSON.
    ServerError {
        /// 100 to 599; what is no status counts as 500.
        status: u16,
    },
    /// Before: a whole web page with status 200, as a proxy in between would send it.
    Html,
    /// Before: status 302 to another address.
    Redirect,
    /// After: the answer ends in the middle, with an honest length.
    CutJson,
    /// After: `errno` as a list, ids and truths as text.
    WrongTypes,
    /// After: the answer without its `errno`.
    MissingErrno,
    /// After: status 200 and no body at all.
    Empty,
    /// After: the answer is followed by so many blanks.
    Flood {
        /// How many bytes, at most a gibibyte.
        bytes: u64,
    },
}

fn once() -> u32 {
    1
}

/// What a set of faults means for the calls of one take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "faults combine freely")]
pub(super) struct Plan {
    pub copies: usize,
    pub delay: Duration,
    pub lost_tries: u32,
    pub hung_tries: u32,
    pub overtaking: bool,
    pub broken_sign: bool,
    pub stale_seconds: Option<i64>,
    pub shifted: bool,
    pub other_person: Option<String>,
    pub numbers_as_text: bool,
    pub replay: bool,
    pub salt_v2: bool,
}

impl Plan {
    pub fn of(faults: &[Fault]) -> Self {
        let mut plan = Self { copies: 1, ..Self::default() };
        for fault in faults {
            plan.add(fault);
        }
        plan
    }

    fn add(&mut self, fault: &Fault) {
        match fault {
            Fault::Duplicate { times } => self.copies = (*times).clamp(1, 64),
            Fault::Delay { ms } => self.delay = Duration::from_millis((*ms).min(60_000)),
            Fault::DropAnswer { tries } => self.lost_tries = *tries,
            Fault::HangUp { tries } => self.hung_tries = *tries,
            Fault::RetryOvertakesFirst => self.overtaking = true,
            // Known to the bulk take, which orders whole records.
            Fault::SwapPairs => {}
            Fault::BreakSign => self.broken_sign = true,
            Fault::Stale { seconds } => self.stale_seconds = Some(*seconds),
            Fault::ShiftBoundary => self.shifted = true,
            Fault::OtherPerson { open_id } => self.other_person = Some(open_id.clone()),
            Fault::NumbersAsText => self.numbers_as_text = true,
            Fault::Replay => self.replay = true,
            Fault::SaltV2 => self.salt_v2 = true,
        }
    }

    /// Whether the platform itself would send such a call; a forged one may be refused freely.
    pub fn is_genuine(&self) -> bool {
        let tampered = self.broken_sign || self.shifted || self.other_person.is_some();
        !tampered && self.stale_seconds.is_none()
    }
}
