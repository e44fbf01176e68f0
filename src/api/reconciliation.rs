//! `/v1/admin/reconciliations`: our figures beside the platforms', and what stands there.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ApiState;
use crate::{
    domain::{
        id::{AppId, PlacementId, ReconciliationId},
        reconciliation::{DifferenceKind, RunState},
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{Page, Slice},
    },
    service::request_reconciliation::{self, RequestReconciliationError},
    store::{
        self,
        platform_template::PlatformTemplate,
        reconciliation::{Reconciliation, StoredDifference},
    },
};

/// The body of a request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationBody {
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 31))]
    days: i32,
}

const fn three() -> i32 {
    3
}

/// Which of them, and which part of the list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationsQuery {
    app_id: Option<AppId>,
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A comparison as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct ReconciliationView {
    id: ReconciliationId,
    app_id: AppId,
    state: RunState,
    job_day: Option<NaiveDate>,
    days: i32,
    first_day: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
    requested_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    attempts: i32,
    retry_at: Option<DateTime<Utc>>,
    /// Of those that nothing explains.
    difference_count: Option<i32>,
    error: Option<String>,
}

/// The same with all that differs.
#[derive(Serialize, JsonSchema)]
pub struct FoundView {
    #[serde(flatten)]
    reconciliation: ReconciliationView,
    differences: Vec<DifferenceView>,
}

/// A difference as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct DifferenceView {
    kind: DifferenceKind,
    placement_id: Option<PlacementId>,
    platform_ref: String,
    day: Option<NaiveDate>,
    ours: Option<i64>,
    theirs: Option<i64>,
    fields: Vec<String>,
    owed: i64,
    explained: bool,
    meaning: String,
    meaning_en: String,
}

/// What stands on the platform, as last seen.
#[derive(Serialize, JsonSchema)]
pub struct PlatformTemplateView {
    platform_ref: String,
    placement_id: Option<PlacementId>,
    #[schemars(with = "Map<String, Value>")]
    fields: Value,
    seen_at: DateTime<Utc>,
    gone_at: Option<DateTime<Utc>>,
}

/// All of them; there are few.
#[derive(Serialize, JsonSchema)]
pub struct PlatformTemplatesView {
    data: Vec<PlatformTemplateView>,
}

/// `POST /v1/admin/apps/{app}/reconciliations`
pub async fn request(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
    Json(body): Json<ReconciliationBody>,
) -> Result<(StatusCode, Json<ReconciliationView>), ApiError> {
    let requested =
        request_reconciliation::request_reconciliation(&state.db, state.now(), app, body.days);
    Ok((StatusCode::ACCEPTED, Json(requested.await?.into())))
}

/// `GET /v1/admin/reconciliations`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<ReconciliationsQuery>,
) -> Result<Json<Page<ReconciliationView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    let mut conn = state.db.acquire().await?;
    let before = slice.before.map(ReconciliationId::from);
    let rows = store::reconciliation::list(&mut conn, query.app_id, before, slice.to_read());
    Ok(Json(slice.page(rows.await?, |run| run.id.uuid())))
}

/// `GET /v1/admin/reconciliations/{reconciliation}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<ReconciliationId>,
) -> Result<Json<FoundView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let run = store::reconciliation::find(&mut conn, id).await?;
    let run = run.ok_or_else(|| ApiError::not_found("no such reconciliation"))?;
    let differences = store::reconciliation::list_differences(&mut conn, id).await?;
    let differences = differences.into_iter().map(DifferenceView::from).collect();
    Ok(Json(FoundView { reconciliation: run.into(), differences }))
}

/// `GET /v1/admin/apps/{app}/platform-templates`
pub async fn platform_templates(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
) -> Result<Json<PlatformTemplatesView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let there = store::app::find(&mut conn, app).await?;
    there.ok_or(RequestReconciliationError::NoSuchApp)?;
    let templates = store::platform_template::list(&mut conn, app).await?;
    let data = templates.into_iter().map(PlatformTemplateView::from).collect();
    Ok(Json(PlatformTemplatesView { data }))
}

impl From<Reconciliation> for ReconciliationView {
    fn from(run: Reconciliation) -> Self {
        Self {
            id: run.id,
            app_id: run.app,
            state: run.state,
            job_day: run.job_day,
            days: run.days,
            first_day: run.first_day,
            last_day: run.last_day,
            requested_at: run.requested_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            attempts: run.attempts,
            retry_at: run.retry_at,
            difference_count: run.differences,
            error: run.error,
        }
    }
}

impl From<StoredDifference> for DifferenceView {
    fn from(found: StoredDifference) -> Self {
        Self {
            kind: found.kind,
            placement_id: found.placement,
            platform_ref: found.platform_ref,
            day: found.day,
            ours: found.ours,
            theirs: found.theirs,
            fields: found.fields,
            owed: found.owed,
            explained: found.explained,
            meaning: found.meaning_zh,
            meaning_en: found.meaning_en,
        }
    }
}

impl From<PlatformTemplate> for PlatformTemplateView {
    fn from(template: PlatformTemplate) -> Self {
        let PlatformTemplate { platform_ref, fields, seen_at, gone_at, placement } = template;
        Self { platform_ref, placement_id: placement, fields, seen_at, gone_at }
    }
}

impl From<RequestReconciliationError> for ApiError {
    fn from(error: RequestReconciliationError) -> Self {
        match error {
            RequestReconciliationError::Invalid(problems) => Self::invalid(problems),
            RequestReconciliationError::NoSuchApp => Self::not_found(error.to_string()),
            RequestReconciliationError::NoFigures => {
                Self::conflict(Code::NoPlatformFigures, &error)
            }
            RequestReconciliationError::Db(cause) => cause.into(),
        }
    }
}
