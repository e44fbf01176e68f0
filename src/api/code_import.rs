//! `/v1/admin/templates/{template}/code-imports`: uploads of codes, and how far each has come.

use std::io;

use axum::{body::Body, extract::State};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use tokio_util::io::StreamReader;

use super::ApiState;
use crate::{
    domain::id::{ImportId, TemplateId},
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query, expect_media_type},
        page::{ListQuery, Page},
    },
    service::import_codes::{ImportCodesError, LineReport, Verdict, import_codes},
    store::{self, code_import::CodeImport},
};

/// An upload as it is shown. Without `finished_at` it still runs, or was cut off: then the same file finishes it.
#[derive(Serialize, JsonSchema)]
pub struct ImportView {
    id: ImportId,
    template_id: TemplateId,
    lines: i64,
    new: i64,
    duplicate_in_file: i64,
    already_there: i64,
    malformed: i64,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// An upload right after it ended, with the lines that added nothing.
#[derive(Serialize, JsonSchema)]
pub struct ImportedView {
    #[serde(flatten)]
    import: ImportView,
    problems: Vec<LineView>,
    problems_truncated: bool,
}

#[derive(Serialize, JsonSchema)]
struct LineView {
    line: i64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How many uploaded codes there are.
#[derive(Serialize, JsonSchema)]
pub struct CountView {
    free: i64,
    taken: i64,
}

/// So many lines are told one by one; the counts are for all.
const MOST_PROBLEMS: usize = 1_000;

/// `POST …/code-imports`: the file as the body, read while it arrives.
pub async fn create(
    State(state): State<ApiState>,
    Path(template): Path<TemplateId>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<ImportedView>), ApiError> {
    expect_media_type(&headers, "text/csv")?;
    let file = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let (mut problems, mut problems_truncated) = (Vec::new(), false);
    let import = import_codes(&state.db, &*state.clock, template, file, |reports, _| {
        for view in reports.iter().filter_map(LineView::of_problem) {
            if problems.len() < MOST_PROBLEMS {
                problems.push(view);
            } else {
                problems_truncated = true;
            }
        }
    });
    let import = import.await?.into();
    Ok((StatusCode::CREATED, Json(ImportedView { import, problems, problems_truncated })))
}

/// `GET …/code-imports`
pub async fn list(
    State(state): State<ApiState>,
    Path(template): Path<TemplateId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ImportView>>, ApiError> {
    let slice = query.slice()?;
    let mut conn = state.db.acquire().await?;
    store::template::find(&mut conn, template).await?.ok_or(ImportCodesError::NoSuchTemplate)?;
    let before = slice.before.map(ImportId::from);
    let rows = store::code_import::list(&mut conn, template, before, slice.to_read()).await?;
    Ok(Json(slice.page(rows, |import| import.id.uuid())))
}

/// `GET …/code-imports/{import}`: moves while the upload runs.
pub async fn get(
    State(state): State<ApiState>,
    Path((template, import)): Path<(TemplateId, ImportId)>,
) -> Result<Json<ImportView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let found = store::code_import::find(&mut conn, template, import).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("no such import"))?.into()))
}

/// `GET /v1/admin/templates/{template}/codes`
pub async fn count(
    State(state): State<ApiState>,
    Path(template): Path<TemplateId>,
) -> Result<Json<CountView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    store::template::find(&mut conn, template).await?.ok_or(ImportCodesError::NoSuchTemplate)?;
    let count = store::code::count(&mut conn, template).await?;
    Ok(Json(CountView { free: count.free, taken: count.taken }))
}

impl LineView {
    fn of_problem(report: &LineReport) -> Option<Self> {
        let (verdict, reason) = match report.verdict {
            Verdict::New => return None,
            Verdict::DuplicateInFile => ("duplicate_in_file", None),
            Verdict::AlreadyThere => ("already_there", None),
            Verdict::Malformed(why) => ("malformed", Some(why.to_string())),
        };
        Some(Self { line: report.number, verdict, reason })
    }
}

impl From<CodeImport> for ImportView {
    fn from(import: CodeImport) -> Self {
        let counts = import.counts;
        Self {
            id: import.id,
            template_id: import.template,
            lines: counts.lines,
            new: counts.new,
            duplicate_in_file: counts.duplicate_in_file,
            already_there: counts.already_there,
            malformed: counts.malformed,
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }
}

impl From<ImportCodesError> for ApiError {
    fn from(error: ImportCodesError) -> Self {
        let bad = |code| Self::refused(code, error.to_string());
        match error {
            ImportCodesError::NoSuchTemplate => Self::not_found(error.to_string()),
            ImportCodesError::CodesAreGenerated => Self::conflict(Code::CodesAreGenerated, &error),
            ImportCodesError::Utf16 => bad(Code::WrongEncoding),
            ImportCodesError::Read(_) => bad(Code::UnreadableBody),
            ImportCodesError::Db(cause) => cause.into(),
        }
    }
}
