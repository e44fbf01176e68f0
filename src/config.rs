//! Settings: defaults in code, then a TOML file, then the environment (`KAQUAN__SECTION__KEY`).
//!
//! Read once, by `main`; everybody else is handed their section. Every key stands in `config.example.toml`.

pub mod api;
pub mod baidu;
pub mod database;
pub mod delivery;
pub mod issuing;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod reconciliation;
pub mod reminders;
pub mod secrets;
pub mod server;
pub mod sessions;
pub mod upkeep;
pub mod webhooks;
pub mod wechat;
pub mod yoho;
pub mod zvcms;

use std::{fmt, path::Path};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// All settings. Safe to print: secrets hide themselves.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where kaquan listens.
    pub server: server::Server,
    /// Where its metrics are read.
    pub metrics: metrics::Metrics,
    /// Where it keeps everything.
    pub database: database::Database,
    /// What seals secrets there.
    pub secrets: secrets::Secrets,
    /// How it issues.
    pub issuing: issuing::Issuing,
    /// How it answers Baidu.
    pub baidu: baidu::Baidu,
    /// How it calls WeChat.
    pub wechat: wechat::Wechat,
    /// How it pays what it owes the platforms.
    pub delivery: delivery::Delivery,
    /// How it holds its figures against the platforms'.
    pub reconciliation: reconciliation::Reconciliation,
    /// What it remembers of its own API.
    pub api: api::Api,
    /// How often callers may ask.
    pub limits: limits::Limits,
    /// How long people stay logged in.
    pub sessions: sessions::Sessions,
    /// What happens because time passes.
    pub upkeep: upkeep::Upkeep,
    /// When people are reminded of coupons.
    pub reminders: reminders::Reminders,
    /// How the merchant's own systems are told of what happens.
    pub webhooks: webhooks::Webhooks,
    /// How callers of the Yoho protocol are answered.
    pub yoho: yoho::Yoho,
    /// How callers of the zvcms protocol are answered.
    pub zvcms: zvcms::Zvcms,
    /// What it tells about itself.
    pub log: log::Log,
}

/// Everything that is wrong with the settings.
#[derive(Debug)]
pub struct ConfigErrors(Vec<String>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

const ENVIRONMENT_PREFIX: &str = "KAQUAN__";

impl Config {
    /// Reads the file, if one is named, and lays `environment` over it.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut table = match file {
            None => Table::new(),
            Some(path) => read(path).map_err(|problem| ConfigErrors(vec![problem]))?,
        };
        let mut problems = Vec::new();
        for (name, value) in environment {
            overlay(&mut table, &name, &value, &mut problems);
        }
        let config = Self {
            server: section(&mut table, "server", &mut problems),
            metrics: section(&mut table, "metrics", &mut problems),
            database: section(&mut table, "database", &mut problems),
            secrets: section(&mut table, "secrets", &mut problems),
            issuing: section(&mut table, "issuing", &mut problems),
            baidu: section(&mut table, "baidu", &mut problems),
            wechat: section(&mut table, "wechat", &mut problems),
            delivery: section(&mut table, "delivery", &mut problems),
            reconciliation: section(&mut table, "reconciliation", &mut problems),
            api: section(&mut table, "api", &mut problems),
            limits: section(&mut table, "limits", &mut problems),
            sessions: section(&mut table, "sessions", &mut problems),
            upkeep: section(&mut table, "upkeep", &mut problems),
            reminders: section(&mut table, "reminders", &mut problems),
            webhooks: section(&mut table, "webhooks", &mut problems),
            yoho: section(&mut table, "yoho", &mut problems),
            zvcms: section(&mut table, "zvcms", &mut problems),
            log: section(&mut table, "log", &mut problems),
        };
        problems.extend(table.keys().map(|name| format!("[{name}]: there is no such section")));
        config.database.check(&mut problems);
        config.issuing.check(&mut problems);
        config.server.check(&mut problems);
        config.baidu.check(&mut problems);
        config.wechat.check(&mut problems);
        config.delivery.check(&mut problems);
        config.reconciliation.check(&mut problems);
        config.api.check(&mut problems);
        config.limits.check(&mut problems);
        config.sessions.check(&mut problems);
        config.upkeep.check(&mut problems);
        config.reminders.check(&mut problems);
        config.webhooks.check(&mut problems);
        config.yoho.check(&mut problems);
        config.zvcms.check(&mut problems);
        config.log.check(&mut problems);
        if config.yoho.paths.contains(&config.zvcms.path) {
            problems.push(format!("[zvcms] path: `{}` is one of [yoho] paths", config.zvcms.path));
        }
        if problems.is_empty() { Ok(config) } else { Err(ConfigErrors(problems)) }
    }
}

