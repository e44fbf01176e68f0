//! `/v1/admin/holders/{holder}`: people as one app knows them.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::ApiState;
use crate::{
    domain::id::HolderId,
    http::{
        error::ApiError,
        extract::{Json, Path},
    },
    service::mini_session,
};

/// How many sessions were ended.
#[derive(Serialize, JsonSchema)]
pub struct RevokedView {
    revoked: u64,
}

/// `POST /v1/admin/holders/{holder}/revoke-sessions`
pub async fn revoke_sessions(
    State(state): State<ApiState>,
    Path(holder): Path<HolderId>,
) -> Result<Json<RevokedView>, ApiError> {
    let revoked = mini_session::revoke_all(&state.db, state.now(), holder).await?;
    let revoked = revoked.ok_or_else(|| ApiError::not_found("no such holder"))?;
    Ok(Json(RevokedView { revoked }))
}
