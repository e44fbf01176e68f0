//! Takes as the platform remembers them, and each call that was made for one.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What one answer of the developer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verdict {
    /// The take succeeded with this code.
    Issued {
        /// What the holder will show.
        code: String,
    },
    /// The developer said no; the platform does not ask again.
    Refused {
        /// The developer's number.
        errno: i64,
        /// The developer's words.
        msg: String,
    },
    /// No clear result; the platform asks again while tries are left.
    Unclear {
        /// What was missing.
        why: String,
    },
}

impl Verdict {
    /// Whether the platform stops asking.
    pub fn is_clear(&self) -> bool {
        !matches!(self, Self::Unclear { .. })
    }

    /// Whether two clear answers mean the same.
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Issued { code: one }, Self::Issued { code: two }) => one == two,
            (Self::Refused { errno: one, .. }, Self::Refused { errno: two, .. }) => one == two,
            _ => false,
        }
    }
}

/// How a take ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The coupon lies in the wallet.
    Issued {
        /// What the holder will show.
        code: String,
    },
    /// The developer said no.
    Refused {
        /// The developer's number.
        errno: i64,
        /// The developer's words.
        msg: String,
    },
    /// No try brought a clear result.
    Failed,
    /// The platform itself did not offer the coupon, so nobody was asked.
    NotOffered {
        /// Sold out, over, or deleted.
        why: NotOffered,
    },
}

/// Why the platform does not offer a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotOffered {
    /// Nothing is left of the stock.
    SoldOut,
    /// Its validity has ended.
    Over,
    /// It was deleted.
    Deleted,
}

/// One call to the developer and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The record that it was made for.
    pub record_id: String,
    /// Which try it belongs to, from 1; copies and late calls share their try.
    pub number: u32,
    /// When it left, by the platform's clock.
    pub at: DateTime<Utc>,
    /// Where it went.
    pub url: String,
    /// The body as it was sent.
    pub request: String,
    /// False when a fault made it one that the platform would never send.
    pub genuine: bool,
    /// False when the answer was lost on its way.
    pub seen: bool,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The body of the answer.
    pub body: Option<String>,
    /// What broke, when there was no whole answer.
    pub error: Option<String>,
    /// How long it took.
    pub ms: u64,
    /// What the answer says, seen or not.
    pub verdict: Verdict,
}

/// A take and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub id: String,
    pub app_key: String,
    pub template_id: i64,
    pub open_id: String,
    pub taken_at: DateTime<Utc>,
    pub outcome: Outcome,
    pub holds_stock: bool,
    /// The first clear answer to a genuine call; all others must be the same.
    pub answer: Option<(Verdict, String)>,
    pub consistent: bool,
    pub same_bytes: bool,
}

/// A coupon in a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The app that knows the person by this open id.
    pub app_key: String,
    /// The take that brought it.
    pub record_id: String,
    /// Its template.
    pub coupon_template_id: i64,
    /// The template's title.
    pub title: String,
    /// What the holder will show.
    pub code: String,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
}

/// Everything about one take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakeReport {
    /// The take.
    pub record_id: String,
    /// Who took.
    pub open_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether all clear answers for the record, ever, say the same.
    pub consistent: bool,
    /// Whether they are also the same byte for byte.
    pub same_bytes: bool,
    /// Every call that was made this time, in the order of the answers.
    pub tries: Vec<Attempt>,
}

impl TakeReport {
    /// The code, when the take succeeded.
    pub fn code(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Issued { code } => Some(code),
            Outcome::Refused { .. } | Outcome::Failed | Outcome::NotOffered { .. } => None,
        }
    }
}
