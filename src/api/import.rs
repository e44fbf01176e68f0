//! `/v1/admin/apps/{app}/imports`: what stands on a platform already becomes a placement of ours.

use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ApiState, delivery_brief::DeliveryBrief, platform_rules};
use crate::{
    domain::id::{AppId, PlacementId},
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path},
        strict_json::read_value,
    },
    service::import_placement::{ImportPlacementError, NewImport, import_placement},
    store,
};

/// What is about to be imported. The placement is there when the delivery is done.
#[derive(Serialize, JsonSchema)]
pub struct PlacementImportView {
    placement_id: PlacementId,
    delivery: DeliveryBrief,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct PlatformRef(String);

/// `POST /v1/admin/apps/{app}/imports`: the platform's id, and the terms that the platform does not know.
pub async fn create(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
    Json(mut body): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<PlacementImportView>), ApiError> {
    let platform_ref = body.remove("platform_ref").unwrap_or_default();
    let PlatformRef(platform_ref) =
        read_value(platform_ref).map_err(|error| ApiError::from(error).at("platform_ref"))?;
    let terms = read_value(Value::Object(body))?;
    let there = store::app::find(&mut *state.db.acquire().await?, app).await?;
    let platform = there.ok_or(ImportPlacementError::NoSuchApp)?.platform;
    platform_rules::check_platform_ref(platform, Some(&platform_ref)).map_err(ApiError::invalid)?;
    let new = NewImport { app, platform_ref, terms };
    let (placement_id, open) = import_placement(&state.db, state.now(), new).await?;
    let delivery = DeliveryBrief::from(&open);
    Ok((StatusCode::ACCEPTED, Json(PlacementImportView { placement_id, delivery })))
}

impl From<ImportPlacementError> for ApiError {
    fn from(error: ImportPlacementError) -> Self {
        match error {
            ImportPlacementError::NoSuchApp => Self::not_found(error.to_string()),
            ImportPlacementError::NoImports => Self::conflict(Code::NoImports, &error),
            ImportPlacementError::NoWallet => Self::conflict(Code::NoWallet, &error),
            ImportPlacementError::AppHasNoSecret => Self::conflict(Code::AppHasNoSecret, &error),
            ImportPlacementError::Invalid(problems) => Self::invalid(problems),
            ImportPlacementError::PlatformRefTaken => {
                Self::conflict(Code::PlatformRefTaken, &error).at("platform_ref")
            }
            ImportPlacementError::Db(cause) => cause.into(),
        }
    }
}
