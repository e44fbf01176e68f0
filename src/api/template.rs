//! `/v1/admin/templates`: what coupons are worth, to whom, when.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ApiState, dry_run::DryRunQuery, list, platform_rules};
use crate::{
    domain::{
        foresight::{Foresight, Run},
        id::{PlacementId, TemplateId},
        number::TemplateNumber,
        problem::Problem,
        template::TemplateState,
        terms::Terms,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
        strict_json::read_value,
    },
    service::{
        create_template::{self, CreateTemplateError, Opening},
        edit_template::{self, EditTemplateError},
        set_template_state::{self, SetTemplateStateError},
    },
    store::{self, template::CountedTemplate},
};

/// A template as it is shown: its terms lie flat beside what we add.
#[derive(Serialize, JsonSchema)]
pub struct TemplateView {
    id: TemplateId,
    number: TemplateNumber,
    version: i32,
    state: TemplateState,
    #[serde(flatten)]
    terms: Terms,
    issued: i64,
    left: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A template after an edit, and what the platforms on which it stands make of that.
#[derive(Serialize, JsonSchema)]
pub struct EditedTemplateView {
    /// It lies flat.
    #[serde(flatten)]
    template: TemplateView,
    /// Those that have something to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<ForesightView>,
}

/// What telling one platform will come to.
#[derive(Serialize, JsonSchema)]
struct ForesightView {
    placement_id: PlacementId,
    /// What its reviewers will look at anew; nobody can take any until they have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs_review: Vec<&'static str>,
    /// What it will not take any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    untellable: Vec<Problem>,
}

impl ForesightView {
    fn read((placement_id, foreseen): (PlacementId, Foresight)) -> Option<Self> {
        let Foresight { review: needs_review, untellable } = foreseen;
        let says_something = !needs_review.is_empty() || !untellable.is_empty();
        says_something.then_some(Self { placement_id, needs_review, untellable })
    }
}

/// How a template begins.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpeningBody {
    /// Nobody can claim yet.
    Draft,
    /// Claimable in its window.
    Active,
}

/// `POST /v1/admin/templates`: the fields of the terms, and `state` when it is to begin as a `draft`.
pub async fn create(
    State(state): State<ApiState>,
    Json(mut body): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<TemplateView>), ApiError> {
    let opening = match body.remove("state").map(read_value).transpose() {
        Ok(Some(OpeningBody::Draft)) => Opening::Draft,
        Ok(Some(OpeningBody::Active) | None) => Opening::Active,
        Err(error) => return Err(ApiError::from(error).at("state")),
    };
    let terms = read_value(Value::Object(body))?;
    let template = create_template::create_template(&state.db, state.now(), terms, opening).await?;
    Ok((StatusCode::CREATED, Json(find(&state, template.id).await?.into())))
}

/// `GET /v1/admin/templates`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<TemplateView>>, ApiError> {
    list::newest_first(&state, &query, store::template::list, |counted| counted.template.id.uuid())
        .await
}

/// `GET /v1/admin/templates/{template}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
) -> Result<Json<TemplateView>, ApiError> {
    Ok(Json(find(&state, id).await?.into()))
}

/// `PATCH /v1/admin/templates/{template}`: `version`, and the fields to change. A field given replaces the whole of
/// it, because half of one benefit and half of another make no sense; `null` takes it back to what it is when left out.
pub async fn edit(
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
    Query(query): Query<DryRunQuery>,
    Json(mut body): Json<Map<String, Value>>,
) -> Result<Json<EditedTemplateView>, ApiError> {
    let version = body.remove("version").unwrap_or_default();
    let version: i32 = read_value(version).map_err(|e| ApiError::from(e).at("version"))?;
    let there = find(&state, id).await?;
    let before = &there.template;
    // Anything merged into other terms than the editor saw is refused here, or under the lock.
    if before.version != version {
        return Err(EditTemplateError::VersionConflict { now_at: before.version }.into());
    }
    let terms = merge(&before.terms, body)?;
    let (lint, run) = (platform_rules::foresee, query.run());
    let (template, foreseen) =
        edit_template::edit_template(&state.db, state.now(), id, version, terms, lint, run).await?;
    let platforms = foreseen.into_iter().filter_map(ForesightView::read).collect();
    let template = match run {
        Run::Real => find(&state, id).await?,
        Run::Dry => CountedTemplate { template, ..there },
    };
    Ok(Json(EditedTemplateView { template: template.into(), platforms }))
}

