//! How the merchant's own systems are told of what happens.

use std::time::Duration;

use serde::Deserialize;

/// How the merchant's own systems are told of what happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Whether endpoints may be on this machine and in private networks, without TLS and on any port; not for production.
    pub allow_private: bool,
    /// How long one call to an endpoint may take, from its name to the last byte of the answer.
    #[serde(with = "humantime_serde")]
    pub call_timeout: Duration,
    /// `stock.low` is told when no more than this of a placement's stock is left, in percent.
    pub stock_low_percent: u8,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { allow_private: false, call_timeout: Duration::from_secs(10), stock_low_percent: 10 }
    }
}

impl Webhooks {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        // A delivery is held for little longer than a call may take.
        if !(Duration::from_millis(100)..=Duration::from_secs(10)).contains(&self.call_timeout) {
            problems.push("[webhooks] call_timeout: 100ms to 10s".to_owned());
        }
        if self.stock_low_percent > 100 {
            problems.push("[webhooks] stock_low_percent: 0 to 100".to_owned());
        }
    }
}
