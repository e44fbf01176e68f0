//! `…/void` and `…/void-unused`: coupons taken out of use by the merchant.

use axum::{Extension, extract::State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, life};
use crate::{
    domain::id::{CouponId, TemplateId},
    http::{
        error::ApiError,
        extract::{Json, Path},
    },
    service::{
        authenticate::Caller,
        void_coupon::{self, VoidedUnused},
    },
};

/// Why coupons are taken out of use.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidBody {
    /// 1 to 200 characters; kept in their history.
    #[schemars(length(min = 1, max = 200))]
    reason: String,
}

/// What became of a coupon.
#[derive(Serialize, JsonSchema)]
pub struct VoidView {
    coupon_id: CouponId,
    /// False when it was out of use before.
    changed: bool,
}

/// What one call did.
#[derive(Serialize, JsonSchema)]
pub struct VoidUnusedView {
    /// How many are out of use since this call; at most 10000.
    voided: i64,
    /// How many are left for the next call.
    left: i64,
}

/// `POST /v1/admin/coupons/{coupon}/void`
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(coupon): Path<CouponId>,
    Json(body): Json<VoidBody>,
) -> Result<Json<VoidView>, ApiError> {
    let cause = life::cause(caller.actor);
    let changed =
        void_coupon::void_coupon(&state.db, &*state.clock, &cause, coupon, &body.reason).await?;
    Ok(Json(VoidView { coupon_id: coupon, changed }))
}

/// `POST /v1/admin/templates/{template}/void-unused`
pub async fn create_unused(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(template): Path<TemplateId>,
    Json(body): Json<VoidBody>,
) -> Result<Json<VoidUnusedView>, ApiError> {
    let cause = life::cause(caller.actor);
    let VoidedUnused { voided, left } =
        void_coupon::void_unused(&state.db, &*state.clock, &cause, template, &body.reason).await?;
    Ok(Json(VoidUnusedView { voided, left }))
}