/// `POST /v1/admin/templates/{template}/pause`
pub async fn pause(
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
) -> Result<Json<TemplateView>, ApiError> {
    become_(&state, id, TemplateState::Paused).await
}

/// `POST /v1/admin/templates/{template}/resume`: also opens a draft.
pub async fn resume(
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
) -> Result<Json<TemplateView>, ApiError> {
    become_(&state, id, TemplateState::Active).await
}

/// `POST /v1/admin/templates/{template}/end`
pub async fn end(
    State(state): State<ApiState>,
    Path(id): Path<TemplateId>,
) -> Result<Json<TemplateView>, ApiError> {
    become_(&state, id, TemplateState::Ended).await
}

async fn become_(
    state: &ApiState,
    id: TemplateId,
    next: TemplateState,
) -> Result<Json<TemplateView>, ApiError> {
    set_template_state::set_template_state(&state.db, state.now(), id, next).await?;
    Ok(Json(find(state, id).await?.into()))
}

async fn find(state: &ApiState, id: TemplateId) -> Result<CountedTemplate, ApiError> {
    let mut conn = state.db.acquire().await?;
    let found = store::template::find(&mut conn, id).await?;
    found.ok_or_else(|| ApiError::not_found("no such template"))
}

fn merge(terms: &Terms, changes: Map<String, Value>) -> Result<Terms, ApiError> {
    let mut document = serde_json::to_value(terms).map_err(ApiError::internal)?;
    if let Some(fields) = document.as_object_mut() {
        for (name, value) in changes {
            if value.is_null() && fields.contains_key(&name) {
                fields.remove(&name);
            } else {
                fields.insert(name, value);
            }
        }
    }
    Ok(read_value(document)?)
}

impl From<CountedTemplate> for TemplateView {
    fn from(counted: CountedTemplate) -> Self {
        let CountedTemplate { template, number, issued, left } = counted;
        Self {
            id: template.id,
            number,
            version: template.version,
            state: template.state,
            terms: template.terms.0,
            issued,
            left,
            created_at: template.created_at,
            updated_at: template.updated_at,
        }
    }
}

impl From<CreateTemplateError> for ApiError {
    fn from(error: CreateTemplateError) -> Self {
        match error {
            CreateTemplateError::Invalid(problems) => Self::invalid(problems),
            CreateTemplateError::Db(cause) => cause.into(),
        }
    }
}

impl From<EditTemplateError> for ApiError {
    fn from(error: EditTemplateError) -> Self {
        match error {
            EditTemplateError::Invalid(problems) => Self::invalid(problems),
            EditTemplateError::NoSuchTemplate => Self::not_found(error.to_string()),
            EditTemplateError::VersionConflict { .. } => {
                Self::conflict(Code::VersionConflict, &error)
            }
            EditTemplateError::Ended => Self::conflict(Code::WrongState, &error),
            EditTemplateError::CodesInUse => Self::conflict(Code::CodesInUse, &error).at("codes"),
            EditTemplateError::Db(cause) => cause.into(),
        }
    }
}

impl From<SetTemplateStateError> for ApiError {
    fn from(error: SetTemplateStateError) -> Self {
        match error {
            SetTemplateStateError::NoSuchTemplate => Self::not_found(error.to_string()),
            SetTemplateStateError::WrongState { .. } => Self::conflict(Code::WrongState, &error),
            SetTemplateStateError::Db(cause) => cause.into(),
        }
    }
}
