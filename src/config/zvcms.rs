//! How callers of the zvcms protocol are answered.

use std::time::Duration;

use serde::Deserialize;

/// How callers of the zvcms protocol are answered. Its clients, with their secrets and grants, are in the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zvcms {
    /// Where it is served, and what its signatures begin with, whatever a proxy in front makes of it; `""` for nowhere.
    pub path: String,
    /// How far the timestamp of a request may be from now; its nonce is remembered for twice as long.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// Requests per second of one client, in the long run.
    pub client_rate: u32,
    /// And at once.
    pub client_burst: u32,
    /// Claims per second in the name of one person, in the long run; a batch is one.
    pub claim_rate: u32,
    /// And at once.
    pub claim_burst: u32,
}

/// Finer than a caller could notice.
const MOST: u32 = 1_000_000;
/// What else is served here begins so.
const TAKEN: [&str; 6] = ["v1", "callbacks", "health", "docs", "openapi.json", "metrics"];

impl Default for Zvcms {
    fn default() -> Self {
        Self {
            path: "/api/v2".to_owned(),
            window: Duration::from_mins(5),
            client_rate: 5000,
            client_burst: 10_000,
            claim_rate: 5,
            claim_burst: 5,
        }
    }
}

impl Zvcms {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let first = self.path.split('/').nth(1).unwrap_or_default();
        if !self.path.is_empty() && !is_path(&self.path) {
            problems.push(
                "[zvcms] path: must begin with a slash, not end with one, and hold letters, digits, - and _ only"
                    .to_owned(),
            );
        } else if TAKEN.contains(&first) {
            problems.push(format!("[zvcms] path: `/{first}` is something else"));
        }
        if !(Duration::from_secs(10)..=Duration::from_hours(1)).contains(&self.window) {
            problems.push("[zvcms] window: 10s to 1h".to_owned());
        }
        for (name, value) in [
            ("client_rate", self.client_rate),
            ("client_burst", self.client_burst),
            ("claim_rate", self.claim_rate),
            ("claim_burst", self.claim_burst),
        ] {
            if !(1..=MOST).contains(&value) {
                problems.push(format!("[zvcms] {name}: 1 to {MOST}"));
            }
        }
    }
}

fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_and_nobody_elses() {
        for (path, fits) in [
            ("/api/v2", true),
            ("/open-api_2/x", true),
            ("", true),
            ("/", false),
            ("api/v2", false),
            ("/api/v2/", false),
            ("/api/{v}", false),
            ("/v1/zvcms", false),
            ("/health", false),
        ] {
            let mut problems = Vec::new();

            Zvcms { path: path.to_owned(), ..Zvcms::default() }.check(&mut problems);

            assert_eq!(problems.is_empty(), fits, "{path} {problems:?}");
        }
    }

    #[test]
    fn a_window_is_neither_closed_nor_wide_open() {
        for (seconds, fits) in [(9, false), (10, true), (3600, true), (3601, false)] {
            let window = Duration::from_secs(seconds);
            let mut problems = Vec::new();

            Zvcms { window, claim_burst: 1, ..Zvcms::default() }.check(&mut problems);

            assert_eq!(problems.is_empty(), fits, "{seconds}");
        }
    }
}
