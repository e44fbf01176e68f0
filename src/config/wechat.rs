//! How long it may take to answer our calls to WeChat, and which of its pushes are believed.

use std::time::Duration;

use serde::Deserialize;

/// How kaquan and WeChat speak with each other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wechat {
    /// How long one call to WeChat may take, from connecting to the last byte of the answer.
    #[serde(with = "humantime_serde")]
    pub call_timeout: Duration,
    /// How much of that connecting may take.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// How long a call that carries a picture may take.
    #[serde(with = "humantime_serde")]
    pub upload_timeout: Duration,
    /// Whether pushes that are not encrypted are believed of accounts that are set to them; never in production, for such a push can be forged by whoever has seen one.
    pub accept_plain_pushes: bool,
}

impl Default for Wechat {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(8),
            connect_timeout: Duration::from_secs(3),
            upload_timeout: Duration::from_secs(10),
            accept_plain_pushes: false,
        }
    }
}

impl Wechat {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for (name, timeout) in [
            ("call_timeout", self.call_timeout),
            ("connect_timeout", self.connect_timeout),
            ("upload_timeout", self.upload_timeout),
        ] {
            // A delivery is held for little longer than a call may take.
            if !(Duration::from_millis(100)..=Duration::from_secs(10)).contains(&timeout) {
                problems.push(format!("[wechat] {name}: 100ms to 10s"));
            }
        }
        if self.connect_timeout >= self.call_timeout.min(self.upload_timeout) {
            problems.push("[wechat] connect_timeout: shorter than both others".to_owned());
        }
    }
}