fn read(path: &Path) -> Result<Table, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

/// `DATABASE_URL` and `KAQUAN__SECTION__KEY`; other names are not ours.
fn overlay(table: &mut Table, name: &str, value: &str, problems: &mut Vec<String>) {
    let (section, key) = if name == "DATABASE_URL" {
        ("database".to_owned(), "url".to_owned())
    } else {
        let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX) else { return };
        let Some((section, key)) = path.split_once("__") else {
            problems.push(format!("{name}: expected KAQUAN__SECTION__KEY"));
            return;
        };
        (section.to_ascii_lowercase(), key.to_ascii_lowercase())
    };
    if let Value::Table(section) = table.entry(section).or_insert_with(|| Table::new().into()) {
        section.insert(key, literal(value));
    }
}

/// Numbers, booleans and lists as TOML writes them; anything else is a text.
fn literal(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    let value = parsed.and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn section<T: DeserializeOwned + Default>(
    table: &mut Table,
    name: &str,
    problems: &mut Vec<String>,
) -> T {
    let Some(value) = table.remove(name) else { return T::default() };
    value.try_into().unwrap_or_else(|error: toml::de::Error| {
        problems.push(format!("[{name}]: {}", error.message()));
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml"));
        let environment = env(&[
            ("KAQUAN__ISSUING__LANES", "7"),
            ("KAQUAN__SERVER__LISTEN", "0.0.0.0:80"),
            ("KAQUAN__LOG__FILTER", "debug"),
            ("UNRELATED", "1"),
        ]);

        let config = Config::load(Some(file), environment).unwrap();

        assert_eq!(config.issuing.lanes, 7);
        assert_eq!(config.server.listen.port(), 80);
        assert_eq!(config.log.filter, "debug");
    }

    #[test]
    fn the_example_says_what_the_code_does() {
        let example = include_str!("../config.example.toml");
        let uncommented = example.replace("\n#: ", "\n");
        let directory = std::env::temp_dir().join(format!("kaquan-example-{}", std::process::id()));
        std::fs::write(&directory, &uncommented).unwrap();

        let config = Config::load(Some(&directory), []).unwrap();

        std::fs::remove_file(&directory).unwrap();
        // What stands behind `#:` has no default.
        let database = database::Database {
            connections: config.database.connections,
            ..database::Database::default()
        };
        assert_eq!(
            format!("{:?}", Config { database, secrets: secrets::Secrets::default(), ..config }),
            format!("{:?}", Config::default())
        );
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let environment = env(&[
            ("KAQUAN__ISSUING__LANES", "many"),
            ("KAQUAN__SERVER__LISTEN", "nowhere"),
            ("KAQUAN__DATABASE__URL", "mysql://root@db/x"),
            ("KAQUAN__LGO__FILTER", "debug"),
            ("KAQUAN__BAIDU", "x"),
            ("KAQUAN__LOG__FLITER", "debug"),
        ]);

        let problems = Config::load(None, environment).unwrap_err().0;

        assert_eq!(problems.len(), 6, "{problems:?}");
    }

    #[test]
    fn printing_the_settings_shows_no_password_and_no_key() {
        let environment = env(&[
            ("DATABASE_URL", "postgres://kaquan:hunter2@localhost/kaquan"),
            ("KAQUAN__SECRETS__MASTER_KEYS", "1 hunter3;2 hunter4"),
        ]);

        let config = Config::load(None, environment).unwrap();

        assert!(config.secrets.master_keys.is_some() && !format!("{config:?}").contains("hunter"));
    }
}
