//! `/v1/admin/sessions`: people at work log in with a password.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    Extension,
    extract::{FromRequestParts, State},
};
use chrono::{DateTime, Utc};
use http::{StatusCode, request::Parts};
use ipnet::IpNet;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{ApiState, operator::OperatorView, secret};
use crate::{
    domain::{
        access::Actor,
        id::{OperatorId, SessionId},
    },
    http::{
        client_address::{client_address_of, network_of},
        code::Code,
        error::ApiError,
        extract::Json,
        request_id::to_its_end,
    },
    service::{
        authenticate::{Caller, WorkSession},
        edit_operator::{self, ChangePasswordError, EditOperatorError},
        operator_session::{self, LogInError, OpenedWork, Shown},
    },
    store,
};

/// The body of a login.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkLoginBody {
    login: String,
    #[serde(deserialize_with = "secret::secret")]
    #[schemars(with = "String")]
    password: Option<SecretString>,
}

/// The body of a change of one's own password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    #[serde(deserialize_with = "secret::secret")]
    #[schemars(with = "String")]
    current_password: Option<SecretString>,
    /// 12 to 1024 bytes.
    #[serde(deserialize_with = "secret::secret")]
    #[schemars(with = "String")]
    new_password: Option<SecretString>,
}

/// A session that was opened; the only place where its token is shown.
#[derive(Serialize, JsonSchema)]
pub struct OpenedWorkView {
    /// To be sent as `Authorization: Bearer ko_…`.
    token: String,
    #[serde(flatten)]
    shown: WorkSessionView,
}

/// A session of a person at work, and who they are.
#[derive(Serialize, JsonSchema)]
pub struct WorkSessionView {
    session_id: SessionId,
    /// When it ends unless it is used.
    expires_at: DateTime<Utc>,
    /// When it ends in any case.
    ends_at: DateTime<Utc>,
    operator: OperatorView,
}

/// The network that a password comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin(IpNet);

impl FromRequestParts<ApiState> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let address = client_address_of(parts, &state.trusted_proxies);
        // All whose address nobody knows are one.
        Ok(Self(network_of(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))))
    }
}

/// `POST /v1/admin/sessions`. A try counts to its end, also for whoever hangs up before the answer.
pub async fn open(
    State(state): State<ApiState>,
    Origin(from): Origin,
    Json(body): Json<WorkLoginBody>,
) -> Result<(StatusCode, Json<OpenedWorkView>), ApiError> {
    let WorkLoginBody { login, password } = body;
    let password = password.unwrap_or_default();
    let opened = to_its_end(async move {
        let shown = Shown { login: &login, password: &password, from };
        operator_session::log_in(&state.db, &state.passwords, state.now(), &shown).await
    });
    let OpenedWork { id, token, operator, expires_at, ends_at } = opened.await?;
    let token = token.reveal().to_owned();
    let operator = operator.into();
    let shown = WorkSessionView { session_id: id, expires_at, ends_at, operator };
    Ok((StatusCode::CREATED, Json(OpenedWorkView { token, shown })))
}

/// `GET /v1/admin/sessions/current`
pub async fn current(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<WorkSessionView>, ApiError> {
    let (operator, session) = person(&caller)?;
    let operator = store::operator::find(&mut *state.db.acquire().await?, operator).await?;
    let operator = operator.ok_or(EditOperatorError::NoSuchOperator)?.into();
    let WorkSession { id, expires_at, ends_at } = session;
    Ok(Json(WorkSessionView { session_id: id, expires_at, ends_at, operator }))
}

/// `DELETE /v1/admin/sessions/current`
pub async fn close(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, ApiError> {
    let (_, session) = person(&caller)?;
    operator_session::log_out(&state.db, state.now(), session.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/admin/sessions/current/password`
pub async fn change_password(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Origin(from): Origin,
    Json(body): Json<PasswordBody>,
) -> Result<StatusCode, ApiError> {
    let (operator, _) = person(&caller)?;
    let present = body.current_password.unwrap_or_default();
    let wanted = body.new_password.unwrap_or_default();
    let (db, passwords, now) = (&state.db, &state.passwords, state.now());
    edit_operator::change_password(db, passwords, now, operator, from, &present, wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keys do not come here.
fn person(caller: &Caller) -> Result<(OperatorId, WorkSession), ApiError> {
    match (caller.actor, caller.session) {
        (Actor::Operator(operator), Some(session)) => Ok((operator, session)),
        (
            Actor::Operator(_)
            | Actor::Key(_)
            | Actor::Holder(_)
            | Actor::Client(_)
            | Actor::Kaquan,
            _,
        ) => {
            let detail = "this is for people who have logged in";
            Err(ApiError::refused(Code::Forbidden, detail))
        }
    }
}

impl From<LogInError> for ApiError {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Invalid(problems) => Self::invalid(problems),
            LogInError::Refused => Self::refused(Code::WrongCredentials, error.to_string()),
            LogInError::Hash(error) => error.into(),
            LogInError::Randomness(cause) => Self::internal(cause),
            LogInError::Db(cause) => cause.into(),
        }
    }
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            // They are known, so this is no 401, at which they would be asked to log in.
            ChangePasswordError::LogIn(error @ LogInError::Refused) => {
                Self::refused(Code::WrongPassword, error.to_string())
            }
            ChangePasswordError::LogIn(error) => error.into(),
            ChangePasswordError::Edit(error) => error.into(),
        }
    }
}
