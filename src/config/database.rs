//! Where kaquan keeps everything.

use std::{fs, path::PathBuf, str::FromStr};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

/// Where kaquan keeps everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// A Postgres of yours, 15 or newer; also read from `DATABASE_URL`. Without it kaquan runs its own.
    pub url: Option<SecretString>,
    /// A file that holds the URL instead.
    pub url_file: Option<PathBuf>,
    /// Where kaquan's own Postgres lives; without it `/var/lib/kaquan` for root, `~/.local/share/kaquan` for others.
    pub data_dir: Option<PathBuf>,
    /// The folder with the `postgres` program; without it the newest that is installed.
    pub bin_dir: Option<PathBuf>,
    /// Connections for everything but issuing, which has its own.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, url_file: None, data_dir: None, bin_dir: None, connections: 20 }
    }
}

impl Database {
    /// How to reach the merchant's own Postgres; `None` when kaquan is to run its own.
    pub fn options(&self) -> Result<Option<PgConnectOptions>, String> {
        let text = match (&self.url, &self.url_file) {
            (Some(url), _) => url.expose_secret().to_owned(),
            (None, Some(file)) => fs::read_to_string(file)
                .map_err(|error| format!("[database] url_file: {}: {error}", file.display()))?,
            (None, None) => return Ok(None),
        };
        let text = text.trim();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            // The text may hold a password, so it is not repeated.
            return Err("[database] url: expected postgres://user@host/database".to_owned());
        }
        PgConnectOptions::from_str(text)
            .map(Some)
            .map_err(|_| "[database] url: cannot be read".to_owned())
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if let Err(problem) = self.options() {
            problems.push(problem);
        }
        if !(1..=1000).contains(&self.connections) {
            problems.push("[database] connections: 1 to 1000".to_owned());
        }
    }
}
