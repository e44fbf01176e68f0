//! `/v1/admin/exports`: coupons and figures as files, written while they are read.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use chrono::NaiveDate;
use futures_util::stream;
use http::{HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{
    ApiState,
    statistics::{GroupByQuery, question, table},
};
use crate::{
    domain::{
        id::{AppId, TemplateId},
        standing::CouponStatus,
    },
    http::{code::Code, error::ApiError, extract::Query},
    service::{
        export_coupons::{Export, Format, Wanted},
        statistics,
    },
};

/// Room for exports, on one server.
#[derive(Debug, Clone)]
pub struct Exports {
    places: Arc<Semaphore>,
    /// How long a reader may leave a piece lying.
    patience: Duration,
}

/// Which coupons, and what the file looks like.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CouponsQuery {
    /// `csv`, or `json` for a JSON object on each line.
    #[serde(default)]
    format: FormatQuery,
    /// Of one template only.
    template_id: Option<TemplateId>,
    /// On one app only.
    app_id: Option<AppId>,
    /// Only those that are this now.
    state: Option<CouponStatus>,
    /// Issued on this day in China or later.
    from: Option<NaiveDate>,
    /// Issued on this day in China or earlier.
    to: Option<NaiveDate>,
    /// Whether a CSV file begins with the mark by which spreadsheets know UTF-8.
    #[serde(default)]
    bom: bool,
}

/// Which figures, and what the file looks like.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatsExportQuery {
    /// `csv`, or `json` for a JSON object on each line.
    #[serde(default)]
    format: FormatQuery,
    /// As for `/v1/admin/stats`.
    from: Option<NaiveDate>,
    /// As for `/v1/admin/stats`.
    to: Option<NaiveDate>,
    /// Of one template only.
    template_id: Option<TemplateId>,
    /// On one app only.
    app_id: Option<AppId>,
    /// What is shown apart.
    #[serde(default)]
    group_by: GroupByQuery,
    /// Whether a CSV file begins with the mark by which spreadsheets know UTF-8.
    #[serde(default)]
    bom: bool,
}

/// What the file looks like.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormatQuery {
    /// For spreadsheets.
    #[default]
    Csv,
    /// For programs.
    Json,
}

/// What passes from the export to its reader.
enum Piece {
    Bytes(Bytes),
    Failed(sqlx::Error),
    /// All was said. A file that ends without it is broken off, so that nobody takes a part for the whole.
    End,
}

/// At the same time, on one server.
const MOST_EXPORTS: usize = 2;
const PATIENCE: Duration = Duration::from_mins(1);

impl Exports {
    /// Room for so many, each of which may wait so long for its reader.
    pub fn new(places: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), patience }
    }

    /// How many more could begin.
    pub fn free(&self) -> usize {
        self.places.available_permits()
    }
}

impl Default for Exports {
    fn default() -> Self {
        Self::new(MOST_EXPORTS, PATIENCE)
    }
}

/// `GET /v1/admin/exports/coupons`
pub async fn coupons(
    State(state): State<ApiState>,
    Query(query): Query<CouponsQuery>,
) -> Result<Response, ApiError> {
    let Ok(place) = Arc::clone(&state.exports.places).try_acquire_owned() else {
        let detail = "other exports are running; try again when one has ended";
        return Err(ApiError::refused(Code::RateLimited, detail));
    };
    let format = query.format.into();
    let export = Export::new(state.db.clone(), state.now(), query.into());
    let (pieces, reader) = mpsc::channel(1);
    tokio::spawn(write(export, pieces, state.exports.patience, place));
    let body = stream::unfold(Some(reader), async |reader| {
        let mut reader = reader?;
        match reader.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(reader))),
            Some(Piece::End) => None,
            Some(Piece::Failed(error)) => Some((Err(io::Error::other(error)), None)),
            None => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    });
    file("coupons", format, Body::from_stream(body))
}

/// `GET /v1/admin/exports/stats`
pub async fn stats(
    State(state): State<ApiState>,
    Query(query): Query<StatsExportQuery>,
) -> Result<Response, ApiError> {
    let StatsExportQuery { format, from, to, template_id, app_id, group_by, bom } = query;
    let question = question(from, to, template_id, app_id, group_by);
    let statistics = statistics::statistics(&state.db, state.now(), question).await?;
    let format = format.into();
    file("stats", format, Body::from(table::write(statistics, format, bom)))
}

/// Hands over piece after piece. No connection is held while the reader is waited for, and one who goes away, or takes
/// nothing for too long, ends it.
async fn write(
    mut export: Export,
    pieces: mpsc::Sender<Piece>,
    patience: Duration,
    _place: OwnedSemaphorePermit,
) {
    loop {
        let piece = match export.next().await {
            Ok(Some(bytes)) => Piece::Bytes(bytes.into()),
            Ok(None) => Piece::End,
            Err(error) => {
                tracing::error!(error = %error, "An export broke off");
                Piece::Failed(error)
            }
        };
        let is_last = !matches!(piece, Piece::Bytes(_));
        if pieces.send_timeout(piece, patience).await.is_err() || is_last {
            return;
        }
    }
}

fn file(name: &str, format: Format, body: Body) -> Result<Response, ApiError> {
    let (media_type, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Json => ("application/x-ndjson", "ndjson"),
    };
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let disposition = HeaderValue::from_str(&disposition).map_err(ApiError::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl From<CouponsQuery> for Wanted {
    fn from(query: CouponsQuery) -> Self {
        let CouponsQuery { format, template_id, app_id, state, from, to, bom } = query;
        Self {
            template: template_id,
            app: app_id,
            status: state,
            from,
            to,
            format: format.into(),
            bom,
        }
    }
}

impl From<FormatQuery> for Format {
    fn from(format: FormatQuery) -> Self {
        match format {
            FormatQuery::Csv => Self::Csv,
            FormatQuery::Json => Self::Json,
        }
    }
}
