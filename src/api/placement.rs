//! `/v1/admin/placements`: templates as they stand on apps.

use std::collections::BTreeMap;

use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use self::view::{Facts, OwedPlacementView, PlacedView, PlacementView};
use super::{ApiState, delivery_brief::DeliveryBrief, dry_run::DryRunQuery, platform_rules};
use crate::{
    domain::{
        foresight::Run,
        id::{AppId, PlacementId, TemplateId},
        placement::PlacementState,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{Page, Slice},
    },
    service::{
        change_placement::{self, ChangePlacementError, PlacementChange},
        create_placement::{self, CreatePlacementError, NewPlacement},
    },
    store::{
        self,
        placement::{Filter, Placement},
    },
};

mod error;
pub mod platform;
pub mod view;

/// The body of a creation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlacementBody {
    template_id: TemplateId,
    app_id: AppId,
    platform_ref: Option<String>,
    #[serde(default = "nothing_set")]
    #[schemars(with = "BTreeMap<String, Value>")]
    settings: Value,
}

fn nothing_set() -> Value {
    json!({})
}

/// The body of a change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementEditBody {
    version: i32,
    // Left out, the id stays; written out as null, it is taken away.
    #[expect(clippy::option_option, reason = "left out and null are two things")]
    #[serde(default, deserialize_with = "some")]
    #[schemars(extend("type" = ["string", "null"]))]
    platform_ref: Option<Option<String>>,
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    settings: Option<Value>,
}

#[expect(clippy::option_option, reason = "left out and null are two things")]
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Which placements, and which part of the list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementsQuery {
    template_id: Option<TemplateId>,
    app_id: Option<AppId>,
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `POST /v1/admin/placements`
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<NewPlacementBody>,
) -> Result<(StatusCode, Json<PlacedView>), ApiError> {
    let NewPlacementBody { template_id: template, app_id: app, platform_ref, settings } = body;
    let there = store::app::find(&mut *state.db.acquire().await?, app).await?;
    let platform = there.ok_or(CreatePlacementError::NoSuchApp)?.platform;
    platform_rules::check_platform_ref(platform, platform_ref.as_deref())
        .map_err(ApiError::invalid)?;
    platform_rules::check_placement_settings(platform, &settings).map_err(ApiError::invalid)?;
    let new = NewPlacement { template, app, platform_ref, settings };
    let (placement, secret) =
        create_placement::create_placement(&state.db, &state.vault, state.now(), new).await?;
    state.changed.notify_waiters();
    let callback_url = secret.and_then(|secret| {
        platform_rules::callback_url(placement.platform, &state.public_url, &secret)
    });
    let placement = show(&state, placement.id).await?;
    Ok((StatusCode::CREATED, Json(PlacedView { placement, callback_url })))
}

/// `GET /v1/admin/placements`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<PlacementsQuery>,
) -> Result<Json<Page<PlacementView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    let filter = Filter { template: query.template_id, app: query.app_id };
    let mut conn = state.db.acquire().await?;
    let before = slice.before.map(PlacementId::from);
    let rows = store::placement::list(&mut conn, filter, before, slice.to_read()).await?;
    let ids: Vec<_> = rows.iter().map(|placement| placement.id).collect();
    let facts = Facts::read(&mut conn, &ids).await?;
    let rows = rows.into_iter().map(|row| (row, &facts, None)).collect();
    Ok(Json(slice.page(rows, |(placement, ..)| placement.id.uuid())))
}

/// `GET /v1/admin/placements/{placement}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    Ok(Json(show(&state, id).await?))
}

/// `PATCH /v1/admin/placements/{placement}`
pub async fn edit(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
    Query(query): Query<DryRunQuery>,
    Json(body): Json<PlacementEditBody>,
) -> Result<Json<OwedPlacementView>, ApiError> {
    let PlacementEditBody { version, platform_ref, settings } = body;
    if platform_ref.is_none() && settings.is_none() {
        return Err(ApiError::refused(Code::InvalidValues, "platform_ref or settings is missing")
            .at("settings"));
    }
    let there = store::placement::find(&mut *state.db.acquire().await?, id).await?;
    let there = there.ok_or(ChangePlacementError::NoSuchPlacement)?;
    if let Some(platform_ref) = &platform_ref {
        platform_rules::check_platform_ref(there.platform, platform_ref.as_deref())
            .map_err(ApiError::invalid)?;
    }
    if let Some(settings) = &settings {
        let (is_known, both) = (there.platform_ref.is_some(), (&there.settings, settings));
        platform_rules::check_settings_change(there.platform, both, is_known)
            .map_err(ApiError::invalid)?;
    }
    let (lint, run) = (platform_rules::foresee, query.run());
    let change = PlacementChange::Edit { version, platform_ref, settings, lint, run };
    let changed = change_placement::change_placement(&state.db, state.now(), id, change).await?;
    state.changed.notify_waiters();
    let delivery = changed.open.as_ref().map(DeliveryBrief::from);
    let placement = match run {
        Run::Real => show(&state, id).await?,
        Run::Dry => show_as(&state, changed.placement).await?,
    };
    Ok(Json(OwedPlacementView { placement, delivery, needs_review: changed.foreseen.review }))
}

/// `POST /v1/admin/placements/{placement}/pause`
pub async fn pause(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    change(&state, id, PlacementChange::State(PlacementState::Paused)).await
}

/// `POST /v1/admin/placements/{placement}/resume`
pub async fn resume(
    State(state): State<ApiState>,
    Path(id): Path<PlacementId>,
) -> Result<Json<PlacementView>, ApiError> {
    change(&state, id, PlacementChange::State(PlacementState::Active)).await
}

async fn change(
    state: &ApiState,
    id: PlacementId,
    change: PlacementChange,
) -> Result<Json<PlacementView>, ApiError> {
    change_placement::change_placement(&state.db, state.now(), id, change).await?;
    state.changed.notify_waiters();
    Ok(Json(show(state, id).await?))
}

async fn show(state: &ApiState, id: PlacementId) -> Result<PlacementView, ApiError> {
    let mut conn = state.db.acquire().await?;
    let placement = store::placement::find(&mut conn, id).await?;
    drop(conn);
    show_as(state, placement.ok_or(ChangePlacementError::NoSuchPlacement)?).await
}

async fn show_as(state: &ApiState, placement: Placement) -> Result<PlacementView, ApiError> {
    let mut conn = state.db.acquire().await?;
    let facts = Facts::read(&mut conn, &[placement.id]).await?;
    let tokens = store::callback_token::list(&mut conn, placement.id).await?;
    Ok(PlacementView::from((placement, &facts, Some(tokens))))
}
