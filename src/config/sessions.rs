//! How long people stay logged in.

use std::time::Duration;

use serde::Deserialize;

/// How long people stay who came through a mini-program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Without doing anything.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// In any case.
    #[serde(with = "humantime_serde")]
    pub most: Duration,
}

const HOUR: Duration = Duration::from_hours(1);

impl Default for Sessions {
    fn default() -> Self {
        Self { idle: 7 * 24 * HOUR, most: 30 * 24 * HOUR }
    }
}

impl Sessions {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if self.idle < HOUR / 60 || self.most < self.idle || self.most > 366 * 24 * HOUR {
            problems
                .push("[sessions] idle, most: a minute to a year, idle not above most".to_owned());
        }
    }
}
