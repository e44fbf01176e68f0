//! How Baidu's callbacks are answered, and how long it may take to answer ours.

use std::time::Duration;

use serde::Deserialize;

/// How kaquan and Baidu speak with each other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Baidu {
    /// How far the timestamp of a new record may be from now; known records are answered whatever theirs says.
    #[serde(with = "humantime_serde")]
    pub callback_window: Duration,
    /// How long one call to Baidu may take, from connecting to the last byte of the answer.
    #[serde(with = "humantime_serde")]
    pub call_timeout: Duration,
    /// The same for calls that carry a picture.
    #[serde(with = "humantime_serde")]
    pub upload_timeout: Duration,
}

impl Default for Baidu {
    fn default() -> Self {
        Self {
            callback_window: Duration::from_mins(5),
            call_timeout: Duration::from_secs(3),
            upload_timeout: Duration::from_secs(10),
        }
    }
}

impl Baidu {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let day = Duration::from_hours(24);
        if self.callback_window < Duration::from_secs(10) || self.callback_window > day {
            problems.push("[baidu] callback_window: 10s to 1day".to_owned());
        }
        for (name, timeout) in
            [("call_timeout", self.call_timeout), ("upload_timeout", self.upload_timeout)]
        {
            // A delivery is held for little longer than a call may take.
            if !(Duration::from_millis(100)..=Duration::from_secs(10)).contains(&timeout) {
                problems.push(format!("[baidu] {name}: 100ms to 10s"));
            }
        }
    }
}
