//! `/v1/admin/operators`: people who work for the merchant.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use super::{ApiState, list, secret};
use crate::{
    domain::{
        access::{Actor, Grant, Role},
        id::OperatorId,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        authenticate::Caller,
        create_operator::{self, CreateOperatorError, NewOperator},
        edit_operator::{self, EditOperatorError, OperatorEdit, StoreEdit},
        password::HashError,
    },
    store::{self, operator::Operator},
};

/// Somebody new.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOperatorBody {
    /// What is typed to log in.
    login: String,
    name: String,
    role: Role,
    /// The shop of a clerk.
    store: Option<String>,
    /// 12 to 1024 bytes.
    #[serde(deserialize_with = "secret::secret")]
    #[schemars(with = "String")]
    password: Option<SecretString>,
}

/// A change of somebody; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorEditBody {
    name: Option<String>,
    role: Option<Role>,
    /// `null` for none.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<String>")]
    store: StoreEdit,
    disabled: Option<bool>,
    /// Another password for somebody else: one's own is changed at `/v1/admin/sessions/current/password`.
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>")]
    password: Option<SecretString>,
}

/// Somebody as they are shown.
#[derive(Serialize, JsonSchema)]
pub struct OperatorView {
    id: OperatorId,
    login: String,
    name: String,
    role: Role,
    store: Option<String>,
    created_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
    disabled_at: Option<DateTime<Utc>>,
}

/// `GET /v1/admin/operators`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<OperatorView>>, ApiError> {
    list::newest_first(&state, &query, store::operator::list, |operator| operator.id.uuid()).await
}

/// `POST /v1/admin/operators`
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewOperatorBody>,
) -> Result<(StatusCode, Json<OperatorView>), ApiError> {
    let NewOperatorBody { login, name, role, store, password } = body;
    check_giver(&caller, Some(role))?;
    let password = password.unwrap_or_default();
    let new = NewOperator { login, name, role, store, password };
    let (passwords, now) = (&state.passwords, state.now());
    let operator = create_operator::create_operator(&state.db, passwords, now, new).await?;
    Ok((StatusCode::CREATED, Json(operator.into())))
}

/// `GET /v1/admin/operators/{operator}`
pub async fn get(
    State(state): State<ApiState>,
    Path(operator): Path<OperatorId>,
) -> Result<Json<OperatorView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let operator = store::operator::find(&mut conn, operator).await?;
    Ok(Json(operator.ok_or(EditOperatorError::NoSuchOperator)?.into()))
}

/// `PATCH /v1/admin/operators/{operator}`. A session changes its own password elsewhere, by showing the present one.
pub async fn edit(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(operator): Path<OperatorId>,
    Json(body): Json<OperatorEditBody>,
) -> Result<Json<OperatorView>, ApiError> {
    let OperatorEditBody { name, role, store, disabled, password } = body;
    check_giver(&caller, role)?;
    if password.is_some() && caller.actor == Actor::Operator(operator) {
        return Err(own_password());
    }
    let edit = OperatorEdit { name, role, store, disabled, password };
    let (passwords, now) = (&state.passwords, state.now());
    let changed = edit_operator::edit_operator(&state.db, passwords, now, operator, edit).await?;
    Ok(Json(changed.into()))
}

/// Nobody gives what they do not have.
fn check_giver(caller: &Caller, role: Option<Role>) -> Result<(), ApiError> {
    if role.is_none_or(|role| caller.grant.covers(&Grant::Role(role))) {
        return Ok(());
    }
    let detail = "nobody can grant more than they have";
    Err(ApiError::refused(Code::Forbidden, detail))
}

/// A session that somebody left open changes no password in passing. It can still make another owner, which history shows.
fn own_password() -> ApiError {
    let detail = "to change your own password, show the present one: `POST /v1/admin/sessions/current/password`";
    ApiError::refused(Code::Forbidden, detail).at("password")
}

/// Null is something else than absence.
fn said<'de, D: Deserializer<'de>>(body: D) -> Result<StoreEdit, D::Error> {
    Ok(Option::deserialize(body)?.map_or(StoreEdit::Remove, StoreEdit::Replace))
}

impl From<Operator> for OperatorView {
    fn from(operator: Operator) -> Self {
        let Operator { id, login, name, role, store, .. } = operator;
        Self {
            id,
            login,
            name,
            role,
            store,
            created_at: operator.created_at,
            last_login_at: operator.last_login_at,
            disabled_at: operator.disabled_at,
        }
    }
}

impl From<CreateOperatorError> for ApiError {
    fn from(error: CreateOperatorError) -> Self {
        match error {
            CreateOperatorError::Invalid(problems) => Self::invalid(problems),
            CreateOperatorError::LoginTaken => Self::conflict(Code::LoginTaken, &error).at("login"),
            CreateOperatorError::Hash(error) => error.into(),
            CreateOperatorError::Db(cause) => cause.into(),
        }
    }
}

impl From<EditOperatorError> for ApiError {
    fn from(error: EditOperatorError) -> Self {
        match error {
            EditOperatorError::Invalid(problems) => Self::invalid(problems),
            EditOperatorError::NoSuchOperator => Self::not_found(error.to_string()),
            EditOperatorError::LastOwner => Self::conflict(Code::LastOwner, &error),
            EditOperatorError::Hash(error) => error.into(),
            EditOperatorError::Db(cause) => cause.into(),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Crowded => Self::refused(Code::RateLimited, error.to_string()),
            HashError::Failed(_) => Self::internal(error),
        }
    }
}
