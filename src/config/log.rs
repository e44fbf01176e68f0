//! What kaquan tells about itself.

use serde::Deserialize;

/// What kaquan tells about itself, on standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What to tell: a level, or levels by module as `tracing` filters write them.
    pub filter: String,
    /// `text` for people, `json` for machines.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,sqlx=warn".to_owned(), format: LogFormat::Text }
    }
}

impl Log {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.filter) {
            problems.push(format!("[log] filter: {error}"));
        }
    }
}
