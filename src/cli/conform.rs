//! `kaquan conform`: holds a live server against the rules of a merchant protocol.

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use reqwest::Url;
use secrecy::SecretString;

use super::output;
use crate::{
    clock::SystemClock,
    ops::conform::{self, ConformError, Gateway, Settings},
};

/// Exit status: 0 the server does as the rules say, 1 it does not, 2 it could not be asked.
#[derive(Debug, Args)]
pub(super) struct Conform {
    #[command(subcommand)]
    gateway: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// The open API v2 of 智迈; the key is `OPENID:SECRET@GRANT`.
    Zvcms(Server),
    /// The promotion API of the Yoho app; the key is `CLIENT_TYPE:PRIVATE_KEY:SALT`.
    Yoho(Server),
}

#[derive(Debug, Args)]
struct Server {
    /// Where the protocol is spoken; without a path, at its usual one.
    #[arg(long, required_unless_present = "list")]
    url: Option<Url>,
    /// Who calls; other people on this machine can read what stands here, so say it in the environment or a file.
    #[arg(long, env = "KAQUAN_CONFORM_KEY", hide_env_values = true)]
    key: Option<SecretString>,
    /// A file with the key in it.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    /// The same server's own API, for the cases that need coupons to be there.
    #[arg(long, value_name = "URL")]
    admin_url: Option<Url>,
    /// An API key of an owner there, with which the kit makes what it needs.
    #[arg(long, env = "KAQUAN_CONFORM_ADMIN_KEY", hide_env_values = true)]
    admin_key: Option<SecretString>,
    /// A file with the API key in it.
    #[arg(long, value_name = "FILE", conflicts_with = "admin_key")]
    admin_key_file: Option<PathBuf>,
    /// Run only cases whose names begin so.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// List the cases and run none.
    #[arg(long)]
    list: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

const COULD_NOT_ASK: u8 = 2;

impl Conform {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (gateway, server) = match self.gateway {
            Which::Zvcms(server) => (Gateway::Zvcms, server),
            Which::Yoho(server) => (Gateway::Yoho, server),
        };
        if server.list {
            for (name, rule) in conform::list(gateway)? {
                output::say(format_args!("{name} ({rule})"));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let json = server.json;
        let settings = server.settings(gateway)?;
        let clock = Arc::new(SystemClock);
        let report = conform::run(settings, clock, |verdict| {
            if !json {
                output::say(verdict);
            }
        });
        let report = match report.await {
            Ok(report) => report,
            Err(error @ (ConformError::Unreachable { .. } | ConformError::World(_))) => {
                output::complain(&error);
                return Ok(ExitCode::from(COULD_NOT_ASK));
            }
            Err(error @ (ConformError::Key(_) | ConformError::Cases(_))) => {
                return Err(error.into());
            }
        };
        if json {
            output::say_json(&report)?;
        } else {
            output::say(format_args!("\n{report}"));
        }
        Ok(if report.conforms() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Server {
    fn settings(self, gateway: Gateway) -> anyhow::Result<Settings> {
        let key = secret(self.key, self.key_file)?
            .context("say who calls, with --key-file or KAQUAN_CONFORM_KEY")?;
        let admin_key = secret(self.admin_key, self.admin_key_file)?;
        let admin = match (self.admin_url, admin_key) {
            (Some(url), Some(key)) => Some((url, key)),
            (None, None) => None,
            (Some(_), None) => {
                bail!("--admin-url needs --admin-key-file or KAQUAN_CONFORM_ADMIN_KEY")
            }
            (None, Some(_)) => bail!("an API key needs --admin-url"),
        };
        let url = self.url.context("say where, with --url")?;
        Ok(Settings { gateway, url, key, admin, only: self.only })
    }
}

fn secret(
    said: Option<SecretString>,
    file: Option<PathBuf>,
) -> anyhow::Result<Option<SecretString>> {
    let Some(file) = file else { return Ok(said) };
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Some(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())))
}
