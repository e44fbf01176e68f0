//! The strictness report: what the other side did that the documents do not say.

use std::collections::BTreeMap;

use serde::Serialize;

/// Everything that was not as documented, whether it was let through or refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Departures from the documents and how often each was seen.
    pub deviations: BTreeMap<String, u64>,
    /// Fields that no document names, as `call.field`.
    pub undocumented: BTreeMap<String, u64>,
    /// Requests to paths that do not exist.
    pub unknown_paths: BTreeMap<String, u64>,
    /// Replies to pushes that WeChat does not understand.
    pub bad_replies: BTreeMap<String, u64>,
}

impl Report {
    /// Whether nothing at all was seen.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn deviation(&mut self, what: &str) {
        bump(&mut self.deviations, what);
    }

    pub(super) fn undocumented(&mut self, call: &str, field: &str) {
        bump(&mut self.undocumented, &format!("{call}.{field}"));
    }

    pub(super) fn unknown_path(&mut self, path: &str) {
        bump(&mut self.unknown_paths, path);
    }

    pub(super) fn bad_reply(&mut self, what: &str) {
        bump(&mut self.bad_replies, what);
    }
}

fn bump(counts: &mut BTreeMap<String, u64>, key: &str) {
    // Keys come from the wire: keep them short and their number bounded.
    const MOST_KEYS: usize = 1000;
    let key: String = key.chars().take(160).collect();
    if counts.len() < MOST_KEYS || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}
