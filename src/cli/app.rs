//! `kaquan app`: what concerns one account on a platform.

use std::{fmt, path::PathBuf, process::ExitCode};

use anyhow::anyhow;
use chrono::{DateTime, SubsecRound, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{app_name::AppName, output, read_secret::read_secret, session::Session};
use crate::{
    api::platform_rules,
    app::keys,
    clock::{Clock, SystemClock},
    config::Config,
    service::save_push_address::{
        NewPushSecrets, PushAddressError, remove_push_address, save_push_address,
    },
};

#[derive(Debug, Args)]
pub(super) struct App {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes the address to which WeChat pushes what happens to cards, or gives it another token and key; prints all of it,
    /// this once only, for WeChat's console.
    PushAddress(PushAddress),
}

#[derive(Debug, Args)]
struct PushAddress {
    /// The official account, by its id or its key.
    app: AppName,
    /// A file with the token that stands in the console already, `-` for the input; made up when left out.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file with the `EncodingAESKey` that stands in the console already, `-` for the input; made up when left out.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Takes the address away instead: pushes to it are turned down.
    #[arg(long, conflicts_with_all = ["token_file", "key_file"])]
    remove: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct AddressView {
    url: String,
    token: String,
    encoding_aes_key: String,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

impl App {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let What::PushAddress(address) = self.what;
        let result = address.run(&session, config).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl PushAddress {
    async fn run(self, session: &Session, config: &Config) -> anyhow::Result<()> {
        let (db, now) = (&session.db, SystemClock.now().trunc_subsecs(6));
        let app = self.app.find(&mut *db.acquire().await?).await?;
        if self.remove {
            remove_push_address(db, app.id).await?;
            output::note(format_args!("{} has no address for pushes any more.", app.id));
            return Ok(());
        }
        let new = NewPushSecrets {
            token: self.token_file.as_deref().map(read_secret).transpose()?,
            key: self.key_file.as_deref().map(read_secret).transpose()?,
        };
        let (vault, lint) = (keys::look(config)?, platform_rules::check_push_secrets);
        let saved = save_push_address(db, &vault, now, app.id, new, lint).await.map_err(explain)?;
        let view = AddressView {
            url: platform_rules::push_url(&config.server.public_url, &saved.secret),
            token: saved.secrets.token.expose_secret().to_owned(),
            encoding_aes_key: saved.secrets.key.expose_secret().to_owned(),
            created_at: saved.created_at,
            changed_at: saved.changed_at,
        };
        if self.json {
            return output::say_json(&view);
        }
        output::say(view);
        output::note(format_args!(
            "For the console of {} ({}). It is not shown again.",
            app.id, app.name
        ));
        Ok(())
    }
}

/// As it is pasted into the console, line by line.
impl fmt::Display for AddressView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, token, encoding_aes_key, .. } = self;
        write!(
            f,
            "URL             {url}\nToken           {token}\nEncodingAESKey  {encoding_aes_key}"
        )
    }
}

fn explain(error: PushAddressError) -> anyhow::Error {
    match error {
        PushAddressError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (PushAddressError::NoSuchApp
        | PushAddressError::PushesNothing
        | PushAddressError::NoAddress
        | PushAddressError::Vault(_)
        | PushAddressError::Db(_)) => other.into(),
    }
}
