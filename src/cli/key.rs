//! `kaquan key`: the keys of the merchant's own systems.

use std::process::ExitCode;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::{output, session::Session};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    domain::{
        access::{Grant, Role},
        id::KeyId,
    },
    service::{
        create_key::{CreateKeyError, create_key},
        revoke_key::revoke_key,
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
        /// What its holder may do.
        #[arg(long, default_value = "owner")]
        role: RoleName,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Everything.
    Owner,
    /// Runs campaigns: everything but accounts.
    Operator,
    /// Looks, changes nothing.
    Auditor,
}

#[derive(Serialize)]
struct KeyView {
    id: KeyId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    prefix: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
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
            Self::Create { name, role, json } => {
                let made = create_key(&session.db, now, &name, Role::from(role)).await;
                let (key, secret) = made.map_err(explain)?;
                let secret = secret.reveal().to_owned();
                if json {
                    output::say_json(&KeyView { key: Some(secret), ..KeyView::from(key) })
                } else {
                    // The key alone on standard output, so that a script can take it from there.
                    output::say(secret);
                    output::note(format_args!("Made {}. It is not shown again.", key.id));
                    Ok(())
                }
            }
            Self::List { json } => {
                let keys = store::api_key::list(&mut *session.db.acquire().await?).await?;
                let keys: Vec<_> = keys.into_iter().map(KeyView::from).collect();
                if json {
                    return output::say_json(&keys);
                }
                for key in &keys {
                    output::say(key.line());
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

impl KeyView {
    fn line(&self) -> String {
        let Self { id, name, role, prefix, .. } = self;
        let state = if self.revoked_at.is_some() { "revoked" } else { "live" };
        let role = role.map_or_else(String::new, |role| format!("{role:?}").to_lowercase());
        format!("{id}  {prefix}…  {role:<8}  {state:<7}  {name}")
    }
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            role: match key.grant {
                Grant::Role(role) => Some(role),
                Grant::Scopes(_) => None,
            },
            prefix: key.prefix,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
            key: None,
        }
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Operator => Self::Operator,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

fn explain(error: CreateKeyError) -> anyhow::Error {
    match error {
        CreateKeyError::Invalid(problems) => anyhow::anyhow!(output::listed(&problems)),
        other @ (CreateKeyError::Randomness(_) | CreateKeyError::Db(_)) => other.into(),
    }
}
