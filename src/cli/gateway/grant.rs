//! Grants of the gateways: what a client of zvcms may act for.

use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::{MOST, sight};
use crate::{
    api::gateway_rules,
    cli::{app_name::AppName, output, session::Session},
    domain::id::{AppId, GatewayClientId, GatewayGrantId},
    service::{
        create_gateway_grant::{CreateGatewayGrantError, NewGatewayGrant, create_gateway_grant},
        revoke_gateway_grant::revoke_gateway_grant,
    },
    store::{self, gateway_grant::Grant},
};

#[derive(Debug, Args)]
pub(super) struct Make {
    /// The id, as `kaquan gateway list` shows it.
    client: GatewayClientId,
    /// The `GrantCode`; made up when left out.
    #[arg(long)]
    code: Option<String>,
    /// Which apps it sees, by their ids or keys with commas between; all when left out.
    #[arg(long, value_delimiter = ',')]
    apps: Vec<AppName>,
    /// What it may do, with commas between; everything when left out.
    #[arg(long, value_delimiter = ',')]
    actions: Vec<String>,
    /// Which shops exist for it, with commas between; any when left out.
    #[arg(long, value_delimiter = ',')]
    stores: Vec<String>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct GrantView {
    id: GatewayGrantId,
    client_id: GatewayClientId,
    code: String,
    apps: Option<Vec<AppId>>,
    actions: Option<Vec<String>>,
    stores: Option<Vec<String>>,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl Make {
    pub(super) async fn run(self, session: &Session, now: DateTime<Utc>) -> anyhow::Result<()> {
        let unless_empty = |list: Vec<String>| (!list.is_empty()).then_some(list);
        let new = NewGatewayGrant {
            code: self.code,
            sight: sight(&mut *session.db.acquire().await?, &self.apps).await?,
            actions: unless_empty(self.actions),
            stores: unless_empty(self.stores),
        };
        let lint = gateway_rules::check_actions;
        let made = create_gateway_grant(&session.db, now, self.client, new, lint).await;
        let view = GrantView::from(made.map_err(explain)?);
        if self.json {
            return output::say_json(&view);
        }
        output::say(&view.code);
        output::note(format_args!("The code of {}.", view.id));
        Ok(())
    }
}

pub(super) async fn list(
    session: &Session,
    client: GatewayClientId,
    json: bool,
) -> anyhow::Result<()> {
    let mut conn = session.db.acquire().await?;
    if store::gateway_client::find(&mut conn, client).await?.is_none() {
        bail!("no such gateway client");
    }
    let found = store::gateway_grant::list(&mut conn, client, None, MOST + 1).await?;
    if found.len() > usize::try_from(MOST)? {
        bail!("there are more than {MOST} grants; the API lists them in pages");
    }
    let views: Vec<_> = found.into_iter().map(GrantView::from).collect();
    if json {
        return output::say_json(&views);
    }
    for GrantView { id, code, apps, actions, stores, revoked_at, .. } in &views {
        let state = if revoked_at.is_some() { "revoked" } else { "live" };
        let apps: Option<Vec<_>> =
            apps.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect());
        let (apps, actions) = (listed(apps.as_ref(), "apps"), listed(actions.as_ref(), "actions"));
        let stores = listed(stores.as_ref(), "stores");
        output::say(format_args!("{id}  {state:<7}  {code}  {apps}  {actions}  {stores}"));
    }
    Ok(())
}

pub(super) async fn revoke(
    session: &Session,
    now: DateTime<Utc>,
    grant: GatewayGrantId,
    json: bool,
) -> anyhow::Result<()> {
    let revoked = revoke_gateway_grant(&session.db, now, grant).await?;
    if json {
        return output::say_json(&GrantView::from(revoked));
    }
    output::say(format_args!("{grant} counts no more."));
    Ok(())
}

fn listed(names: Option<&Vec<String>>, what: &str) -> String {
    names.map_or_else(|| format!("all {what}"), |names| names.join(","))
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let Grant { id, client, code, apps, actions, stores, created_at, revoked_at } = grant;
        Self { id, client_id: client, code, apps, actions, stores, created_at, revoked_at }
    }
}

fn explain(error: CreateGatewayGrantError) -> anyhow::Error {
    match error {
        CreateGatewayGrantError::Invalid(problems) => anyhow!(output::listed(&problems)),
        other @ (CreateGatewayGrantError::NoSuchClient
        | CreateGatewayGrantError::NoGrants(_)
        | CreateGatewayGrantError::NoSuchApp(_)
        | CreateGatewayGrantError::CodeTaken
        | CreateGatewayGrantError::Randomness(_)
        | CreateGatewayGrantError::Db(_)) => other.into(),
    }
}
