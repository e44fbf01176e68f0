//! What kaquan remembers of its own API.

use std::time::Duration;

use serde::Deserialize;

/// What kaquan remembers of its own API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// How long an answer can be asked for again by its `Idempotency-Key`; 30 days at least.
    #[serde(with = "humantime_serde")]
    pub keep_answers: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Api {
    fn default() -> Self {
        Self { keep_answers: 30 * DAY }
    }
}

impl Api {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if !(30 * DAY..=3660 * DAY).contains(&self.keep_answers) {
            problems.push("[api] keep_answers: 30 days to ten years".to_owned());
        }
    }
}
