//! How often callers of our own API may ask.

use serde::Deserialize;

/// How often callers of our own API may ask. Each server counts for itself, and platforms are never limited.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests per second of one API key, in the long run.
    pub server_rate: u32,
    /// And at once.
    pub server_burst: u32,
    /// Requests per second of one person with a session, in the long run.
    pub person_rate: u32,
    /// And at once.
    pub person_burst: u32,
    /// Requests per second from one address where nobody is known yet, as at a login, in the long run.
    pub stranger_rate: u32,
    /// And at once.
    pub stranger_burst: u32,
    /// Requests per second from one address with no key or session at work, or one that is unknown or over, in the long run.
    pub unauthenticated_rate: u32,
    /// And at once.
    pub unauthenticated_burst: u32,
    /// Unknown codes per minute by one caller, from one address, or in the name of one person, before no code is looked at.
    pub unknown_codes: u32,
}

/// Finer than a caller could notice.
const MOST: u32 = 1_000_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            server_rate: 5000,
            server_burst: 10_000,
            person_rate: 10,
            person_burst: 20,
            stranger_rate: 5,
            stranger_burst: 30,
            unauthenticated_rate: 10,
            unauthenticated_burst: 60,
            unknown_codes: 5,
        }
    }
}

impl Limits {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for (name, value) in [
            ("server_rate", self.server_rate),
            ("server_burst", self.server_burst),
            ("person_rate", self.person_rate),
            ("person_burst", self.person_burst),
            ("stranger_rate", self.stranger_rate),
            ("stranger_burst", self.stranger_burst),
            ("unauthenticated_rate", self.unauthenticated_rate),
            ("unauthenticated_burst", self.unauthenticated_burst),
            ("unknown_codes", self.unknown_codes),
        ] {
            if !(1..=MOST).contains(&value) {
                problems.push(format!("[limits] {name}: 1 to {MOST}"));
            }
        }
    }
}
