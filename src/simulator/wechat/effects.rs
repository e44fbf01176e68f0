//! The effects ledger: how often each thing that cannot be undone did happen.

use std::collections::BTreeMap;

use serde::Serialize;

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A new card, known by its title and a digest of its whole body.
    Create,
    /// A change of a card, known by its id.
    Update,
    /// The end of a card, known by its id.
    Delete,
    /// A change of a stock, known by the card's id.
    Stock,
    /// A code for the pool, known as `card_id/code`.
    Deposit,
    /// A redemption through the API, known as `card_id/code`.
    Consume,
    /// A coupon voided, known as `card_id/code`.
    Void,
    /// A code renamed, known as `card_id/code`.
    Rename,
    /// A token fetched with `/cgi-bin/token`, known by the app.
    Token,
    /// A token fetched with `/cgi-bin/stable_token`, known by the app.
    StableToken,
    /// A ticket for cards fetched, known by the app.
    Ticket,
}

/// One thing that may have happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Identity {
    /// What kind of thing.
    pub kind: EffectKind,
    /// In which app.
    pub appid: String,
    /// Its name, as its kind says.
    pub name: String,
}

/// How often a thing was asked for, by what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// It changed something.
    pub applied: u64,
    /// It was turned down.
    pub refused: u64,
}

/// The ledger.
#[derive(Debug, Default)]
pub(super) struct Effects(BTreeMap<Identity, Tally>);

impl Effects {
    pub fn note(&mut self, kind: EffectKind, appid: &str, name: &str, applied: bool) {
        let identity = Identity { kind, appid: appid.to_owned(), name: name.to_owned() };
        let tally = self.0.entry(identity).or_default();
        if applied {
            tally.applied += 1;
        } else {
            tally.refused += 1;
        }
    }

    pub fn all(&self) -> BTreeMap<Identity, Tally> {
        self.0.clone()
    }
}
