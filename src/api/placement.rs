//! `/v1/admin/placements`: templates as they stand on apps.

use axum::extract::State;
use chrono::TimeDelta;
use http::StatusCode;
use serde::Deserialize;

use self::view::{PlacedView, PlacementView, RotationView, callback_url};
use super::{AdminState, platform_rules};
use crate::{
    domain::{
        id::{AppId, PlacementId, TemplateId},
        placement::PlacementState,
        problem::Problems,
    },
    http::{
        error::ApiError,
        extract::{Json, Path, Query},
        page::{Page, Slice},
    },
    service::{
        change_placement::{self, ChangePlacementError, PlacementChange},
        create_placement::{self, CreatePlacementError, NewPlacement},
        rotate_callback_token,
    },
    store::{self, placement::Filter},
};

mod error;
mod view;

/// The body of a creation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPlacementBody {
    template_id: TemplateId,
    app_id: AppId,
    platform_ref: Option<String>,
}

/// The body of a change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacementEditBody {
    version: i32,
    // To be written out even when it is null: forgetting it must not take the id away.
    #[serde(deserialize_with = "Option::deserialize")]
    platform_ref: Option<String>,
}

/// The body of a rotation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationBody {
    #[serde(default = "one_day")]
    old_lives_for_seconds: u32,
}

const fn one_day() -> u32 {
    24 * 60 * 60
}

const THIRTY_DAYS: u32 = 30 * one_day();

/// Which placements, and which part of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    template_id: Option<TemplateId>,
    app_id: Option<AppId>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `POST /v1/admin/placements`
pub async fn create(
    State(state): State<AdminState>,
    Json(body): Json<NewPlacementBody>,
) -> Result<(StatusCode, Json<PlacedView>), ApiError> {
    let NewPlacementBody { template_id: template, app_id: app, platform_ref } = body;
    let there = store::app::find(&mut *state.db.acquire().await?, app).await?;
    let platform = there.ok_or(CreatePlacementError::NoSuchApp)?.platform;
    platform_rules::check_platform_ref(platform, platform_ref.as_deref())
        .map_err(ApiError::invalid)?;
    let new = NewPlacement { template, app, platform_ref };
    let (placement, secret) =
        create_placement::create_placement(&state.db, &state.vault, state.now(), new).await?;
    state.changed.notify_waiters();
    let callback_url = secret.and_then(|secret| callback_url(&state, placement.platform, &secret));
    let placement = show(&state, placement.id).await?;
    Ok((StatusCode::CREATED, Json(PlacedView { placement, callback_url })))
}

/// `GET /v1/admin/placements`
pub async fn list(
    State(state): State<AdminState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PlacementView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    let filter = Filter { template: query.template_id, app: query.app_id };
    let mut conn = state.db.acquire().await?;
    let before = slice.before.map(PlacementId::from);
    let rows = store::placement::list(&mut conn, filter, before, slice.to_read()).await?;
    let ids: Vec<_> = rows.iter().map(|placement| placement.id).collect();
    let stocks = store::stock::list(&mut conn, &ids).await?;
    let rows = rows.into_iter().map(|row| (row, stocks.as_slice(), None)).collect();
    Ok(Json(slice.page(rows, |(placement, ..)| placement.id.uuid())))
}

/// `GET /v1/admin/placements/{placement}`
pub async fn get(
    State(state): State<AdminState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    Ok(Json(show(&state, id).await?))
}

/// `PATCH /v1/admin/placements/{placement}`
pub async fn edit(
    State(state): State<AdminState>,
    Path(id): Path<PlacementId>,
    Json(body): Json<PlacementEditBody>,
) -> Result<Json<PlacementView>, ApiError> {
    let PlacementEditBody { version, platform_ref } = body;
    let there = store::placement::find(&mut *state.db.acquire().await?, id).await?;
    let platform = there.ok_or(ChangePlacementError::NoSuchPlacement)?.platform;
    platform_rules::check_platform_ref(platform, platform_ref.as_deref())
        .map_err(ApiError::invalid)?;
    change(&state, id, PlacementChange::PlatformRef { version, platform_ref }).await
}

/// `POST /v1/admin/placements/{placement}/pause`
pub async fn pause(
    State(state): State<AdminState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    change(&state, id, PlacementChange::State(PlacementState::Paused)).await
}

/// `POST /v1/admin/placements/{placement}/resume`
pub async fn resume(
    State(state): State<AdminState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    change(&state, id, PlacementChange::State(PlacementState::Active)).await
}

/// `POST /v1/admin/placements/{placement}/withdraw`
pub async fn withdraw(
    State(state): State<AdminState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    change(&state, id, PlacementChange::State(PlacementState::Withdrawn)).await
}

/// `POST /v1/admin/placements/{placement}/callback-token-rotations`
pub async fn rotate(
    State(state): State<AdminState>,
    Path(id): Path<PlacementId>,
    Json(body): Json<RotationBody>,
) -> Result<(StatusCode, Json<RotationView>), ApiError> {
    let mut problems = Problems::default();
    let fits = body.old_lives_for_seconds <= THIRTY_DAYS;
    problems.expect(fits, "old_lives_for_seconds", "0 to 2592000: up to thirty days");
    problems.into_result().map_err(ApiError::invalid)?;
    let old_lives_for = TimeDelta::seconds(i64::from(body.old_lives_for_seconds));
    let (placement, token, secret) = rotate_callback_token::rotate_callback_token(
        &state.db,
        &state.vault,
        state.now(),
        id,
        old_lives_for,
    )
    .await?;
    state.changed.notify_waiters();
    let callback_url = callback_url(&state, placement.platform, &secret);
    Ok((StatusCode::CREATED, Json(RotationView { token: token.into(), callback_url })))
}

async fn change(
    state: &AdminState,
    id: PlacementId,
    change: PlacementChange,
) -> Result<Json<PlacementView>, ApiError> {
    change_placement::change_placement(&state.db, state.now(), id, change).await?;
    state.changed.notify_waiters();
    Ok(Json(show(state, id).await?))
}

async fn show(state: &AdminState, id: PlacementId) -> Result<PlacementView, ApiError> {
    let mut conn = state.db.acquire().await?;
    let placement = store::placement::find(&mut conn, id).await?;
    let placement = placement.ok_or(ChangePlacementError::NoSuchPlacement)?;
    let stocks = store::stock::list(&mut conn, &[id]).await?;
    let tokens = store::callback_token::list(&mut conn, id).await?;
    Ok(PlacementView::from((placement, stocks.as_slice(), Some(tokens))))
}
