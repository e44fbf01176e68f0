//! `kaquan webhooks`: the merchant's own systems that are told of what happens.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{output, session::Session};
use crate::{
    api::platform_rules,
    app::keys,
    clock::{Clock, SystemClock},
    config::Config,
    domain::{
        event::EventKind,
        id::{AppId, DeliveryId},
    },
    service::{
        create_webhook_endpoint::{
            CreateWebhookEndpointError, NewEndpoint, create_webhook_endpoint,
        },
        edit_webhook_endpoint::{EndpointEdit, edit_webhook_endpoint},
        rotate_webhook_secret::rotate_webhook_secret,
        secret::Fresh,
        test_webhook_endpoint::test_webhook_endpoint,
    },
    store::{self, webhook_endpoint::Endpoint},
};

#[derive(Debug, Args)]
pub(super) struct Webhooks {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the endpoints, newest first.
    List {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Adds an endpoint and prints its secret, this once only.
    Add {
        /// For people to tell endpoints apart.
        #[arg(long)]
        name: String,
        /// Where it is called.
        #[arg(long)]
        url: String,
        /// What it wants to hear of, with commas between; everything when left out.
        #[arg(long, value_delimiter = ',')]
        kinds: Vec<EventKind>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tells an endpoint of nothing any more.
    Remove(Which),
    /// Gives an endpoint a new secret and prints it, this once only.
    Rotate {
        #[command(flatten)]
        which: Which,
        /// How long the old one signs beside it; up to thirty days.
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        #[arg(value_parser = clap::value_parser!(u32).range(0..=2_592_000))]
        old_signs_for_seconds: u32,
    },
    /// Sends an endpoint a message that says nothing.
    Test(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// The id, as `kaquan webhooks list` shows it.
    endpoint: AppId,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct EndpointView {
    id: AppId,
    name: String,
    url: String,
    kinds: Vec<String>,
    enabled: bool,
    old_secret_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Serialize)]
struct TestView {
    delivery_id: DeliveryId,
}

/// So many are listed.
const MOST: i64 = 1000;

impl Webhooks {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let session = Session::open_current(config).await?;
        let result = self.what.run(&session, config).await;
        session.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

impl What {
    async fn run(self, session: &Session, config: &Config) -> anyhow::Result<()> {
        let (db, now) = (&session.db, SystemClock.now().trunc_subsecs(6));
        match self {
            Self::List { json } => list(session, json).await,
            Self::Add { name, url, kinds, json } => {
                let checked = platform_rules::check_webhook(config.webhooks.allow_private, &url);
                checked.map_err(|problems| anyhow!(output::listed(&problems)))?;
                let kinds = if kinds.is_empty() { EventKind::TOLD.to_vec() } else { kinds };
                let vault = keys::look(config)?;
                let new = NewEndpoint { name, url, kinds };
                let made = create_webhook_endpoint(db, &vault, now, new).await;
                let (endpoint, secret) = made.map_err(explain)?;
                tell_secret(endpoint, &secret, json)
            }
            Self::Remove(Which { endpoint, json }) => {
                let edit = EndpointEdit { enabled: Some(false), ..EndpointEdit::default() };
                let removed = edit_webhook_endpoint(db, now, endpoint, edit).await?;
                if json {
                    return output::say_json(&EndpointView::from(removed));
                }
                output::say(format_args!("{endpoint} is told of nothing any more."));
                Ok(())
            }
            Self::Rotate { which: Which { endpoint, json }, old_signs_for_seconds } => {
                let vault = keys::look(config)?;
                let overlap = TimeDelta::seconds(old_signs_for_seconds.into());
                let rotated = rotate_webhook_secret(db, &vault, now, endpoint, overlap).await?;
                tell_secret(rotated.0, &rotated.1, json)
            }
            Self::Test(Which { endpoint, json }) => {
                let delivery_id = test_webhook_endpoint(db, now, endpoint).await?;
                if json {
                    return output::say_json(&TestView { delivery_id });
                }
                output::say(delivery_id);
                output::note(format_args!(
                    "It is sent by the server that runs; `kaquan deliveries show {delivery_id}` says what came of it."
                ));
                Ok(())
            }
        }
    }
}

async fn list(session: &Session, json: bool) -> anyhow::Result<()> {
    let mut conn = session.db.acquire().await?;
    let found = store::webhook_endpoint::list(&mut conn, None, MOST + 1).await?;
    if found.len() > usize::try_from(MOST)? {
        bail!("there are more than {MOST} endpoints; the API lists them in pages");
    }
    let views: Vec<_> = found.into_iter().map(EndpointView::from).collect();
    if json {
        return output::say_json(&views);
    }
    for EndpointView { id, name, url, kinds, enabled, .. } in &views {
        let state = if *enabled { "enabled" } else { "disabled" };
        output::say(format_args!("{id}  {state:<8}  {name}  {url}  {}", kinds.join(",")));
    }
    Ok(())
}

fn tell_secret(endpoint: Endpoint, secret: &Fresh, json: bool) -> anyhow::Result<()> {
    let id = endpoint.id;
    if json {
        let secret = Some(secret.reveal().to_owned());
        return output::say_json(&EndpointView { secret, ..EndpointView::from(endpoint) });
    }
    // The secret alone on standard output, so that a script can take it from there.
    output::say(secret.reveal());
    output::note(format_args!("The secret of {id}. It is not shown again."));
    Ok(())
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            name: endpoint.name,
            url: endpoint.url,
            kinds: endpoint.kinds,
            enabled: endpoint.disabled_at.is_none(),
            old_secret_until: endpoint.old_secret_until,
            secret: None,
        }
    }
}

fn explain(error: CreateWebhookEndpointError) -> anyhow::Error {
    match error {
        CreateWebhookEndpointError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (CreateWebhookEndpointError::Vault(_) | CreateWebhookEndpointError::Db(_)) => {
            other.into()
        }
    }
}
