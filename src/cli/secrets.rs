//! `kaquan secrets`: the master keys, and what is sealed with them.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde::Serialize;
use sqlx::PgPool;

use super::{output, session::Session};
use crate::{
    app::keys,
    config::Config,
    service::reseal_secrets::{Closed, Resealed, Survey, reseal_secrets, survey},
    vault::{KeyId, Vault},
};

/// Exit status: 0 every secret opens, 1 one does not.
#[derive(Debug, Args)]
pub(super) struct Secrets {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Shows which keys there are, and how many secrets each has sealed.
    Status {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Adds a key in front of the others and seals everything anew with it; servers that read the same file go on.
    Rotate {
        /// Changes nothing: prints a new key and what to do with it, for servers with files of their own.
        #[arg(long)]
        by_hand: bool,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Seals everything anew that the first key has not sealed.
    Reseal {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A key, in the file or only in the database.
#[derive(Serialize)]
struct KeyView {
    id: KeyId,
    /// Whether it is at hand.
    present: bool,
    /// Whether new secrets are sealed with it.
    seals: bool,
    values: u64,
    opened: u64,
}

#[derive(Serialize)]
struct ClosedView {
    place: String,
    why: String,
}

#[derive(Serialize)]
struct StatusView {
    keys_from: String,
    keys: Vec<KeyView>,
    closed: Vec<ClosedView>,
}

#[derive(Serialize)]
struct ResealView {
    #[serde(skip_serializing_if = "Option::is_none")]
    new_key: Option<KeyId>,
    resealed: u64,
    #[serde(flatten)]
    status: StatusView,
}

#[derive(Serialize)]
struct ByHandView<'a> {
    key_line: &'a str,
    next: &'a [&'static str],
}

const FIRST: &str = "Put it into a file that only kaquan can read, name the file in secrets.master_keys_file, and restart.";

/// First open everywhere, then seal: no server ever meets a key that it does not know.
const STEPS: [&str; 3] = [
    "Add the line behind the others wherever a kaquan reads master keys; restart those that read them from the environment.",
    "Then put it in front of the others, in the same way.",
    "Then run `kaquan secrets reseal`. Old keys stay until `kaquan secrets status` says that they are no longer used.",
];

impl Secrets {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = self.what.run(config, &session.db).await;
        session.close().await;
        result
    }
}

impl What {
    async fn run(self, config: &Config, db: &PgPool) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status { json } => {
                let vault = keys::look(config)?;
                let status = StatusView::of(&vault, look(db, &vault).await?);
                if json {
                    output::say_json(&status)?;
                } else {
                    status.tell();
                }
                Ok(status.exit_code())
            }
            Self::Rotate { by_hand, json } => {
                let vault = keys::open(config, db).await?;
                let used = look(db, &vault).await?.highest_key();
                if by_hand || !vault.has_file() {
                    return tell_by_hand(&vault, used, json);
                }
                let id = vault.add_first_key(used)?;
                if !json {
                    output::say(format_args!(
                        "{id} was added to {} and seals from now on.",
                        vault.origin()
                    ));
                }
                reseal(db, &vault, Some(id), json).await
            }
            Self::Reseal { json } => reseal(db, &keys::look(config)?, None, json).await,
        }
    }
}

async fn look(db: &PgPool, vault: &Vault) -> sqlx::Result<Survey> {
    survey(&mut *db.acquire().await?, vault).await
}

async fn reseal(
    db: &PgPool,
    vault: &Vault,
    new_key: Option<KeyId>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let Resealed { values, .. } = reseal_secrets(db, vault).await?;
    let status = StatusView::of(vault, look(db, vault).await?);
    let code = status.exit_code();
    if json {
        output::say_json(&ResealView { new_key, resealed: values, status })?;
    } else {
        output::say(format_args!("Sealed anew: {values}."));
        status.tell();
    }
    Ok(code)
}

fn tell_by_hand(vault: &Vault, used: Option<KeyId>, json: bool) -> anyhow::Result<ExitCode> {
    let line = vault.fresh_key_line(used)?;
    let next: &[_] = if vault.has_key() { &STEPS } else { &[FIRST] };
    if json {
        output::say_json(&ByHandView { key_line: line.expose_secret(), next })?;
        return Ok(ExitCode::SUCCESS);
    }
    // The key alone on standard output, so that a script can take it from there.
    output::say(line.expose_secret());
    output::note("This is a new master key, kept nowhere yet.");
    for (number, step) in (1..).zip(next) {
        output::note(format_args!("{number}. {step}"));
    }
    Ok(ExitCode::SUCCESS)
}

impl StatusView {
    fn of(vault: &Vault, survey: Survey) -> Self {
        let present = vault.key_ids();
        let missing = survey.keys.keys().filter(|id| !present.contains(id)).copied();
        let ids = present.iter().copied().chain(missing);
        let keys = ids.map(|id| {
            let used = survey.keys.get(&id).copied().unwrap_or_default();
            KeyView {
                id,
                present: present.contains(&id),
                seals: present.first() == Some(&id),
                values: used.values,
                opened: used.opened,
            }
        });
        let keys = keys.collect();
        let closed = survey.closed.into_iter().map(ClosedView::from).collect();
        Self { keys_from: vault.origin(), keys, closed }
    }

    fn tell(&self) {
        output::say(format_args!("Master keys: {}", self.keys_from));
        self.keys.iter().for_each(|key| output::say(key.line()));
        for ClosedView { place, why } in &self.closed {
            output::say(format_args!("✗ {place}: {why}"));
        }
    }

    fn exit_code(&self) -> ExitCode {
        if self.closed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl KeyView {
    fn line(&self) -> String {
        let Self { id, values, .. } = self;
        let state = match (self.present, self.seals, values) {
            (false, ..) => "MISSING: put it back from its copy",
            (true, true, _) => "seals",
            (true, false, 0) => "no longer used here; backups from before still need it",
            (true, false, _) => "opens; `kaquan secrets reseal` seals these anew",
        };
        format!("{:<12} {values:>6} sealed  {state}", id.to_string())
    }
}

impl From<Closed> for ClosedView {
    fn from(closed: Closed) -> Self {
        Self { place: closed.place.to_string(), why: closed.why }
    }
}
