//! `/v1/admin/webhook-endpoints`: the merchant's own systems that are told of what happens.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, list};
use crate::{
    domain::{
        event::EventKind,
        id::{AppId, DeliveryId},
        problem::Problems,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        create_webhook_endpoint::{
            CreateWebhookEndpointError, NewEndpoint, create_webhook_endpoint,
        },
        edit_webhook_endpoint::{EditWebhookEndpointError, EndpointEdit, edit_webhook_endpoint},
        rotate_webhook_secret::{RotateWebhookSecretError, rotate_webhook_secret},
        secret::Fresh,
        test_webhook_endpoint::{TestWebhookEndpointError, test_webhook_endpoint},
    },
    store::{self, webhook_endpoint::Endpoint},
};

/// The body of a creation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpointBody {
    name: String,
    url: String,
    kinds: Vec<EventKind>,
}

/// The body of a change; what is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointEditBody {
    version: i32,
    name: Option<String>,
    url: Option<String>,
    kinds: Option<Vec<EventKind>>,
    enabled: Option<bool>,
}

/// The body of a rotation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRotationBody {
    #[serde(default = "one_day")]
    old_signs_for_seconds: u32,
}

/// An endpoint as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EndpointView {
    id: AppId,
    name: String,
    url: String,
    kinds: Vec<String>,
    enabled: bool,
    disabled_at: Option<DateTime<Utc>>,
    old_secret_until: Option<DateTime<Utc>>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// An endpoint with its secret, which is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EndpointSecretView {
    #[serde(flatten)]
    endpoint: EndpointView,
    secret: String,
}

/// What is owed to an endpoint.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EndpointTestView {
    delivery_id: DeliveryId,
}

const fn one_day() -> u32 {
    24 * 60 * 60
}

/// `POST /v1/admin/webhook-endpoints`
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<NewEndpointBody>,
) -> Result<(StatusCode, Json<EndpointSecretView>), ApiError> {
    let NewEndpointBody { name, url, kinds } = body;
    state.webhook_reach.check_field(&url).map_err(ApiError::invalid)?;
    let new = NewEndpoint { name, url, kinds };
    let made = create_webhook_endpoint(&state.db, &state.vault, state.now(), new).await?;
    Ok((StatusCode::CREATED, Json(EndpointSecretView::from(made))))
}

/// `GET /v1/admin/webhook-endpoints`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<EndpointView>>, ApiError> {
    list::newest_first(&state, &query, store::webhook_endpoint::list, |endpoint| endpoint.id.uuid())
        .await
}

/// `GET /v1/admin/webhook-endpoints/{endpoint}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<AppId>,
) -> Result<Json<EndpointView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let endpoint = store::webhook_endpoint::find(&mut conn, id).await?;
    Ok(Json(endpoint.ok_or(EditWebhookEndpointError::NoSuchEndpoint)?.into()))
}

/// `PATCH /v1/admin/webhook-endpoints/{endpoint}`
pub async fn edit(
    State(state): State<ApiState>,
    Path(id): Path<AppId>,
    Json(body): Json<EndpointEditBody>,
) -> Result<Json<EndpointView>, ApiError> {
    let EndpointEditBody { version, name, url, kinds, enabled } = body;
    if let Some(url) = &url {
        state.webhook_reach.check_field(url).map_err(ApiError::invalid)?;
    }
    let edit = EndpointEdit { version: Some(version), name, url, kinds, enabled };
    Ok(Json(edit_webhook_endpoint(&state.db, state.now(), id, edit).await?.into()))
}

/// `DELETE /v1/admin/webhook-endpoints/{endpoint}`
pub async fn remove(
    State(state): State<ApiState>,
    Path(id): Path<AppId>,
) -> Result<Json<EndpointView>, ApiError> {
    let edit = EndpointEdit { enabled: Some(false), ..EndpointEdit::default() };
    Ok(Json(edit_webhook_endpoint(&state.db, state.now(), id, edit).await?.into()))
}

/// `POST /v1/admin/webhook-endpoints/{endpoint}/rotate-secret`
pub async fn rotate(
    State(state): State<ApiState>,
    Path(id): Path<AppId>,
    Json(body): Json<SecretRotationBody>,
) -> Result<Json<EndpointSecretView>, ApiError> {
    let mut problems = Problems::default();
    let fits = body.old_signs_for_seconds <= 30 * one_day();
    problems.expect(fits, "old_signs_for_seconds", "0 to 2592000: up to thirty days");
    problems.into_result().map_err(ApiError::invalid)?;
    let overlap = TimeDelta::seconds(body.old_signs_for_seconds.into());
    let rotated = rotate_webhook_secret(&state.db, &state.vault, state.now(), id, overlap).await?;
    Ok(Json(EndpointSecretView::from(rotated)))
}

/// `POST /v1/admin/webhook-endpoints/{endpoint}/test`
pub async fn test(
    State(state): State<ApiState>,
    Path(id): Path<AppId>,
) -> Result<(StatusCode, Json<EndpointTestView>), ApiError> {
    let delivery_id = test_webhook_endpoint(&state.db, state.now(), id).await?;
    Ok((StatusCode::ACCEPTED, Json(EndpointTestView { delivery_id })))
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            name: endpoint.name,
            url: endpoint.url,
            kinds: endpoint.kinds,
            enabled: endpoint.disabled_at.is_none(),
            disabled_at: endpoint.disabled_at,
            old_secret_until: endpoint.old_secret_until,
            version: endpoint.version,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

impl From<(Endpoint, Fresh)> for EndpointSecretView {
    fn from((endpoint, secret): (Endpoint, Fresh)) -> Self {
        Self { endpoint: endpoint.into(), secret: secret.reveal().to_owned() }
    }
}

impl From<CreateWebhookEndpointError> for ApiError {
    fn from(error: CreateWebhookEndpointError) -> Self {
        match error {
            CreateWebhookEndpointError::Invalid(problems) => Self::invalid(problems),
            CreateWebhookEndpointError::Vault(cause) => cause.into(),
            CreateWebhookEndpointError::Db(cause) => cause.into(),
        }
    }
}

impl From<EditWebhookEndpointError> for ApiError {
    fn from(error: EditWebhookEndpointError) -> Self {
        match error {
            EditWebhookEndpointError::Invalid(problems) => Self::invalid(problems),
            EditWebhookEndpointError::NoSuchEndpoint => Self::not_found(error.to_string()),
            EditWebhookEndpointError::VersionConflict { .. } => {
                Self::conflict(Code::VersionConflict, &error)
            }
            EditWebhookEndpointError::Db(cause) => cause.into(),
        }
    }
}

impl From<RotateWebhookSecretError> for ApiError {
    fn from(error: RotateWebhookSecretError) -> Self {
        match error {
            RotateWebhookSecretError::NoSuchEndpoint => Self::not_found(error.to_string()),
            RotateWebhookSecretError::Vault(cause) => cause.into(),
            RotateWebhookSecretError::Db(cause) => cause.into(),
        }
    }
}

impl From<TestWebhookEndpointError> for ApiError {
    fn from(error: TestWebhookEndpointError) -> Self {
        match error {
            TestWebhookEndpointError::NoSuchEndpoint => Self::not_found(error.to_string()),
            TestWebhookEndpointError::Disabled => Self::conflict(Code::WrongState, &error),
            TestWebhookEndpointError::Db(cause) => cause.into(),
        }
    }
}
