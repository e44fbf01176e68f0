//! `/v1/admin/gateway-clients`: front ends of the merchant's that speak a protocol of their own.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::{ApiState, gateway_rules, list, secret};
use crate::{
    domain::{
        gateway::Protocol,
        id::{AppId, GatewayClientId},
        sight::Sight,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        create_gateway_client::{
            CreateGatewayClientError, MadeGatewayClient, NewGatewayClient, create_gateway_client,
        },
        edit_gateway_client::{EditGatewayClientError, GatewayClientEdit, edit_gateway_client},
        rotate_gateway_secret::{RotateGatewaySecretError, rotate_gateway_secret},
    },
    store::{self, gateway_client::Client},
};

/// The body of a creation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGatewayClientBody {
    protocol: Protocol,
    /// zvcms: its `OpenId`, made up when left out. Yoho: the `client_type` that front ends send.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,64}$"))]
    name: Option<String>,
    #[serde(default = "no_settings")]
    #[schemars(with = "Map<String, Value>")]
    settings: Value,
    /// Which apps it sees; all when left out. In zvcms each grant says so instead.
    apps: Option<Vec<AppId>>,
    /// With which it signs already; made up when left out.
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>", regex(pattern = "^[!-~]{1,512}$"))]
    secret: Option<SecretString>,
    /// Yoho: with which it expects answers to be signed; made up when left out.
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>", regex(pattern = "^[!-9;-~]{1,64}$"))]
    salt: Option<SecretString>,
}

/// The body of a change; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayClientEditBody {
    version: i32,
    #[schemars(with = "Option<Map<String, Value>>")]
    settings: Option<Value>,
    /// `null` for all.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<Vec<AppId>>")]
    apps: Option<Sight>,
    enabled: Option<bool>,
}

/// The body of a rotation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewaySecretRotationBody {
    /// The one to sign with from now on; made up when left out.
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>", regex(pattern = "^[!-~]{1,512}$"))]
    secret: Option<SecretString>,
    /// How long the old one counts beside it, up to a year; a day when left out.
    #[serde(default = "one_day")]
    #[schemars(range(max = 31_536_000))]
    old_counts_for_seconds: u32,
}

/// A client as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct GatewayClientView {
    id: GatewayClientId,
    protocol: Protocol,
    name: String,
    #[schemars(with = "Map<String, Value>")]
    settings: Value,
    /// `null` for all.
    apps: Option<Vec<AppId>>,
    enabled: bool,
    disabled_at: Option<DateTime<Utc>>,
    old_secret_until: Option<DateTime<Utc>>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A client that was made, with its secrets, which are shown this once.
#[derive(Serialize, JsonSchema)]
pub struct MadeGatewayClientView {
    #[serde(flatten)]
    client: GatewayClientView,
    secret: String,
    /// Yoho only.
    salt: Option<String>,
}

/// A client with its new secret, which is shown this once.
#[derive(Serialize, JsonSchema)]
pub struct RotatedGatewayClientView {
    #[serde(flatten)]
    client: GatewayClientView,
    secret: String,
}

fn no_settings() -> Value {
    json!({})
}

const fn one_day() -> u32 {
    24 * 60 * 60
}

/// Null is something else than absence.
fn said<'de, D: Deserializer<'de>>(body: D) -> Result<Option<Sight>, D::Error> {
    Ok(Some(Option::<Vec<AppId>>::deserialize(body)?.into()))
}

/// `POST /v1/admin/gateway-clients`
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<NewGatewayClientBody>,
) -> Result<(StatusCode, Json<MadeGatewayClientView>), ApiError> {
    let NewGatewayClientBody { protocol, name, settings, apps, secret, salt } = body;
    let new = NewGatewayClient { protocol, name, settings, sight: apps.into(), secret, salt };
    let lint = gateway_rules::check_settings;
    let made = create_gateway_client(&state.db, &state.vault, state.now(), new, lint).await?;
    state.gateway_changed.notify_one();
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// `GET /v1/admin/gateway-clients`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<GatewayClientView>>, ApiError> {
    list::newest_first(&state, &query, store::gateway_client::list, |client| client.id.uuid()).await
}

