//! `kaquan doctor`: looks at the set-up and says how to mend what is wrong.

use std::{fmt, net::SocketAddr, time::Duration};

use serde::Serialize;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::{
    app::keys,
    config::Config,
    service::reseal_secrets::{Survey, survey},
    store,
    vault::{KeyId, Vault},
};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen, and what to do when it is not well.
    pub detail: String,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Well,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Broken,
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
pub struct Diagnosis(pub Vec<Finding>);

/// The oldest Postgres that kaquan is made for.
const OLDEST_POSTGRES: i32 = 15;
/// How far the clocks of this machine and of the database may be apart.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

impl Diagnosis {
    /// Whether kaquan can run.
    pub fn is_well(&self) -> bool {
        self.0.iter().all(|finding| finding.health != Health::Broken)
    }
}

/// Looks at the settings and, through `db`, at the database; `db` is the error when it cannot be reached.
pub async fn examine(
    config: &Config,
    db: Result<&PgPool, String>,
    now: chrono::DateTime<chrono::Utc>,
) -> Diagnosis {
    let mut findings = vec![public_url(config)];
    let mut readable = None;
    match db {
        Ok(db) => {
            findings.push(well("database", "answers"));
            match store::doctor::look(db).await {
                Ok(seen) => {
                    findings.extend(database(&seen, now));
                    readable = is_current(&seen).then_some(db);
                }
                Err(error) => findings.push(broken("database", format!("cannot be read: {error}"))),
            }
        }
        Err(error) => findings.push(broken("database", error)),
    }
    findings.push(master_key(config, readable).await);
    findings.push(port("listen", config.server.listen).await);
    findings.push(port("metrics", config.metrics.listen).await);
    findings.push(open_files());
    Diagnosis(findings)
}

fn database(seen: &store::doctor::Seen, now: chrono::DateTime<chrono::Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let major = seen.server_version / 10_000;
    findings.push(if major >= OLDEST_POSTGRES {
        well("postgres version", format!("{major}"))
    } else {
        broken("postgres version", format!("{major}: kaquan needs {OLDEST_POSTGRES} or newer"))
    });
    findings.push(match seen.migrations {
        Some(_) if is_current(seen) => well("schema", "up to date"),
        Some(done) => {
            let known = store::MIGRATOR.iter().count();
            warning("schema", format!("{done} of {known} migrations: run `kaquan migrate`"))
        }
        None => warning("schema", "empty: `kaquan serve` or `kaquan migrate` makes it"),
    });
    let careless: Vec<_> = seen.careless.iter().map(String::as_str).collect();
    findings.push(if careless.is_empty() {
        well("durability", "a commit survives a power cut")
    } else {
        broken("durability", format!("turn on {}: codes can be lost", careless.join(", ")))
    });
    let apart = (seen.now - now).abs().to_std().unwrap_or_default();
    findings.push(if apart <= CLOCK_TOLERANCE {
        well("clock", "agrees with the database")
    } else {
        warning("clock", format!("{} s from the database's: check NTP", apart.as_secs()))
    });
    findings
}

fn is_current(seen: &store::doctor::Seen) -> bool {
    let known = store::MIGRATOR.iter().count();
    seen.migrations.is_some_and(|done| usize::try_from(done) == Ok(known))
}

/// Whether secrets can be sealed, and those in `db` opened; without `db` the keys alone are looked at.
async fn master_key(config: &Config, db: Option<&PgPool>) -> Finding {
    const NAME: &str = "master key";
    let vault = match keys::look(config) {
        Ok(vault) => vault,
        Err(error) => return broken(NAME, format!("{error:#}")),
    };
    let sealed = match db {
        Some(db) => match sealed(db, &vault).await {
            Ok(sealed) => sealed,
            Err(error) => return broken(NAME, format!("secrets cannot be read: {error}")),
        },
        None => Survey::default(),
    };
    let (values, origin) = (sealed.count(), vault.origin());
    let known = vault.key_ids();
    let missing: Vec<_> = sealed.keys.keys().filter(|id| !known.contains(id)).collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().map(KeyId::to_string).collect();
        let missing = missing.join(", ");
        return broken(NAME, format!("{missing} is in use and not in {origin}: put it back"));
    }
    if let Some(first) = sealed.closed.first() {
        let (closed, place, why) = (sealed.closed.len(), first.place, &first.why);
        let detail =
            format!("{closed} of {values} sealed values do not open, first {place}: {why}");
        return broken(NAME, detail);
    }
    match known.first() {
        Some(first) => {
            well(NAME, format!("{first} of {origin} seals; sealed so far: {values}, all open"))
        }
        None if vault.has_file() => well(NAME, format!("{origin} is made at the first start")),
        None => warning(
            NAME,
            "none: set secrets.master_keys_file, or secrets of platforms cannot be kept",
        ),
    }
}

async fn sealed(db: &PgPool, vault: &Vault) -> sqlx::Result<Survey> {
    survey(&mut *db.acquire().await?, vault).await
}

fn public_url(config: &Config) -> Finding {
    let url = &config.server.public_url;
    let loopback = url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    });
    match (url.scheme(), loopback) {
        ("https", false) => well("public url", url.as_str()),
        (_, true) => {
            warning("public url", format!("{url}: no platform can reach it; set server.public_url"))
        }
        _ => warning(
            "public url",
            format!("{url}: without TLS the secret address can be read on the way"),
        ),
    }
}

/// A port that is taken is most likely taken by the running server.
async fn port(name: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => well(name, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            well(name, format!("{address} is in use: the server is running, or another program"))
        }
        Err(error) => broken(name, format!("{address}: {error}")),
    }
}

fn open_files() -> Finding {
    use nix::sys::resource::{Resource, getrlimit};
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if soft >= 16_384 => well("open files", soft.to_string()),
        Ok((soft, _)) => warning(
            "open files",
            format!("{soft}: a flash sale needs more, for example LimitNOFILE=65536"),
        ),
        Err(error) => warning("open files", error.to_string()),
    }
}

fn well(name: &'static str, detail: impl Into<String>) -> Finding {
    Finding { name, health: Health::Well, detail: detail.into() }
}

fn warning(name: &'static str, detail: impl Into<String>) -> Finding {
    Finding { name, health: Health::Warning, detail: detail.into() }
}

fn broken(name: &'static str, detail: impl Into<String>) -> Finding {
    Finding { name, health: Health::Broken, detail: detail.into() }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { name, health, detail } in &self.0 {
            let mark = match health {
                Health::Well => '✓',
                Health::Warning => '!',
                Health::Broken => '✗',
            };
            writeln!(f, "{mark} {name:<18} {detail}")?;
        }
        f.write_str(if self.is_well() { "kaquan can run." } else { "kaquan cannot run yet." })
    }
}
