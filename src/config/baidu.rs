//! How Baidu's callbacks are answered.

use std::time::Duration;

use serde::Deserialize;

/// How Baidu's callbacks are answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Baidu {
    /// How far the timestamp of a new record may be from now; known records are answered whatever theirs says.
    #[serde(with = "humantime_serde")]
    pub callback_window: Duration,
}

impl Default for Baidu {
    fn default() -> Self {
        Self { callback_window: Duration::from_mins(5) }
    }
}

impl Baidu {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let day = Duration::from_hours(24);
        if self.callback_window < Duration::from_secs(10) || self.callback_window > day {
            problems.push("[baidu] callback_window: 10s to 1day".to_owned());
        }
    }
}
