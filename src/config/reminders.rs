//! When people are reminded of coupons.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// When people are reminded of coupons that they have not used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reminders {
    /// How long before its end a coupon is told of with `coupon.expiring`, once for each; `[]` for never.
    #[serde(deserialize_with = "durations")]
    pub before: Vec<Duration>,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Reminders {
    fn default() -> Self {
        Self { before: vec![3 * DAY, DAY] }
    }
}

impl Reminders {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let fits = |before: &Duration| {
            (Duration::from_mins(1)..=366 * DAY).contains(before) && before.subsec_nanos() == 0
        };
        let mut once = self.before.clone();
        once.sort_unstable();
        once.dedup();
        if self.before.len() > 8 || once.len() < self.before.len() || !self.before.iter().all(fits)
        {
            problems.push("[reminders] before: at most 8, each once, 1m to 366days".to_owned());
        }
    }
}

fn durations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = |text: &String| {
        humantime_serde::re::humantime::parse_duration(text).map_err(D::Error::custom)
    };
    texts.iter().map(read).collect()
}
