//! `/v1/admin/apps`: accounts on the platforms.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{ApiState, list, platform_rules, secret};
use crate::{
    domain::{
        app::{PlatformKind, ReturnRule},
        id::AppId,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        create_app::{self, CreateAppError, NewApp},
        edit_app::{self, AppEdit, EditAppError, SecretEdit},
    },
    store::{self, app::App},
};

/// The body of a creation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppBody {
    platform: PlatformKind,
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    app_key: String,
    #[schemars(length(min = 1, max = 100))]
    name: String,
    #[serde(default = "no_settings")]
    #[schemars(with = "Map<String, Value>")]
    settings: Value,
    /// Of a mini-program: the app whose cards its people take.
    cards_app_id: Option<AppId>,
    /// Left out: `refused` where the platform shows uses for ever, else `allowed`.
    give_back: Option<ReturnRule>,
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>", regex(pattern = "^[!-~]{1,256}$"))]
    secret: Option<SecretString>,
}

/// The body of a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppEditBody {
    version: i32,
    #[schemars(length(min = 1, max = 100))]
    name: Option<String>,
    #[schemars(with = "Option<Map<String, Value>>")]
    settings: Option<Value>,
    cards_app_id: Option<AppId>,
    give_back: Option<ReturnRule>,
    #[serde(default, deserialize_with = "secret::secret_edit")]
    #[schemars(with = "Option<String>", regex(pattern = "^[!-~]{1,256}$"))]
    secret: SecretEdit,
}

/// An app as it is shown; of its secret only whether it is there.
#[derive(Serialize, JsonSchema)]
pub struct AppView {
    id: AppId,
    platform: PlatformKind,
    app_key: String,
    name: String,
    #[schemars(with = "Map<String, Value>")]
    settings: Value,
    /// Of a mini-program: the app whose cards its people take.
    cards_app_id: Option<AppId>,
    /// Whether what was used on it may be given back.
    give_back: ReturnRule,
    has_secret: bool,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn no_settings() -> Value {
    json!({})
}

/// `POST /v1/admin/apps`
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<NewAppBody>,
) -> Result<(StatusCode, Json<AppView>), ApiError> {
    let NewAppBody {
        platform,
        app_key,
        name,
        settings,
        cards_app_id: cards_app,
        give_back,
        secret,
    } = body;
    platform_rules::check_settings(platform, &settings).map_err(ApiError::invalid)?;
    let new = NewApp { platform, app_key, name, settings, cards_app, give_back, secret };
    let app = create_app::create_app(&state.db, &state.vault, state.now(), new).await?;
    Ok((StatusCode::CREATED, Json(app.into())))
}

/// `GET /v1/admin/apps`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AppView>>, ApiError> {
    list::newest_first(&state, &query, store::app::list, |app| app.id.uuid()).await
}

/// `GET /v1/admin/apps/{app}`
pub async fn get(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
) -> Result<Json<AppView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let app = store::app::find(&mut conn, app).await?;
    Ok(Json(app.ok_or_else(|| ApiError::not_found("no such app"))?.into()))
}

/// `PATCH /v1/admin/apps/{app}`
pub async fn edit(
    State(state): State<ApiState>,
    Path(id): Path<AppId>,
    Json(body): Json<AppEditBody>,
) -> Result<Json<AppView>, ApiError> {
    let app = store::app::find(&mut *state.db.acquire().await?, id).await?;
    let app = app.ok_or(EditAppError::NoSuchApp)?;
    if let Some(settings) = &body.settings {
        platform_rules::check_settings(app.platform, settings).map_err(ApiError::invalid)?;
    }
    let AppEditBody { version, name, settings, cards_app_id: cards_app, give_back, secret } = body;
    let edit = AppEdit { version, name, settings, cards_app, give_back, secret };
    let app = edit_app::edit_app(&state.db, &state.vault, state.now(), id, edit).await?;
    state.changed.notify_waiters();
    Ok(Json(app.into()))
}

impl From<App> for AppView {
    fn from(app: App) -> Self {
        Self {
            id: app.id,
            platform: app.platform,
            app_key: app.app_key,
            name: app.name,
            settings: app.settings,
            cards_app_id: app.cards_app,
            give_back: app.give_back,
            has_secret: app.has_secret,
            version: app.version,
            created_at: app.created_at,
            updated_at: app.updated_at,
        }
    }
}

impl From<CreateAppError> for ApiError {
    fn from(error: CreateAppError) -> Self {
        match error {
            CreateAppError::Invalid(problems) => Self::invalid(problems),
            CreateAppError::NoSuchCardsApp => Self::no_such("cards_app_id", &error),
            CreateAppError::AlreadyThere => Self::conflict(Code::AppExists, &error),
            CreateAppError::Vault(cause) => cause.into(),
            CreateAppError::Db(cause) => cause.into(),
        }
    }
}

impl From<EditAppError> for ApiError {
    fn from(error: EditAppError) -> Self {
        match error {
            EditAppError::Invalid(problems) => Self::invalid(problems),
            EditAppError::NoSuchApp => Self::not_found(error.to_string()),
            EditAppError::NoSuchCardsApp => Self::no_such("cards_app_id", &error),
            EditAppError::VersionConflict { .. } => Self::conflict(Code::VersionConflict, &error),
            EditAppError::Vault(cause) => cause.into(),
            EditAppError::Db(cause) => cause.into(),
        }
    }
}
