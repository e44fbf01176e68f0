//! Clients of the gateways: who calls, with which secret, and what they see.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::{MOST, sight};
use crate::{
    api::gateway_rules,
    app::keys,
    cli::{app_name::AppName, output, read_secret::read_secret, session::Session},
    config::Config,
    domain::{
        gateway::Protocol,
        id::{AppId, GatewayClientId},
        sight::Sight,
    },
    service::{
        create_gateway_client::{
            CreateGatewayClientError, NewGatewayClient, create_gateway_client,
        },
        edit_gateway_client::{EditGatewayClientError, GatewayClientEdit, edit_gateway_client},
        rotate_gateway_secret::{RotateGatewaySecretError, rotate_gateway_secret},
    },
    store::{self, gateway_client::Client},
};

#[derive(Debug, Args)]
pub(super) struct Add {
    /// In which it speaks: zvcms or yoho.
    #[arg(value_parser = protocol)]
    protocol: Protocol,
    /// zvcms: its `OpenId`, made up when left out. Yoho: the `client_type` that front ends send.
    #[arg(long)]
    name: Option<String>,
    /// What else the protocol has to know, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    settings: String,
    /// Yoho: which apps it sees, by their ids or keys with commas between; all when left out.
    #[arg(long, value_delimiter = ',')]
    apps: Vec<AppName>,
    /// A file with the secret that it signs with already, `-` for the input; made up when left out.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Yoho: a file with the salt with which it expects answers to be signed; made up when left out.
    #[arg(long, value_name = "FILE")]
    salt_file: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Edit {
    /// The id, as `kaquan gateway list` shows it.
    client: GatewayClientId,
    /// All that the protocol has to know besides, as JSON.
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Yoho: which apps it sees, by their ids or keys with commas between.
    #[arg(long, value_delimiter = ',', conflicts_with = "all_apps")]
    apps: Vec<AppName>,
    /// Yoho: it sees all apps.
    #[arg(long)]
    all_apps: bool,
    /// `false` lets it in no longer, `true` again.
    #[arg(long)]
    enabled: Option<bool>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// The id, as `kaquan gateway list` shows it.
    client: GatewayClientId,
    /// How long the old secret counts beside the new one; up to a year.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=31_536_000))]
    old_counts_for_seconds: u32,
    /// A file with the new secret, `-` for the input; made up when left out.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ClientView {
    id: GatewayClientId,
    protocol: Protocol,
    name: String,
    settings: Value,
    apps: Option<Vec<AppId>>,
    enabled: bool,
    old_secret_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
}

impl Add {
    pub(super) async fn run(
        self,
        session: &Session,
        config: &Config,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let vault = keys::look(config)?;
        let new = NewGatewayClient {
            protocol: self.protocol,
            name: self.name,
            settings: read_settings(&self.settings)?,
            sight: sight(&mut *session.db.acquire().await?, &self.apps).await?,
            secret: self.secret_file.as_deref().map(read_secret).transpose()?,
            salt: self.salt_file.as_deref().map(read_secret).transpose()?,
        };
        let lint = gateway_rules::check_settings;
        let made = create_gateway_client(&session.db, &vault, now, new, lint).await;
        let made = made.map_err(explain_creation)?;
        tell_secrets(made.client, &made.secret, made.salt.as_ref(), self.json)
    }
}

impl Edit {
    pub(super) async fn run(self, session: &Session, now: DateTime<Utc>) -> anyhow::Result<()> {
        let sight = match (self.all_apps, self.apps.as_slice()) {
            (true, _) => Some(Sight::All),
            (false, []) => None,
            (false, apps) => Some(sight(&mut *session.db.acquire().await?, apps).await?),
        };
        let edit = GatewayClientEdit {
            version: None,
            settings: self.settings.as_deref().map(read_settings).transpose()?,
            sight,
            enabled: self.enabled,
        };
        let lint = gateway_rules::check_settings;
        let client = edit_gateway_client(&session.db, now, self.client, edit, lint).await;
        let view = ClientView::from(client.map_err(explain_edit)?);
        if self.json {
            return output::say_json(&view);
        }
        output::say(line(&view));
        Ok(())
    }
}

impl Rotate {
    pub(super) async fn run(
        self,
        session: &Session,
        config: &Config,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let vault = keys::look(config)?;
        let secret = self.secret_file.as_deref().map(read_secret).transpose()?;
        let overlap = TimeDelta::seconds(self.old_counts_for_seconds.into());
        let rotated =
            rotate_gateway_secret(&session.db, &vault, now, self.client, secret, overlap).await;
        let (client, secret) = rotated.map_err(explain_rotation)?;
        tell_secrets(client, &secret, None, self.json)
    }
}

pub(super) async fn list(session: &Session, json: bool) -> anyhow::Result<()> {
    let mut conn = session.db.acquire().await?;
    let found = store::gateway_client::list(&mut conn, None, MOST + 1).await?;
    if found.len() > usize::try_from(MOST)? {
        bail!("there are more than {MOST} clients; the API lists them in pages");
    }
    let views: Vec<_> = found.into_iter().map(ClientView::from).collect();
    if json {
        return output::say_json(&views);
    }
    for view in &views {
        output::say(line(view));
    }
    Ok(())
}

fn line(view: &ClientView) -> String {
    let ClientView { id, protocol, name, apps, enabled, .. } = view;
    let state = if *enabled { "enabled" } else { "disabled" };
    let apps = apps.as_ref().map_or("all apps".to_owned(), |apps| {
        apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    });
    format!("{id}  {protocol:<5}  {state:<8}  {name}  {apps}")
}

fn tell_secrets(
    client: Client,
    secret: &SecretString,
    salt: Option<&SecretString>,
    json: bool,
) -> anyhow::Result<()> {
    let (secret, salt) = (secret.expose_secret(), salt.map(ExposeSecret::expose_secret));
    let view = ClientView {
        secret: Some(secret.to_owned()),
        salt: salt.map(ToOwned::to_owned),
        ..ClientView::from(client)
    };
    if json {
        return output::say_json(&view);
    }
    // The secret alone on standard output, so that a script can take it from there.
    output::say(secret);
    output::note(format_args!("The secret of {} ({}). It is not shown again.", view.id, view.name));
    if let Some(salt) = salt {
        output::note(format_args!("Answers to it are signed with the salt {salt}"));
    }
    Ok(())
}

fn protocol(text: &str) -> Result<Protocol, String> {
    let found = Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == text);
    found.ok_or_else(|| "zvcms or yoho".to_owned())
}

