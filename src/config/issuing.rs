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

impl Issuing {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for (holds, problem) in [
            ((1..=16).contains(&self.lanes), "lanes: 1 to 16"),
            ((1..=1000).contains(&self.batch), "batch: 1 to 1000"),
            ((1..=1_000_000).contains(&self.queue), "queue: 1 to 1000000"),
            (
                (Duration::from_millis(100)..=Duration::from_secs(30)).contains(&self.deadline),
                "deadline: 100ms to 30s",
            ),
        ] {
            if !holds {
                problems.push(format!("[issuing] {problem}"));
            }
        }
    }
}
