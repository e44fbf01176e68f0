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

/// A record and what came of it, whichever side began it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub id: String,
    pub app_key: String,
    pub template_id: i64,
    pub open_id: String,
    pub taken_at: DateTime<Utc>,
    /// How the take ended; none for a record that came by sync.
    pub outcome: Option<Outcome>,
    pub holds_stock: bool,
    /// The first clear answer to a genuine call; all others must be the same.
    pub answer: Option<(Verdict, String)>,
    pub consistent: bool,
    pub same_bytes: bool,
    /// What lies in the wallet.
    pub coupon: Option<Coupon>,
}

/// The coupon of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coupon {
    pub code: String,
    pub origin: Origin,
    /// Unix seconds.
    pub valid_from: i64,
    /// Unix seconds.
    pub valid_until: i64,
    pub used_at: Option<DateTime<Utc>>,
}

impl Coupon {
    pub fn state(&self, now: DateTime<Utc>) -> HeldState {
        if self.used_at.is_some() {
            HeldState::Used
        } else if self.valid_until <= now.timestamp() {
            HeldState::Expired
        } else {
            HeldState::Unused
        }
    }
}

/// Which side gave the coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Taken on the platform, which asked the developer.
    Take,
    /// Taken with the developer, who told the platform.
    Sync,
}

/// How a coupon in a wallet is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// It may still be used.
    Unused,
    /// It was written off.
    Used,
    /// It was not used in its time.
    Expired,
}

/// A coupon in a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The app that knows the person by this open id.
    pub app_key: String,
    /// Whose it is.
    pub open_id: String,
    /// The take or the sync that brought it.
    pub record_id: String,
    /// Its template.
    pub coupon_template_id: i64,
    /// The template's title.
    pub title: String,
    /// The template's colour as it looks.
    pub look: &'static str,
    /// What the holder will show.
    pub code: String,
    /// When its record began.
    pub taken_at: DateTime<Utc>,
    /// Which side gave it.
    pub origin: Origin,
    /// Unused, used or expired, by the platform's clock.
    pub state: HeldState,
    /// Usable from, as the template or the sync said.
    pub valid_from: DateTime<Utc>,
    /// Usable until, exclusive.
    pub valid_until: DateTime<Utc>,
    /// When it was written off.
    pub used_at: Option<DateTime<Utc>>,
}

/// A record seen from inside, with or without a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordInside {
    /// The app.
    pub app_key: String,
    /// The record.
    pub record_id: String,
    /// The template.
    pub coupon_template_id: i64,
    /// Who took.
    pub open_id: String,
    /// When it began.
    pub taken_at: DateTime<Utc>,
    /// How the take ended so far; none for a record that came by sync.
    pub outcome: Option<Outcome>,
    /// The coupon in the wallet, if there is one.
    pub held: Option<Held>,
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
