//! `/v1/admin/coupons/{coupon}/events`: what happened to a coupon.

use axum::extract::State;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::ApiState;
use crate::{
    domain::{
        event::EventKind,
        id::{CouponId, EventId},
    },
    http::{
        error::ApiError,
        extract::{Json, Path},
    },
    store::{self, coupon::Coupon, event::Happened},
};

/// The history of a coupon, oldest first; at most the first 1000 events.
#[derive(Serialize, JsonSchema)]
pub struct HistoryView {
    data: Vec<EventView>,
}

#[derive(Serialize, JsonSchema)]
struct EventView {
    /// Null for the claim, which the coupon itself tells of.
    id: Option<EventId>,
    kind: String,
    /// A key, an operator, a holder, or `kaquan`; null for the claim.
    actor: Option<String>,
    request_id: Option<String>,
    data: Value,
    occurred_at: DateTime<Utc>,
}

/// `GET /v1/admin/coupons/{coupon}/events`
pub async fn list(
    State(state): State<ApiState>,
    Path(id): Path<CouponId>,
) -> Result<Json<HistoryView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let coupon = store::coupon::find(&mut conn, id).await?;
    let coupon = coupon.ok_or_else(|| ApiError::not_found("no such coupon"))?;
    let happened = store::event::list_of_coupon(&mut conn, id).await?;
    let data = std::iter::once(claim(&coupon)).chain(happened.into_iter().map(EventView::from));
    Ok(Json(HistoryView { data: data.collect() }))
}

fn claim(coupon: &Coupon) -> EventView {
    EventView {
        id: None,
        kind: EventKind::Claimed.as_str().to_owned(),
        actor: None,
        request_id: None,
        data: json!({
            "coupon_id": coupon.id, "template_id": coupon.template, "placement_id": coupon.placement,
            "way": coupon.way,
        }),
        occurred_at: coupon.issued_at,
    }
}

impl From<Happened> for EventView {
    fn from(happened: Happened) -> Self {
        let Happened { id, kind, actor, request, data, occurred_at } = happened;
        Self { id: Some(id), kind, actor: Some(actor), request_id: request, data, occurred_at }
    }
}