/// `GET /v1/admin/gateway-clients/{client}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<GatewayClientId>,
) -> Result<Json<GatewayClientView>, ApiError> {
    let client = store::gateway_client::find(&mut *state.db.acquire().await?, id).await?;
    Ok(Json(client.ok_or(EditGatewayClientError::NoSuchClient)?.into()))
}

/// `PATCH /v1/admin/gateway-clients/{client}`
pub async fn edit(
    State(state): State<ApiState>,
    Path(id): Path<GatewayClientId>,
    Json(body): Json<GatewayClientEditBody>,
) -> Result<Json<GatewayClientView>, ApiError> {
    let GatewayClientEditBody { version, settings, apps: sight, enabled } = body;
    let edit = GatewayClientEdit { version: Some(version), settings, sight, enabled };
    let lint = gateway_rules::check_settings;
    let client = edit_gateway_client(&state.db, state.now(), id, edit, lint).await?;
    state.gateway_changed.notify_one();
    Ok(Json(client.into()))
}

/// `POST /v1/admin/gateway-clients/{client}/secret-rotations`
pub async fn rotate(
    State(state): State<ApiState>,
    Path(id): Path<GatewayClientId>,
    Json(body): Json<GatewaySecretRotationBody>,
) -> Result<Json<RotatedGatewayClientView>, ApiError> {
    let overlap = TimeDelta::seconds(body.old_counts_for_seconds.into());
    let (db, vault, now) = (&state.db, &state.vault, state.now());
    let (client, secret) = rotate_gateway_secret(db, vault, now, id, body.secret, overlap).await?;
    state.gateway_changed.notify_one();
    let secret = secret.expose_secret().to_owned();
    Ok(Json(RotatedGatewayClientView { client: client.into(), secret }))
}

impl From<Client> for GatewayClientView {
    fn from(client: Client) -> Self {
        Self {
            id: client.id,
            protocol: client.protocol,
            name: client.name,
            settings: client.settings,
            apps: client.apps,
            enabled: client.disabled_at.is_none(),
            disabled_at: client.disabled_at,
            old_secret_until: client.old_secret_until,
            version: client.version,
            created_at: client.created_at,
            updated_at: client.updated_at,
        }
    }
}

impl From<MadeGatewayClient> for MadeGatewayClientView {
    fn from(made: MadeGatewayClient) -> Self {
        let MadeGatewayClient { client, secret, salt } = made;
        Self {
            client: client.into(),
            secret: secret.expose_secret().to_owned(),
            salt: salt.map(|salt| salt.expose_secret().to_owned()),
        }
    }
}

impl From<CreateGatewayClientError> for ApiError {
    fn from(error: CreateGatewayClientError) -> Self {
        match error {
            CreateGatewayClientError::Invalid(problems) => Self::invalid(problems),
            CreateGatewayClientError::NoSuchApp(_) => no_such_app(&error),
            CreateGatewayClientError::NameTaken => Self::conflict(Code::NameTaken, &error),
            CreateGatewayClientError::Vault(cause) => cause.into(),
            CreateGatewayClientError::Db(cause) => cause.into(),
        }
    }
}

impl From<EditGatewayClientError> for ApiError {
    fn from(error: EditGatewayClientError) -> Self {
        match error {
            EditGatewayClientError::Invalid(problems) => Self::invalid(problems),
            EditGatewayClientError::NoSuchClient => Self::not_found(error.to_string()),
            EditGatewayClientError::NoSuchApp(_) => no_such_app(&error),
            EditGatewayClientError::VersionConflict { .. } => {
                Self::conflict(Code::VersionConflict, &error)
            }
            EditGatewayClientError::Db(cause) => cause.into(),
        }
    }
}

impl From<RotateGatewaySecretError> for ApiError {
    fn from(error: RotateGatewaySecretError) -> Self {
        match error {
            RotateGatewaySecretError::Invalid(problems) => Self::invalid(problems),
            RotateGatewaySecretError::NoSuchClient => Self::not_found(error.to_string()),
            RotateGatewaySecretError::Vault(cause) => cause.into(),
            RotateGatewaySecretError::Db(cause) => cause.into(),
        }
    }
}

pub(super) fn no_such_app(error: &impl ToString) -> ApiError {
    ApiError::refused(Code::NoSuchReference, error.to_string()).at("apps")
}