fn read_settings(text: &str) -> anyhow::Result<Value> {
    serde_json::from_str(text).context("the settings are no JSON")
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            id: client.id,
            protocol: client.protocol,
            name: client.name,
            settings: client.settings,
            apps: client.apps,
            enabled: client.disabled_at.is_none(),
            old_secret_until: client.old_secret_until,
            secret: None,
            salt: None,
        }
    }
}

fn explain_creation(error: CreateGatewayClientError) -> anyhow::Error {
    match error {
        CreateGatewayClientError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (CreateGatewayClientError::NoSuchApp(_)
        | CreateGatewayClientError::NameTaken
        | CreateGatewayClientError::Vault(_)
        | CreateGatewayClientError::Db(_)) => other.into(),
    }
}

fn explain_edit(error: EditGatewayClientError) -> anyhow::Error {
    match error {
        EditGatewayClientError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (EditGatewayClientError::NoSuchClient
        | EditGatewayClientError::NoSuchApp(_)
        | EditGatewayClientError::VersionConflict { .. }
        | EditGatewayClientError::Db(_)) => other.into(),
    }
}

fn explain_rotation(error: RotateGatewaySecretError) -> anyhow::Error {
    match error {
        RotateGatewaySecretError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (RotateGatewaySecretError::NoSuchClient
        | RotateGatewaySecretError::Vault(_)
        | RotateGatewaySecretError::Db(_)) => other.into(),
    }
}
