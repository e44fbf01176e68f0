//! `/v1/admin/apps/{app}/channel`: how fast an app is called, whether at all, and how much stands before it.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiState;
use crate::{
    domain::{
        channel::{Breaker, Standing},
        id::AppId,
    },
    http::{
        error::ApiError,
        extract::{Json, Path},
    },
    service::{
        authenticate::Caller,
        pause_channel::{self, PauseChannelError},
        resume_channel::{self, ResumeChannelError},
        set_channel_rate::{self, RateEdit, SetChannelRateError},
    },
    store::{self, channel::Channel},
};

/// The body of a change; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateBody {
    #[schemars(range(min = 0.01, max = 10_000))]
    calls_per_second: Option<f64>,
    #[schemars(range(min = 1, max = 10_000))]
    burst: Option<f64>,
}

/// The body of a pause.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseBody {
    #[schemars(length(min = 1, max = 200))]
    reason: String,
}

/// A channel as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct ChannelView {
    app_id: AppId,
    calls_per_second: f64,
    burst: f64,
    tokens: f64,
    breaker: BreakerView,
    paused: Option<PauseView>,
    deliveries: OwedView,
    oldest_due_seconds: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct BreakerView {
    state: &'static str,
    until: Option<DateTime<Utc>>,
    failures: i32,
}

#[derive(Serialize, JsonSchema)]
struct PauseView {
    at: DateTime<Utc>,
    reason: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChannelDeliveriesView")]
struct OwedView {
    waiting: i64,
    pending: i64,
    leased: i64,
    dead: i64,
}

/// `GET /v1/admin/apps/{app}/channel`
pub async fn get(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
) -> Result<Json<ChannelView>, ApiError> {
    show(&state, app).await
}

/// `PATCH /v1/admin/apps/{app}/channel`
pub async fn edit(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<RateBody>,
) -> Result<Json<ChannelView>, ApiError> {
    let RateBody { calls_per_second, burst } = body;
    let edit = RateEdit { calls_per_second, burst };
    set_channel_rate::set_channel_rate(&state.db, state.now(), &caller.name, app, edit).await?;
    show(&state, app).await
}

/// `POST /v1/admin/apps/{app}/channel/pause`
pub async fn pause(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<PauseBody>,
) -> Result<Json<ChannelView>, ApiError> {
    let by = &caller.name;
    pause_channel::pause_channel(&state.db, state.now(), by, app, &body.reason).await?;
    show(&state, app).await
}

/// `POST /v1/admin/apps/{app}/channel/resume`
pub async fn resume(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<ChannelView>, ApiError> {
    resume_channel::resume_channel(&state.db, state.now(), &caller.name, app).await?;
    show(&state, app).await
}

async fn show(state: &ApiState, app: AppId) -> Result<Json<ChannelView>, ApiError> {
    let now = state.now();
    let mut conn = state.db.acquire().await?;
    let channel = store::channel::find(&mut conn, now, app).await?;
    let channel = channel.ok_or_else(|| ApiError::not_found("no such app"))?;
    Ok(Json(ChannelView::new(channel, now)))
}

impl ChannelView {
    fn new(channel: Channel, now: DateTime<Utc>) -> Self {
        let owed = channel.owed;
        Self {
            app_id: channel.app,
            calls_per_second: channel.rate.calls_per_second,
            burst: channel.rate.burst,
            tokens: channel.tokens,
            breaker: BreakerView::new(channel.breaker, now),
            paused: channel.paused.map(|pause| PauseView { at: pause.at, reason: pause.reason }),
            deliveries: OwedView {
                waiting: owed.waiting,
                pending: owed.pending,
                leased: owed.leased,
                dead: owed.dead,
            },
            oldest_due_seconds: owed.late(now).map(|late| late.num_seconds()),
        }
    }
}

impl BreakerView {
    fn new(breaker: Breaker, now: DateTime<Utc>) -> Self {
        let (state, until) = match breaker.stands(now) {
            Standing::Closed => ("closed", None),
            Standing::Open { until } => ("open", Some(until)),
            Standing::OnProbation => ("on_probation", None),
        };
        Self { state, until, failures: breaker.failures }
    }
}

impl From<SetChannelRateError> for ApiError {
    fn from(error: SetChannelRateError) -> Self {
        match error {
            SetChannelRateError::Invalid(problems) => Self::invalid(problems),
            SetChannelRateError::NoSuchApp => Self::not_found(error.to_string()),
            SetChannelRateError::Db(cause) => cause.into(),
        }
    }
}

impl From<PauseChannelError> for ApiError {
    fn from(error: PauseChannelError) -> Self {
        match error {
            PauseChannelError::Invalid(problems) => Self::invalid(problems),
            PauseChannelError::NoSuchApp => Self::not_found(error.to_string()),
            PauseChannelError::Db(cause) => cause.into(),
        }
    }
}

impl From<ResumeChannelError> for ApiError {
    fn from(error: ResumeChannelError) -> Self {
        match error {
            ResumeChannelError::NoSuchApp => Self::not_found(error.to_string()),
            ResumeChannelError::Db(cause) => cause.into(),
        }
    }
}
