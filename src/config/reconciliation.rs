//! How our figures are held against the platforms'.

use chrono::NaiveTime;
use serde::Deserialize;

/// How our figures are held against the platforms', once a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reconciliation {
    /// Whether it is done each day by itself; it can be asked for either way.
    pub enabled: bool,
    /// The time of day in China.
    pub at: NaiveTime,
    /// So many whole days before today are looked at, more when days were missed.
    pub days: u8,
    /// By how much a figure of a day that is over may differ without being told.
    pub tolerance: u32,
}

impl Default for Reconciliation {
    fn default() -> Self {
        let at = NaiveTime::from_hms_opt(4, 30, 0).unwrap_or_default();
        Self { enabled: true, at, days: 3, tolerance: 0 }
    }
}

impl Reconciliation {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if !(1..=31).contains(&self.days) {
            problems.push("[reconciliation] days: 1 to 31".to_owned());
        }
    }
}
