//! Cards: coupons as they lie in the wallet of a platform that hands them out by itself and tells us afterwards.
//!
//! What the platform tells comes late, twice, in any order, or not at all. So what is known of a card is a sum of facts
//! that are joined: each joins by time, so that order and repetition make no difference.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::people::Record;

pub mod difference;

/// A card as its platform names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CardKey {
    /// The platform's id of the placement.
    pub card_ref: String,
    /// What the holder shows.
    pub code: String,
}

/// Something that a platform told of a card, or of a placement.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardEvent {
    /// By the platform's clock, to the second.
    pub at: DateTime<Utc>,
    /// The platform's id of the placement.
    pub card_ref: String,
    /// Whose card it is, or who did it; personal data.
    pub open_id: String,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// Somebody took a card, or was given one.
    Taken(Taken),
    /// Its holder is giving it away.
    Gifting {
        /// Of the card.
        code: String,
    },
    /// Nobody wanted it; it is back.
    Returned {
        /// Of the card.
        code: String,
    },
    /// Its holder threw it away.
    Deleted {
        /// Of the card.
        code: String,
    },
    /// It was used.
    Used {
        /// Of the card.
        code: String,
        /// Where.
        till: Till,
    },
    /// The platform was asked whose it is, because nothing else was heard of it.
    Seen {
        /// Of the card.
        code: String,
    },
    /// The platform's reviewers have looked at the placement.
    Reviewed {
        /// What they say against it; `None` when it has passed.
        refusal: Option<String>,
    },
    /// Little is left on the platform.
    StockLow {
        /// In the platform's words.
        detail: String,
    },
}

/// How a card came into somebody's hands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Of the card.
    pub code: String,
    /// Whether somebody else gave it.
    pub gift: bool,
    /// The code under which the giver had it, where it was another.
    pub old_code: Option<String>,
    /// What we gave the platform to carry back to us. Anybody may have changed it: it only serves to look something up.
    pub reference: Option<String>,
    /// The platform's name of the person over all accounts of the merchant; personal data.
    pub union_id: Option<String>,
}

/// Where a card was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Till {
    /// Through the call that only we make.
    Ours,
    /// At a till of the platform's own.
    Theirs {
        /// As the platform names it.
        name: String,
    },
    /// The platform does not say: it may have been our call.
    Unknown,
}

/// Why a coupon cannot be used for now, or for good, although it is neither used nor void.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Suspension {
    /// Its holder is giving it away.
    Gifting,
    /// Somebody else has it, under another code.
    GivenAway,
    /// Its holder threw it away.
    Deleted,
}

/// All that is known of one card.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardStanding {
    /// Who took it last.
    owner: Option<Owner>,
    /// Whom it was seen with, in case nobody ever tells who took it.
    seen: Option<Seen>,
    /// What we gave the platform to carry back, from the first taking that had it.
    reference: Option<(DateTime<Utc>, String)>,
    gifting: Option<Seen>,
    returned: Option<DateTime<Utc>>,
    given_away: Option<DateTime<Utc>>,
    deleted: Option<DateTime<Utc>>,
    used: Option<(DateTime<Utc>, Till)>,
    /// When it was first heard of.
    first: Option<DateTime<Utc>>,
    /// The code under which somebody else had it, where that was another.
    predecessor: Option<String>,
    /// The code under which somebody else has it since then.
    given_to: Option<(DateTime<Utc>, String)>,
}

/// Somebody at a moment; the later one counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Seen {
    at: DateTime<Utc>,
    open_id: String,
}

/// Of two who took it in one second, the one who was given it came second.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Owner {
    at: DateTime<Utc>,
    gift: bool,
    open_id: String,
    union_id: Option<String>,
}

impl CardEvent {
    /// What it says of which cards: a gift under a new code says something of the old one, too.
    pub fn facts(&self) -> Vec<(CardKey, CardStanding)> {
        let key = |code: &str| CardKey { card_ref: self.card_ref.clone(), code: code.to_owned() };
        let seen = || Some(Seen { at: self.at, open_id: self.open_id.clone() });
        let known = CardStanding { first: Some(self.at), ..CardStanding::default() };
        match &self.what {
            Happening::Taken(taken) => {
                let owner = Owner {
                    at: self.at,
                    gift: taken.gift,
                    open_id: self.open_id.clone(),
                    union_id: taken.union_id.clone(),
                };
                let old = taken.old_code.as_deref().filter(|old| *old != taken.code);
                let standing = CardStanding {
                    owner: Some(owner),
                    // A gift still carries what was given for the first taker.
                    reference: taken
                        .reference
                        .clone()
                        .filter(|_| !taken.gift)
                        .map(|reference| (self.at, reference)),
                    predecessor: old.filter(|_| taken.gift).map(str::to_owned),
                    ..known.clone()
                };
                let given = old.filter(|_| taken.gift).map(|old| {
                    let given_to = Some((self.at, taken.code.clone()));
                    let given_away = Some(self.at);
                    (key(old), CardStanding { given_away, given_to, ..known.clone() })
                });
                std::iter::once((key(&taken.code), standing)).chain(given).collect()
            }
            Happening::Gifting { code } => {
                vec![(key(code), CardStanding { gifting: seen(), seen: seen(), ..known })]
            }
            Happening::Returned { code } => {
                let returned = Some(self.at);
                vec![(key(code), CardStanding { returned, seen: seen(), ..known })]
            }
            Happening::Deleted { code } => {
                let deleted = Some(self.at);
                vec![(key(code), CardStanding { deleted, seen: seen(), ..known })]
            }
            Happening::Used { code, till } => {
                let used = Some((self.at, till.clone()));
                vec![(key(code), CardStanding { used, seen: seen(), ..known })]
            }
            Happening::Seen { code } => vec![(key(code), CardStanding { seen: seen(), ..known })],
            Happening::Reviewed { .. } | Happening::StockLow { .. } => Vec::new(),
        }
    }
}

