//! `/v1/admin/coupons/{coupon}`: what became of one coupon.

use axum::extract::State;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiState, redemption::RedemptionView};
use crate::{
    domain::{
        coupon::CouponState,
        delivery::{DeliveryKind, DeliveryState},
        id::{CouponId, DeliveryId, PlacementId, TemplateId},
        stock::Way,
    },
    http::{
        error::ApiError,
        extract::{Json, Path},
    },
    store::{self, coupon::OwedAbout},
};

/// A coupon as it is shown to people who look after it: not its holder, and not its whole code.
#[derive(Serialize, JsonSchema)]
pub struct CouponView {
    id: CouponId,
    template_id: TemplateId,
    placement_id: PlacementId,
    record: String,
    way: Way,
    code: String,
    state: CouponState,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
    issued_at: DateTime<Utc>,
    redemption: Option<RedemptionView>,
    deliveries: Vec<OwedView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CouponDeliveryView")]
struct OwedView {
    id: DeliveryId,
    kind: DeliveryKind,
    state: DeliveryState,
    attempts: i32,
}

/// `GET /v1/admin/coupons/{coupon}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<CouponId>,
) -> Result<Json<CouponView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let coupon = store::coupon::find(&mut conn, id).await?;
    let coupon = coupon.ok_or_else(|| ApiError::not_found("no such coupon"))?;
    let redemption = store::redemption::find_live(&mut conn, id).await?;
    let deliveries = store::coupon::list_owed(&mut conn, id).await?;
    Ok(Json(CouponView {
        id: coupon.id,
        template_id: coupon.template,
        placement_id: coupon.placement,
        record: coupon.record.as_str().to_owned(),
        way: coupon.way,
        code: coupon.code.masked(),
        state: coupon.state,
        valid_from: coupon.valid_from,
        valid_until: coupon.valid_until,
        issued_at: coupon.issued_at,
        redemption: redemption.map(RedemptionView::from),
        deliveries: deliveries.into_iter().map(OwedView::from).collect(),
    }))
}

impl From<OwedAbout> for OwedView {
    fn from(owed: OwedAbout) -> Self {
        let OwedAbout { id, kind, state, attempts } = owed;
        Self { id, kind, state, attempts }
    }
}
