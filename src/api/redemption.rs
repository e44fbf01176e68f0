//! `/v1/admin/redemptions`: uses of coupons.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiState;
use crate::{
    domain::{
        code::CouponCode,
        id::{CouponId, RedemptionId},
        redemption::RedeemRefusal,
    },
    http::{code::Code, error::ApiError, extract::Json},
    service::redeem::{self, Redeem, RedeemError, Redeemed},
    store::redemption::Redemption,
};

/// The body of a use.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedemptionBody {
    code: String,
    #[schemars(length(min = 1, max = 64))]
    order_no: String,
    #[schemars(length(min = 1, max = 64))]
    store: Option<String>,
    #[schemars(length(min = 1, max = 64))]
    operator: Option<String>,
}

/// A use as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct RedemptionView {
    id: RedemptionId,
    coupon_id: CouponId,
    order_no: String,
    store: Option<String>,
    operator: Option<String>,
    redeemed_at: DateTime<Utc>,
}

/// `POST /v1/admin/redemptions`: 201 when the coupon is used now, 200 when it was used for the same order before.
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<RedemptionBody>,
) -> Result<(StatusCode, Json<RedemptionView>), ApiError> {
    let RedemptionBody { code, order_no, store, operator } = body;
    // What cannot be a code is one that nobody has.
    let code = CouponCode::parse(&code).map_err(|_| RedeemError::NoSuchCoupon)?;
    let wish = Redeem { code, order_no, store, operator };
    match redeem::redeem(&state.db, &*state.clock, wish).await? {
        Redeemed::Now(redemption) => Ok((StatusCode::CREATED, Json(redemption.into()))),
        Redeemed::Before(redemption) => Ok((StatusCode::OK, Json(redemption.into()))),
    }
}

impl From<Redemption> for RedemptionView {
    fn from(redemption: Redemption) -> Self {
        let Redemption { id, coupon, order_no, store, operator, redeemed_at } = redemption;
        Self { id, coupon_id: coupon, order_no, store, operator, redeemed_at }
    }
}

impl From<RedeemError> for ApiError {
    fn from(error: RedeemError) -> Self {
        let refused = match error {
            RedeemError::Invalid(problems) => return Self::invalid(problems),
            RedeemError::Db(cause) => return cause.into(),
            // Who tries codes learns nothing from the difference.
            RedeemError::NoSuchCoupon | RedeemError::Refused(RedeemRefusal::Void) => {
                return Self::refused(Code::NoSuchCoupon, "no such coupon");
            }
            RedeemError::Refused(refused) => refused,
        };
        let code = match refused {
            RedeemRefusal::Void => Code::NoSuchCoupon,
            RedeemRefusal::Locked => Code::Locked,
            RedeemRefusal::AlreadyRedeemed => Code::AlreadyRedeemed,
            RedeemRefusal::NotYetValid { .. } => Code::NotYetValid,
            RedeemRefusal::Expired { .. } => Code::Expired,
        };
        Self::conflict(code, &refused)
    }
}
