//! What happens because time passes.

use std::time::Duration;

use serde::Deserialize;

/// What happens because time passes: locks end, coupons end, what is old is forgotten.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Upkeep {
    /// Whether this server looks after it; with several, one is enough, and all of them do no harm.
    pub enabled: bool,
    /// How often to look.
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    /// How long a session is kept after its end.
    #[serde(with = "humantime_serde")]
    pub keep_sessions: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Upkeep {
    fn default() -> Self {
        Self { enabled: true, every: Duration::from_secs(5), keep_sessions: 30 * DAY }
    }
}

impl Upkeep {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if !(Duration::from_millis(100)..=Duration::from_mins(5)).contains(&self.every) {
            problems.push("[upkeep] every: 100ms to 5m".to_owned());
        }
        if !(DAY..=3660 * DAY).contains(&self.keep_sessions) {
            problems.push("[upkeep] keep_sessions: 1day to ten years".to_owned());
        }
    }
}
