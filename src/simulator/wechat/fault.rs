//! Faults as data: what may go wrong with a call to WeChat, or with a push from it.

use serde::{Deserialize, Serialize};

/// What goes wrong with one call to WeChat.
///
/// Each says whether it strikes before the effect, so that nothing happens on the platform, or after it, so that only
/// the answer suffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallFault {
    /// Before: this number, and nothing happened.
    Errcode(i64),
    /// After: the answer comes late.
    Slow {
        /// Milliseconds, at most ten minutes.
        ms: u64,
    },
    /// After: the connection closes without an answer.
    HangUpAfterAccepting,
    /// Before: the connection closes without an answer.
    HangUp,
    /// Before: status 502 and a web page.
    BadGateway,
    /// After: a web page with status 502 instead of the answer.
    BadGatewayAfterAccepting,
    /// After: the answer ends in the middle.
    CutJson,
    /// After: `errcode` as a text.
    ErrcodeAsText,
    /// After: the answer without `errcode` and `errmsg`.
    MissingErrcode,
    /// After: the content type says `text/plain`.
    PlainText,
    /// Before: the token of the call ends, so that this call and all later ones are refused.
    TokenKilled,
    /// Before: the tickets of the account end.
    TicketRotated,
}

/// What goes wrong with one push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PushFault {
    /// It is sent so many times at once.
    Duplicate {
        /// At most 64.
        times: usize,
    },
    /// It leaves late.
    Delay {
        /// Milliseconds, at most a minute.
        ms: u64,
    },
    /// It leaves after the next one.
    Reorder,
    /// Neither signature fits.
    WrongSignature,
    /// It is encrypted for another app.
    ForeignAppid,
    /// It comes plain whatever the account's mode.
    Plain,
    /// It never leaves.
    Lost,
    /// WeChat hears no answer, whatever is answered, and tries again.
    LoseAnswer,
}
