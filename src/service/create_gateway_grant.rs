//! Says what a front end of the merchant's may act for.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{
    create_gateway_client::{check_sight, find_unknown},
    secret::random_hex,
};
use crate::{
    domain::{
        gateway::{self, ActionsLint, Protocol},
        id::{AppId, GatewayClientId, GatewayGrantId},
        problem::{Problem, Problems},
        sight::Sight,
    },
    store::{self, gateway_grant::Grant, violates},
};

/// The grant to make.
pub struct NewGatewayGrant {
    /// By which the client is to name it; made up when left out.
    pub code: Option<String>,
    /// What it sees.
    pub sight: Sight,
    /// What it may do, in the protocol's words; `None` for everything.
    pub actions: Option<Vec<String>>,
    /// Which shops exist for it; `None` for any.
    pub stores: Option<Vec<String>>,
}

/// Why no grant was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateGatewayGrantError {
    /// Something that was said will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is no client of this id.
    #[error("no such gateway client")]
    NoSuchClient,
    /// Clients of this protocol act for nobody but themselves.
    #[error("clients of {0} have no grants")]
    NoGrants(Protocol),
    /// It is to see an app that is none.
    #[error("there is no app {0}")]
    NoSuchApp(AppId),
    /// There is a grant of this code, if only a revoked one.
    #[error("there is or was a grant of this code; choose another one")]
    CodeTaken,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Makes a grant; every server knows within a quarter of a second.
pub async fn create_gateway_grant(
    db: &PgPool,
    now: DateTime<Utc>,
    client: GatewayClientId,
    new: NewGatewayGrant,
    lint: ActionsLint,
) -> Result<Grant, CreateGatewayGrantError> {
    let mut tx = store::begin(db).await?;

    let locked = store::gateway_client::lock(&mut tx, client).await?;
    let protocol = locked.ok_or(CreateGatewayGrantError::NoSuchClient)?.protocol;
    if !protocol.has_grants() {
        return Err(CreateGatewayGrantError::NoGrants(protocol));
    }
    check(protocol, &new, lint).map_err(CreateGatewayGrantError::Invalid)?;
    let grant = Grant {
        id: GatewayGrantId::new(now),
        client,
        code: new.code.map_or_else(|| random_hex(5), Ok)?,
        apps: new.sight.into(),
        actions: new.actions,
        stores: new.stores,
        created_at: now,
        revoked_at: None,
    };
    if let Some(app) = find_unknown(&mut tx, grant.apps.as_deref()).await? {
        return Err(CreateGatewayGrantError::NoSuchApp(app));
    }
    store::gateway_grant::insert(&mut tx, &grant).await.map_err(|error| {
        if violates(&error, "gateway_grant_code_once") {
            CreateGatewayGrantError::CodeTaken
        } else {
            error.into()
        }
    })?;
    store::gateway_client::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(gateway_grant.id = %grant.id, gateway_client.id = %client, "gateway grant made");
    Ok(grant)
}

fn check(protocol: Protocol, new: &NewGatewayGrant, lint: ActionsLint) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    if let Some(code) = &new.code {
        gateway::check_code(&mut problems, code);
    }
    check_sight(&mut problems, &new.sight);
    gateway::check_list(&mut problems, "actions", new.actions.as_deref());
    gateway::check_list(&mut problems, "stores", new.stores.as_deref());
    if let Some(actions) = &new.actions {
        problems.join(lint(protocol, actions));
    }
    problems.into_result()
}

/// Without the code.
impl fmt::Debug for NewGatewayGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewGatewayGrant").field("sight", &self.sight).finish_non_exhaustive()
    }
}
