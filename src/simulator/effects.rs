//! The effects ledger: how often each thing that must happen once did happen.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// What kind of thing a developer asks for that must happen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// An addition to a stock, known by its stock name.
    Stock,
    /// A coupon that came by sync, known by its record.
    Sync,
    /// A coupon that was used, known by its record.
    WriteOff,
    /// A new template, known by its exact fields, since the call carries no name of its own.
    Template,
}

/// One thing that must happen once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Identity {
    /// What kind of thing.
    pub kind: EffectKind,
    /// In which app.
    pub app_key: String,
    /// The stock name, the record, or the title with a digest of all fields.
    pub name: String,
}

/// How often a thing was asked for, by what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// It changed something; once is right.
    pub applied: u64,
    /// It was known already and changed nothing.
    pub repeated: u64,
    /// It was turned down.
    pub refused: u64,
}

/// What came of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Applied,
    Repeated,
    Refused,
}

/// The ledger.
#[derive(Debug, Default)]
pub(super) struct Effects(HashMap<Identity, Tally>);

impl Effects {
    /// Counts, and says how often the thing was applied by now.
    pub fn note(&mut self, identity: Identity, came: Came) -> u64 {
        let tally = self.0.entry(identity).or_default();
        match came {
            Came::Applied => tally.applied += 1,
            Came::Repeated => tally.repeated += 1,
            Came::Refused => tally.refused += 1,
        }
        tally.applied
    }

    /// The whole ledger, in order.
    pub fn all(&self) -> BTreeMap<Identity, Tally> {
        self.0.iter().map(|(identity, tally)| (identity.clone(), *tally)).collect()
    }
}
