//! `kaquan key`: the keys of the merchant's own systems.

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde::Serialize;

use super::{output, role, session::Session};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    domain::{
        access::{Grant, Role, Scope},
        id::KeyId,
    },
    service::{
        create_key::{CreateKeyError, NewKey, create_key_by},
        revoke_key::revoke_key,
        rotate_key::rotate_key,
        secret::Fresh,
    },
    store::{self, api_key::ApiKey},
};

#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes a key and prints it, this once only.
    Create {
        /// For people to tell keys apart.
        #[arg(long)]
        name: String,
        /// What its holder may do, as a person at work would; owner when no scope is named.
        #[arg(long, conflicts_with = "scope", value_parser = role::role())]
        role: Option<Role>,
        /// What its holder may do, as a server; can stand several times.
        #[arg(long, value_parser = role::scope())]
        scope: Vec<Scope>,
        /// A network it may come from, such as 10.0.0.0/8; can stand several times, anywhere without.
        #[arg(long, value_name = "CIDR")]
        source: Vec<IpNet>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a second key of the same name and prints it, this once only; the first one retires.
    Rotate {
        /// The id, as `kaquan key list` shows it.
        key: KeyId,
        /// How long both count.
        #[arg(long, default_value = "24h", value_parser = humantime_serde::re::humantime::parse_duration)]
        overlap: Duration,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the keys.
    List {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Stops a key at once.
    Revoke {
        /// The id, as `kaquan key list` shows it.
        key: KeyId,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize)]
struct KeyView {
    id: KeyId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    prefix: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Key {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = self.what.run(&session).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl What {
    async fn run(self, session: &Session) -> anyhow::Result<()> {
        let now = SystemClock.now();
        match self {
            Self::Create { name, role, mut scope, source, json } => {
                scope.sort_unstable();
                scope.dedup();
                let grant = if scope.is_empty() {
                    Grant::Role(role.unwrap_or(Role::Owner))
                } else {
                    Grant::Scopes(scope)
                };
                let new = NewKey { name, grant, sources: source };
                let made = create_key_by(&session.db, now, new, None).await;
                show(made.map_err(explain)?, json)
            }
            Self::Rotate { key, overlap, json } => {
                let overlap = TimeDelta::from_std(overlap)?;
                show(rotate_key(&session.db, now, key, overlap, None).await?, json)
            }
            Self::List { json } => {
                let keys = store::api_key::list(&mut *session.db.acquire().await?).await?;
                if json {
                    let keys: Vec<_> = keys.into_iter().map(KeyView::from).collect();
                    return output::say_json(&keys);
                }
                for key in &keys {
                    output::say(line(key, now));
                }
                Ok(())
            }
            Self::Revoke { key, json } => {
                let revoked = revoke_key(&session.db, now, key).await?;
                let Some(revoked) = revoked else { bail!("there is no key {key}") };
                if json {
                    return output::say_json(&KeyView::from(revoked));
                }
                output::say(format_args!("{key} is no longer accepted."));
                Ok(())
            }
        }
    }
}

fn show((key, secret): (ApiKey, Fresh), json: bool) -> anyhow::Result<()> {
    let secret = secret.reveal().to_owned();
    if json {
        return output::say_json(&KeyView { key: Some(secret), ..KeyView::from(key) });
    }
    // The key alone on standard output, so that a script can take it from there.
    output::say(secret);
    output::note(format_args!("Made {}. It is not shown again.", key.id));
    Ok(())
}

fn line(key: &ApiKey, now: DateTime<Utc>) -> String {
    let ApiKey { id, name, prefix, .. } = key;
    let state = match (key.revoked_at, key.retires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "retired",
        (None, Some(_)) => "retiring",
        (None, None) => "live",
    };
    let grant = match &key.grant {
        Grant::Role(role) => role.as_str().to_owned(),
        Grant::Scopes(scopes) => {
            scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
        }
    };
    let used = key.last_used_at.map_or_else(
        || "never used".to_owned(),
        |at| format!("used {}", at.format("%Y-%m-%d %H:%M")),
    );
    format!("{id}  {prefix}…  {grant:<8}  {state:<8}  {used:<21}  {name}")
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        let (role, scopes) = match key.grant {
            Grant::Role(role) => (Some(role), Vec::new()),
            Grant::Scopes(scopes) => (None, scopes),
        };
        Self {
            id: key.id,
            name: key.name,
            role,
            scopes,
            sources: key.sources,
            prefix: key.prefix,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            retires_at: key.retires_at,
            revoked_at: key.revoked_at,
            key: None,
        }
    }
}

fn explain(error: CreateKeyError) -> anyhow::Error {
    match error {
        CreateKeyError::Invalid(problems) => anyhow::anyhow!(output::listed(&problems)),
        other @ (CreateKeyError::NameTaken
        | CreateKeyError::MoreThanYours
        | CreateKeyError::Randomness(_)
        | CreateKeyError::Db(_)) => other.into(),
    }
}
