//! `/v1/admin/gateway-clients/{client}/grants`: what front ends of the merchant's may act for.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, gateway_client::no_such_app, gateway_rules, list};
use crate::{
    domain::id::{AppId, GatewayClientId, GatewayGrantId},
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        create_gateway_grant::{CreateGatewayGrantError, NewGatewayGrant, create_gateway_grant},
        revoke_gateway_grant::{RevokeGatewayGrantError, revoke_gateway_grant},
    },
    store::{self, gateway_grant::Grant},
};

/// The body of a creation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGatewayGrantBody {
    /// Its `GrantCode`; made up when left out.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    code: Option<String>,
    /// Which apps it sees; all when left out.
    apps: Option<Vec<AppId>>,
    /// What it may do, in the protocol's words; everything when left out.
    actions: Option<Vec<String>>,
    /// Which shops exist for it; any when left out.
    stores: Option<Vec<String>>,
}

/// A grant as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct GatewayGrantView {
    id: GatewayGrantId,
    client_id: GatewayClientId,
    code: String,
    /// `null` for all.
    apps: Option<Vec<AppId>>,
    /// `null` for everything.
    actions: Option<Vec<String>>,
    /// `null` for any.
    stores: Option<Vec<String>>,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

/// `POST /v1/admin/gateway-clients/{client}/grants`
pub async fn create(
    State(state): State<ApiState>,
    Path(client): Path<GatewayClientId>,
    Json(body): Json<NewGatewayGrantBody>,
) -> Result<(StatusCode, Json<GatewayGrantView>), ApiError> {
    let NewGatewayGrantBody { code, apps, actions, stores } = body;
    let new = NewGatewayGrant { code, sight: apps.into(), actions, stores };
    let lint = gateway_rules::check_actions;
    let grant = create_gateway_grant(&state.db, state.now(), client, new, lint).await?;
    state.gateway_changed.notify_one();
    Ok((StatusCode::CREATED, Json(grant.into())))
}

/// `GET /v1/admin/gateway-clients/{client}/grants`
pub async fn list(
    State(state): State<ApiState>,
    Path(id): Path<GatewayClientId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<GatewayGrantView>>, ApiError> {
    let client = store::gateway_client::find(&mut *state.db.acquire().await?, id).await?;
    client.ok_or(CreateGatewayGrantError::NoSuchClient)?;
    list::newest_first(
        &state,
        &query,
        async |conn, before, limit| store::gateway_grant::list(conn, id, before, limit).await,
        |grant| grant.id.uuid(),
    )
    .await
}

/// `POST /v1/admin/gateway-grants/{grant}/revoke`
pub async fn revoke(
    State(state): State<ApiState>,
    Path(id): Path<GatewayGrantId>,
) -> Result<Json<GatewayGrantView>, ApiError> {
    let grant = revoke_gateway_grant(&state.db, state.now(), id).await?;
    state.gateway_changed.notify_one();
    Ok(Json(grant.into()))
}

impl From<Grant> for GatewayGrantView {
    fn from(grant: Grant) -> Self {
        let Grant { id, client, code, apps, actions, stores, created_at, revoked_at } = grant;
        Self { id, client_id: client, code, apps, actions, stores, created_at, revoked_at }
    }
}

impl From<CreateGatewayGrantError> for ApiError {
    fn from(error: CreateGatewayGrantError) -> Self {
        match error {
            CreateGatewayGrantError::Invalid(problems) => Self::invalid(problems),
            CreateGatewayGrantError::NoSuchClient => Self::not_found(error.to_string()),
            CreateGatewayGrantError::NoGrants(_) => Self::conflict(Code::WrongState, &error),
            CreateGatewayGrantError::NoSuchApp(_) => no_such_app(&error),
            CreateGatewayGrantError::CodeTaken => Self::conflict(Code::NameTaken, &error),
            CreateGatewayGrantError::Randomness(cause) => Self::internal(cause),
            CreateGatewayGrantError::Db(cause) => cause.into(),
        }
    }
}

impl From<RevokeGatewayGrantError> for ApiError {
    fn from(error: RevokeGatewayGrantError) -> Self {
        match error {
            RevokeGatewayGrantError::NoSuchGrant => Self::not_found(error.to_string()),
            RevokeGatewayGrantError::Db(cause) => cause.into(),
        }
    }
}
