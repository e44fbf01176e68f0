//! `/v1/give-backs`: uses that are undone, because an order was cancelled or goods came back.

use axum::{Extension, extract::State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, life, redemption::RedemptionView};
use crate::{
    domain::id::CouponId,
    http::{error::ApiError, extract::Json},
    service::{
        authenticate::Caller,
        give_back::{self, GiveBack},
    },
};

/// The body of a give-back; the coupon is named by `coupon_id` or by `code`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveBackBody {
    coupon_id: Option<CouponId>,
    code: Option<String>,
    /// The order that has used it.
    #[schemars(length(min = 1, max = 64))]
    order_no: String,
    /// Which of its lines; left out for all. When all lines are back, the coupon can be used again.
    #[schemars(length(min = 1, max = 200))]
    lines: Option<Vec<i32>>,
}

/// What became of a use.
#[derive(Serialize, JsonSchema)]
pub struct GiveBackView {
    redemption: RedemptionView,
    /// False when it was given back before.
    changed: bool,
    /// False where the platform cannot be told, and still shows the coupon as used; left out elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<bool>,
}

/// `POST /v1/give-backs`
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<GiveBackBody>,
) -> Result<Json<GiveBackView>, ApiError> {
    let coupon = life::named(body.coupon_id, body.code.as_deref())?;
    let wish = GiveBack { coupon, order_no: body.order_no, lines: body.lines };
    let cause = life::cause(caller.actor);
    let given = give_back::give_back(&state.db, &*state.clock, &cause, wish).await?;
    Ok(Json(GiveBackView {
        redemption: given.redemption.into(),
        changed: given.changed,
        told: given.told,
    }))
}
