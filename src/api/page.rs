//! `/v1/admin/pages`: what stands where in a coupon centre.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, list};
use crate::{
    domain::{
        id::PageId,
        page::{Floor, Slot},
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        remove_page::remove_page,
        save_page::{SavePageError, create_page, replace_page},
    },
    store::{self, page::StoredPage},
};

/// The body of a creation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPageBody {
    /// By which front ends ask for it: 1 to 64 letters, digits, `-` or `_`.
    content_code: String,
    /// The sort of front end that it is for; empty for every sort that has no page of its own.
    #[serde(default)]
    client_type: String,
    /// From the top downwards.
    floors: Vec<Floor>,
}

/// The body of a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageBody {
    /// The one that was seen.
    version: i32,
    /// All of them, from the top downwards.
    floors: Vec<Floor>,
}

/// A page as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PageView {
    id: PageId,
    version: i32,
    content_code: String,
    client_type: String,
    floors: Vec<Floor>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// `POST /v1/admin/pages`
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<NewPageBody>,
) -> Result<(StatusCode, Json<PageView>), ApiError> {
    let NewPageBody { content_code, client_type, floors } = body;
    let slot = Slot { content_code, client_type };
    let page = create_page(&state.db, state.now(), slot, floors).await?;
    Ok((StatusCode::CREATED, Json(page.into())))
}

/// `GET /v1/admin/pages`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PageView>>, ApiError> {
    list::newest_first(&state, &query, store::page::list, |page| page.id.uuid()).await
}

/// `GET /v1/admin/pages/{page}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<PageId>,
) -> Result<Json<PageView>, ApiError> {
    let found = store::page::find(&mut *state.db.acquire().await?, id).await?;
    let page = found.ok_or(SavePageError::NoSuchPage)?;
    Ok(Json(page.into()))
}

/// `PUT /v1/admin/pages/{page}`
pub async fn replace(
    State(state): State<ApiState>,
    Path(id): Path<PageId>,
    Json(body): Json<PageBody>,
) -> Result<Json<PageView>, ApiError> {
    let page = replace_page(&state.db, state.now(), id, body.version, body.floors).await?;
    Ok(Json(page.into()))
}

/// `DELETE /v1/admin/pages/{page}`
pub async fn remove(
    State(state): State<ApiState>,
    Path(id): Path<PageId>,
) -> Result<StatusCode, ApiError> {
    if remove_page(&state.db, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(SavePageError::NoSuchPage.into())
    }
}

impl From<StoredPage> for PageView {
    fn from(page: StoredPage) -> Self {
        Self {
            id: page.id,
            version: page.version,
            content_code: page.content_code,
            client_type: page.client_type,
            floors: page.floors.0,
            created_at: page.created_at,
            updated_at: page.updated_at,
        }
    }
}

impl From<SavePageError> for ApiError {
    fn from(error: SavePageError) -> Self {
        match error {
            SavePageError::Invalid(problems) => Self::invalid(problems),
            SavePageError::SlotTaken => Self::conflict(Code::NameTaken, &error).at("content_code"),
            SavePageError::NoSuchPage => Self::not_found(error.to_string()),
            SavePageError::VersionConflict { .. } => Self::conflict(Code::VersionConflict, &error),
            SavePageError::Db(cause) => cause.into(),
        }
    }
}