impl CardKey {
    /// The card of this code of the same placement.
    #[must_use]
    pub fn with_code(&self, code: &str) -> Self {
        Self { card_ref: self.card_ref.clone(), code: code.to_owned() }
    }

    /// The act of taking it: a coupon is written down under it, however often it is told of.
    pub fn record(&self) -> Record {
        let hash = Sha256::new().chain_update("card").chain_update([0]);
        // Neither of the two has these bytes, so what stands before them is never taken for a part of the other.
        let hash = hash.chain_update(&self.card_ref).chain_update([0]).chain_update(&self.code);
        Record::of_ours(&hash.finalize().into())
    }
}

impl CardStanding {
    /// All that either knows. Whatever is joined in which order and how often, it comes to the same.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            owner: self.owner.max(other.owner),
            seen: self.seen.max(other.seen),
            reference: earlier(self.reference, other.reference),
            gifting: self.gifting.max(other.gifting),
            returned: self.returned.max(other.returned),
            given_away: earlier(self.given_away, other.given_away),
            deleted: self.deleted.max(other.deleted),
            used: earlier(self.used, other.used),
            first: earlier(self.first, other.first),
            predecessor: earlier(self.predecessor, other.predecessor),
            given_to: earlier(self.given_to, other.given_to),
        }
    }

    /// Whose it is; `None` when nobody was ever named.
    pub fn holder(&self) -> Option<&str> {
        let owner = self.owner.as_ref().map(|owner| owner.open_id.as_str());
        owner.or_else(|| self.seen.as_ref().map(|seen| seen.open_id.as_str()))
    }

    /// The platform's name of its holder over all accounts of the merchant.
    pub fn union_id(&self) -> Option<&str> {
        self.owner.as_ref()?.union_id.as_deref()
    }

    /// What we gave the platform to carry back to us.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_ref().map(|(_, reference)| reference.as_str())
    }

    /// The same, if it came with its present holder: what was given to another one says nothing of them.
    pub fn reference_of_holder(&self) -> Option<&str> {
        let owner = self.owner.as_ref().filter(|owner| !owner.gift)?;
        let (at, reference) = self.reference.as_ref()?;
        (*at == owner.at).then_some(reference)
    }

    /// When it was first heard of.
    pub const fn first(&self) -> Option<DateTime<Utc>> {
        self.first
    }

    /// Whether it came from somebody else under a code of its own, so that no stock was used up by it.
    pub const fn is_successor(&self) -> bool {
        self.predecessor.is_some()
    }

    /// The code under which the giver had it, where that was another. It is the same right: valid as long, and out of use
    /// with it.
    pub fn predecessor(&self) -> Option<&str> {
        self.predecessor.as_deref()
    }

    /// The code under which somebody else has it by now.
    pub fn successor(&self) -> Option<&str> {
        self.given_to.as_ref().map(|(_, code)| code.as_str())
    }

    /// When and where it was used.
    pub const fn used(&self) -> Option<&(DateTime<Utc>, Till)> {
        self.used.as_ref()
    }

    /// What keeps it from being used, and since when. Whoever has it after a gift or a return has it whole.
    pub fn suspension(&self) -> Option<(Suspension, DateTime<Utc>)> {
        if let Some(at) = self.given_away {
            return Some((Suspension::GivenAway, at));
        }
        let owned = self.owner.as_ref().map(|owner| owner.at);
        if let Some(at) = self.deleted.filter(|at| owned.is_none_or(|owned| owned <= *at)) {
            return Some((Suspension::Deleted, at));
        }
        let gifting = self.gifting.as_ref()?;
        let is_holders = self
            .owner
            .as_ref()
            .is_none_or(|owner| owner.open_id == gifting.open_id && owner.at <= gifting.at);
        let is_back = self.returned.is_some_and(|returned| gifting.at <= returned);
        (is_holders && !is_back).then_some((Suspension::Gifting, gifting.at))
    }
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Suspension {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gifting => "gifting",
            Self::GivenAway => "given_away",
            Self::Deleted => "deleted",
        }
    }
}

/// People and codes are nobody's business in a log.
macro_rules! hides {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

hides!(CardEvent);
hides!(Happening);
hides!(Taken);
hides!(CardStanding);

#[cfg(test)]
mod tests;
