//! How the issuing engine works.

use std::time::Duration;

use serde::Deserialize;

/// How the issuing engine works; the defaults suit one machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Issuing {
    /// Batches that can be in a transaction at the same time; each template always uses the same one.
    pub lanes: usize,
    /// The most requests in one transaction.
    pub batch: usize,
    /// The most requests that wait; beyond it callers are asked to try again at once.
    pub queue: usize,
    /// How long a caller waits for an answer before it is asked to try again.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
}

impl Default for Issuing {
    fn default() -> Self {
        Self { lanes: 2, batch: 512, queue: 4096, deadline: Duration::from_millis(1200) }
    }
}
