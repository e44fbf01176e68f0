//! `/v1/locks` and `/v1/unlocks`: coupons kept for orders that are being made.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, life, repetition::REPLAYED};
use crate::{
    domain::id::{AppId, CouponId},
    http::{error::ApiError, extract::Json},
    service::{
        authenticate::Caller,
        life::Named,
        lock_coupon::{self, LockCoupon, Locked, UnlockCoupon},
    },
};

/// The body of a lock. The coupon is named by `coupon_id` or by `code`; where it also names a person (`uid`, or `app_id`
/// and `open_id`), the coupon has to be theirs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockBody {
    coupon_id: Option<CouponId>,
    code: Option<String>,
    uid: Option<String>,
    app_id: Option<AppId>,
    open_id: Option<String>,
    /// 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    order_no: String,
    /// 60 to 86400; left out, 1800.
    #[schemars(range(min = 60, max = 86400))]
    expires_in_seconds: Option<i64>,
}

/// The body of an unlock; the coupon is named by `coupon_id` or by `code`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlockBody {
    coupon_id: Option<CouponId>,
    code: Option<String>,
    /// The order that it is kept for.
    #[schemars(length(min = 1, max = 64))]
    order_no: String,
}

/// A lock that lives.
#[derive(Serialize, JsonSchema)]
pub struct LockView {
    coupon_id: CouponId,
    order_no: String,
    locked_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// What became of a lock.
#[derive(Serialize, JsonSchema)]
pub struct UnlockView {
    coupon_id: CouponId,
    /// False when it was kept for nobody.
    changed: bool,
}

/// `POST /v1/locks`: 201 when it is kept from now on, 200 with the same lock when it was kept for this order before.
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<LockBody>,
) -> Result<Response, ApiError> {
    let shown = life::shown(body.coupon_id, body.code.as_deref())?;
    let whose = life::whose(body.uid, body.app_id, body.open_id.as_deref())?;
    let wish = LockCoupon {
        coupon: Named { shown, whose },
        order_no: body.order_no,
        expires_in_seconds: body.expires_in_seconds,
    };
    let cause = life::cause(caller.actor);
    let locked = lock_coupon::lock_coupon(&state.db, &*state.clock, &cause, wish).await?;
    if locked.before {
        let view = Json(LockView::from(locked));
        return Ok((StatusCode::OK, [(REPLAYED, "true")], view).into_response());
    }
    Ok((StatusCode::CREATED, Json(LockView::from(locked))).into_response())
}

/// `POST /v1/unlocks`
pub async fn remove(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<UnlockBody>,
) -> Result<Json<UnlockView>, ApiError> {
    let coupon = life::named(body.coupon_id, body.code.as_deref())?;
    let wish = UnlockCoupon { coupon, order_no: body.order_no };
    let cause = life::cause(caller.actor);
    let unlocked = lock_coupon::unlock_coupon(&state.db, &*state.clock, &cause, wish).await?;
    Ok(Json(UnlockView { coupon_id: unlocked.coupon, changed: unlocked.changed }))
}

impl From<Locked> for LockView {
    fn from(locked: Locked) -> Self {
        let Locked { coupon, order_no, locked_at, expires_at, before: _ } = locked;
        Self { coupon_id: coupon, order_no, locked_at, expires_at }
    }
}
