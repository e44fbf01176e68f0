//! `/v1/mini/sessions`: people of a mini-program log in with the code that their platform gave them.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::ApiState;
use crate::{
    domain::{
        app::PlatformKind,
        id::{AppId, HolderId, SessionId},
        people::OpenId,
        problem::Problems,
    },
    http::{code::Code, error::ApiError, extract::Json},
    platform::{
        baidu::login::LoginError,
        wechat::desk::{AskError, LoggedIn},
    },
    service::{
        card_bond,
        mini_session::{self, OpenSessionError, Opened, Visitor},
    },
    store::{self, app::App},
};

/// The body of a login.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    app_id: AppId,
    /// What `swan.login` or `wx.login` gave the mini-program; good for one login.
    code: String,
}

/// A session that was opened; the only place where its token is shown.
#[derive(Serialize, JsonSchema)]
pub struct OpenedView {
    session_id: SessionId,
    token: String,
    expires_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// Who somebody is here.
#[derive(Serialize, JsonSchema)]
pub struct VisitorView {
    session_id: SessionId,
    app_id: AppId,
    holder_id: HolderId,
    /// What the merchant calls them, if the merchant said.
    member_uid: Option<String>,
    /// When the session ends unless it is used.
    expires_at: DateTime<Utc>,
    /// When it ends in any case.
    ends_at: DateTime<Utc>,
}

/// The longest login code that is asked about; Baidu's have 32 characters.
const LONGEST_CODE: usize = 512;

/// `POST /v1/mini/sessions`
pub async fn open(
    State(state): State<ApiState>,
    Json(body): Json<LoginBody>,
) -> Result<(StatusCode, Json<OpenedView>), ApiError> {
    let code = parse_code(body.code)?;
    let app = store::app::find(&mut *state.db.acquire().await?, body.app_id).await?;
    let app = app.ok_or_else(|| ApiError::no_such("app_id", &"no such app"))?;
    if !app.platform.has_logins() {
        return Err(nobody_logs_in());
    }
    if !app.has_secret {
        return Err(ApiError::conflict(Code::AppHasNoSecret, &"the app has no secret here"));
    }
    let (open_id, union_id) = whose(&state, &app, code).await?;
    let now = state.now();
    if let Some(union_id) = union_id {
        card_bond::greet(&state.db, now, &app, &open_id, union_id.as_str()).await?;
    }
    let Opened { id, token, expires_at, ends_at } =
        mini_session::open(&state.db, now, state.lifetime, app.id, &open_id).await?;
    let token = token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(OpenedView { session_id: id, token, expires_at, ends_at })))
}

/// `GET /v1/mini/sessions/current`
pub async fn current(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Json<VisitorView>, ApiError> {
    let member_uid = match visitor.member {
        Some(member) => store::member::find_uid(&mut *state.db.acquire().await?, member).await?,
        None => None,
    };
    Ok(Json(VisitorView {
        session_id: visitor.session,
        app_id: visitor.app,
        holder_id: visitor.own,
        member_uid,
        expires_at: visitor.expires_at,
        ends_at: visitor.ends_at,
    }))
}

/// `DELETE /v1/mini/sessions/current`
pub async fn close(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
) -> Result<StatusCode, ApiError> {
    mini_session::close(&state.db, state.now(), visitor.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// As the app's platform knows them, and as all accounts of the merchant there do.
async fn whose(
    state: &ApiState,
    app: &App,
    code: SecretString,
) -> Result<(OpenId, Option<OpenId>), ApiError> {
    match app.platform {
        PlatformKind::Baidu => {
            let whose = state.login.whose(app.id, &code).await;
            Ok((whose.map_err(|error| explain(app.id, error))?, None))
        }
        PlatformKind::WechatMini => {
            let whose = state.wechat.logins.whose(app.id, code).await;
            let LoggedIn { open_id, union_id } = whose.map_err(|error| match error {
                AskError::Refused => explain(app.id, LoginError::Refused),
                AskError::Away(why) => explain(app.id, LoginError::Away(why)),
            })?;
            Ok((open_id, union_id))
        }
        PlatformKind::Wechat | PlatformKind::Own => Err(nobody_logs_in()),
    }
}

fn nobody_logs_in() -> ApiError {
    ApiError::conflict(Code::NoLogins, &"nobody logs in on this platform")
}

fn parse_code(code: String) -> Result<SecretString, ApiError> {
    let mut problems = Problems::default();
    let visible = code.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = (1..=LONGEST_CODE).contains(&code.len()) && visible;
    problems.expect(fits, "code", "1 to 512 visible ASCII characters");
    problems.into_result().map_err(ApiError::invalid)?;
    Ok(code.into())
}

fn explain(app: AppId, error: LoginError) -> ApiError {
    match error {
        LoginError::Refused => ApiError::refused(Code::LoginRefused, error.to_string()),
        LoginError::Away(why) => {
            tracing::warn!(app.id = %app, why, "nobody can log in: the platform gives no clear answer");
            let detail = "the platform gives no clear answer; log in again, with a new code";
            ApiError::refused(Code::PlatformUnavailable, detail)
        }
    }
}

impl From<OpenSessionError> for ApiError {
    fn from(error: OpenSessionError) -> Self {
        match error {
            OpenSessionError::Randomness(cause) => Self::internal(cause),
            OpenSessionError::Db(cause) => cause.into(),
        }
    }
}
