//! The strictness report: what the other side did that the documents do not say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::effects::EffectKind;

/// Everything that was not as documented, whether it was let through or refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Departures from the documents and how often each was seen.
    pub deviations: BTreeMap<String, u64>,
    /// Fields that no document names, as `call.field`.
    pub undocumented: BTreeMap<String, u64>,
    /// Requests to paths that do not exist.
    pub unknown_paths: BTreeMap<String, u64>,
    /// Broken promises towards the platform.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether nothing at all was seen.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    /// Counts a departure from the documents.
    pub fn deviation(&mut self, what: &str) {
        bump(&mut self.deviations, what);
    }

    /// Counts a field that no document names.
    pub fn undocumented(&mut self, call: &str, field: &str) {
        bump(&mut self.undocumented, &format!("{call}.{field}"));
    }

    /// Counts a request to a path that does not exist.
    pub fn unknown_path(&mut self, path: &str) {
        bump(&mut self.unknown_paths, path);
    }
}

/// A promise towards the platform that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Violation {
    /// Two answers for one record differ.
    Inconsistent {
        /// The record that was answered twice.
        record_id: String,
        /// The first clear answer.
        first: String,
        /// The later one that differs.
        then: String,
    },
    /// One code was given to two records.
    CodeGivenTwice {
        /// The record that had it first.
        first: String,
        /// The record that got it again.
        then: String,
        /// The code.
        code: String,
    },
    /// A coupon lies in a wallet under one code and was told again under another.
    OtherCode {
        /// The record of both.
        record_id: String,
        /// The code in the wallet.
        first: String,
        /// The code that came later.
        then: String,
    },
    /// What must happen once happened again.
    AppliedTwice {
        /// What kind of thing.
        effect: EffectKind,
        /// In which app.
        app_key: String,
        /// Its name in the effects ledger.
        name: String,
    },
}

fn bump(counts: &mut BTreeMap<String, u64>, key: &str) {
    // Keys come from the wire: keep them short and their number bounded.
    const MOST_KEYS: usize = 1000;
    let key: String = key.chars().take(120).collect();
    if counts.len() < MOST_KEYS || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}
