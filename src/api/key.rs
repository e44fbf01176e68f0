//! `/v1/admin/keys`: keys of the merchant's servers, each shown whole once.

use std::collections::BTreeSet;

use axum::{Extension, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, list};
use crate::{
    domain::{
        access::{Grant, Role, Scope},
        id::KeyId,
        problem::Problems,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        authenticate::Caller,
        create_key::{self, CreateKeyError, NewKey},
        revoke_key::revoke_key,
        rotate_key::{self, RotateKeyError},
        secret::Fresh,
    },
    store::{self, api_key::ApiKey},
};

/// A key that is wanted: with a role, or with scopes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyBody {
    name: String,
    role: Option<Role>,
    #[serde(default)]
    scopes: BTreeSet<Scope>,
    /// Networks it may come from, such as `10.0.0.0/8`; anywhere when left out.
    #[serde(default)]
    sources: Vec<String>,
}

/// An exchange of a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotationBody {
    /// How long both count; a day when left out.
    #[serde(default = "a_day")]
    overlap_seconds: u32,
}

/// A key as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct KeyView {
    id: KeyId,
    name: String,
    role: Option<Role>,
    scopes: Vec<Scope>,
    sources: Vec<String>,
    /// Its first characters.
    prefix: String,
    created_at: DateTime<Utc>,
    /// To the minute.
    last_used_at: Option<DateTime<Utc>>,
    /// From here on another one of the same name has taken its place.
    retires_at: Option<DateTime<Utc>>,
    /// From here on it is no key any more.
    revoked_at: Option<DateTime<Utc>>,
}

/// A key that was made; the only place where it is shown whole.
#[derive(Serialize, JsonSchema)]
pub struct MadeKeyView {
    /// The key itself.
    key: String,
    #[serde(flatten)]
    shown: KeyView,
}

fn a_day() -> u32 {
    24 * 60 * 60
}

/// `GET /v1/admin/keys`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<KeyView>>, ApiError> {
    list::newest_first(&state, &query, store::api_key::list_before, |key| key.id.uuid()).await
}

/// `POST /v1/admin/keys`
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewKeyBody>,
) -> Result<(StatusCode, Json<MadeKeyView>), ApiError> {
    let new = parse(body)?;
    let giver = Some(&caller.grant);
    let (key, secret) = create_key::create_key_by(&state.db, state.now(), new, giver).await?;
    Ok((StatusCode::CREATED, Json(made(key, &secret))))
}

/// `POST /v1/admin/keys/{key}/rotate`
pub async fn rotate(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<KeyId>,
    Json(body): Json<KeyRotationBody>,
) -> Result<(StatusCode, Json<MadeKeyView>), ApiError> {
    let overlap = TimeDelta::seconds(body.overlap_seconds.into());
    let (now, giver) = (state.now(), Some(&caller.grant));
    let (key, secret) = rotate_key::rotate_key(&state.db, now, key, overlap, giver).await?;
    Ok((StatusCode::CREATED, Json(made(key, &secret))))
}

/// `POST /v1/admin/keys/{key}/revoke`
pub async fn revoke(
    State(state): State<ApiState>,
    Path(key): Path<KeyId>,
) -> Result<Json<KeyView>, ApiError> {
    let revoked = revoke_key(&state.db, state.now(), key).await?;
    Ok(Json(revoked.ok_or(RotateKeyError::NoSuchKey)?.into()))
}

fn parse(body: NewKeyBody) -> Result<NewKey, ApiError> {
    let NewKeyBody { name, role, scopes, sources } = body;
    let mut problems = Problems::default();
    problems.expect(role.is_some() == scopes.is_empty(), "scopes", "a `role`, or some `scopes`");
    let networks: Vec<IpNet> = sources.iter().filter_map(|source| source.parse().ok()).collect();
    let readable = networks.len() == sources.len();
    problems.expect(readable, "sources", "networks such as 10.0.0.0/8 or 203.0.113.7/32");
    problems.into_result().map_err(ApiError::invalid)?;
    let scopes = scopes.into_iter().collect();
    let grant = role.map_or(Grant::Scopes(scopes), Grant::Role);
    Ok(NewKey { name, grant, sources: networks })
}

fn made(key: ApiKey, secret: &Fresh) -> MadeKeyView {
    MadeKeyView { key: secret.reveal().to_owned(), shown: key.into() }
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        let (role, scopes) = match key.grant {
            Grant::Role(role) => (Some(role), Vec::new()),
            Grant::Scopes(scopes) => (None, scopes),
        };
        Self {
            id: key.id,
            name: key.name,
            role,
            scopes,
            sources: key.sources,
            prefix: key.prefix,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            retires_at: key.retires_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl From<CreateKeyError> for ApiError {
    fn from(error: CreateKeyError) -> Self {
        match error {
            CreateKeyError::Invalid(problems) => Self::invalid(problems),
            CreateKeyError::NameTaken => Self::conflict(Code::NameTaken, &error),
            CreateKeyError::MoreThanYours => more_than_yours(&error),
            CreateKeyError::Randomness(cause) => Self::internal(cause),
            CreateKeyError::Db(cause) => cause.into(),
        }
    }
}

impl From<RotateKeyError> for ApiError {
    fn from(error: RotateKeyError) -> Self {
        match error {
            RotateKeyError::NoSuchKey => Self::not_found(error.to_string()),
            RotateKeyError::Over => Self::conflict(Code::WrongState, &error),
            RotateKeyError::TwoAlready => Self::conflict(Code::TwoKeysAlready, &error),
            RotateKeyError::MoreThanYours => more_than_yours(&error),
            RotateKeyError::Overlap => {
                Self::refused(Code::InvalidValues, error.to_string()).at("overlap_seconds")
            }
            RotateKeyError::Randomness(cause) => Self::internal(cause),
            RotateKeyError::Db(cause) => cause.into(),
        }
    }
}

fn more_than_yours(error: &impl ToString) -> ApiError {
    ApiError::refused(Code::Forbidden, error.to_string())
}
