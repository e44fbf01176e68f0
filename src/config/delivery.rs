//! How what we owe the platforms is paid.

use std::time::Duration;

use serde::Deserialize;

/// How what we owe the platforms is paid; how fast each app may be called is set with the app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Whether this server pays; with several, one is enough.
    pub enabled: bool,
    /// Calls at the same time.
    pub in_flight: usize,
    /// Calls at the same time to one app, so that one that hangs leaves room for the others.
    pub in_flight_per_app: usize,
    /// How long a worker may hold a delivery before others take it over; longer than any call takes.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often to look for work that nobody announced, and for workers that are gone.
    #[serde(with = "humantime_serde")]
    pub poll: Duration,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            enabled: true,
            in_flight: 256,
            in_flight_per_app: 128,
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(500),
        }
    }
}

impl Delivery {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for (holds, problem) in [
            ((1..=4096).contains(&self.in_flight), "in_flight: 1 to 4096"),
            (
                (1..=self.in_flight).contains(&self.in_flight_per_app),
                "in_flight_per_app: 1 to in_flight",
            ),
            (
                (Duration::from_secs(15)..=Duration::from_mins(10)).contains(&self.lease),
                "lease: 15s to 10m",
            ),
            (
                (Duration::from_millis(50)..=Duration::from_secs(5)).contains(&self.poll),
                "poll: 50ms to 5s",
            ),
        ] {
            if !holds {
                problems.push(format!("[delivery] {problem}"));
            }
        }
    }
}
