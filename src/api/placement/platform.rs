//! What is told to the platform of a placement: each answer comes before the platform has heard of it.

use axum::extract::State;
use chrono::TimeDelta;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    show,
    view::{OwedPlacementView, RotationView},
};
use crate::{
    api::{ApiState, delivery_brief::DeliveryBrief, platform_rules},
    domain::{id::PlacementId, problem::Problems},
    http::{
        error::ApiError,
        extract::{Json, Path},
    },
    service::{
        publish_placement::publish_placement, push_placement_update::push_placement_update,
        rotate_callback_token::rotate_callback_token, withdraw_placement::withdraw_placement,
    },
    store::delivery::open::Open,
};

/// The body of a rotation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationBody {
    #[serde(default = "one_day")]
    #[schemars(range(max = THIRTY_DAYS))]
    old_lives_for_seconds: u32,
}

const fn one_day() -> u32 {
    24 * 60 * 60
}

const THIRTY_DAYS: u32 = 30 * one_day();

/// `POST /v1/admin/placements/{placement}/publish`
pub async fn publish(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
) -> Result<(StatusCode, Json<OwedPlacementView>), ApiError> {
    let lint = platform_rules::foresee;
    let open = publish_placement(&state.db, state.now(), id, lint).await?;
    owed(&state, id, Some(open)).await
}

/// `POST /v1/admin/placements/{placement}/update`
pub async fn update(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
) -> Result<(StatusCode, Json<OwedPlacementView>), ApiError> {
    let lint = platform_rules::foresee;
    let (open, foreseen) = push_placement_update(&state.db, state.now(), id, lint).await?;
    let (status, Json(view)) = owed(&state, id, Some(open)).await?;
    Ok((status, Json(OwedPlacementView { needs_review: foreseen.review, ..view })))
}

/// `POST /v1/admin/placements/{placement}/withdraw`
pub async fn withdraw(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
) -> Result<(StatusCode, Json<OwedPlacementView>), ApiError> {
    let open = withdraw_placement(&state.db, state.now(), id).await?;
    state.changed.notify_waiters();
    owed(&state, id, open).await
}

/// `POST /v1/admin/placements/{placement}/callback-token-rotations`
pub async fn rotate(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
    Json(body): Json<RotationBody>,
) -> Result<(StatusCode, Json<RotationView>), ApiError> {
    let mut problems = Problems::default();
    let fits = body.old_lives_for_seconds <= THIRTY_DAYS;
    problems.expect(fits, "old_lives_for_seconds", "0 to 2592000: up to thirty days");
    problems.into_result().map_err(ApiError::invalid)?;
    let old_lives_for = TimeDelta::seconds(i64::from(body.old_lives_for_seconds));
    let rotated =
        rotate_callback_token(&state.db, &state.vault, state.now(), id, old_lives_for).await?;
    state.changed.notify_waiters();
    let view = RotationView {
        callback_url: platform_rules::callback_url(
            rotated.placement.platform,
            &state.public_url,
            &rotated.secret,
        ),
        token: rotated.token.into(),
        delivery: rotated.open.as_ref().map(DeliveryBrief::from),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// 202 when the platform is still to hear of it, 200 when there is nobody to tell.
async fn owed(
    state: &ApiState,
    id: PlacementId,
    open: Option<Open>,
) -> Result<(StatusCode, Json<OwedPlacementView>), ApiError> {
    let status = if open.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let placement = show(state, id).await?;
    let delivery = open.as_ref().map(DeliveryBrief::from);
    Ok((status, Json(OwedPlacementView { placement, delivery, needs_review: Vec::new() })))
}
