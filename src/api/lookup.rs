//! `/v1/coupon-lookups`: what a clerk needs to know of a coupon before the goods are packed.

use axum::extract::State;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, life};
use crate::{
    domain::{
        benefit::{Benefit, CouponKind, Scope, Threshold},
        id::{CouponId, TemplateId},
        standing::CouponStatus,
    },
    http::{error::ApiError, extract::Json},
    service::look_up::{self, LookedUp},
};

/// What was shown at the till.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupBody {
    code: String,
}

/// A coupon as a clerk sees it.
#[derive(Serialize, JsonSchema)]
pub struct LookupView {
    coupon_id: CouponId,
    template_id: TemplateId,
    title: String,
    kind: CouponKind,
    benefit: Benefit,
    /// The same for people to read.
    benefit_text: String,
    threshold: Threshold,
    /// The same for people to read, in the merchant's own words where there are any.
    threshold_text: String,
    scope: Scope,
    /// What it is at this moment.
    status: CouponStatus,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
    /// The order that it is kept for, while it is.
    locked_for: Option<String>,
    /// Until when.
    locked_until: Option<DateTime<Utc>>,
    /// The order that it is used for.
    used_for: Option<String>,
    /// Whose it is, by the last characters of their name on the app.
    holder: String,
}

/// `POST /v1/coupon-lookups`: a body and not a query, so that no code stands in an address.
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<LookupBody>,
) -> Result<Json<LookupView>, ApiError> {
    let code = life::by_code(&body.code)?;
    let looked_up = look_up::look_up(&state.db, &*state.clock, &state.known_terms, code).await?;
    Ok(Json(looked_up.into()))
}

impl From<LookedUp> for LookupView {
    fn from(looked_up: LookedUp) -> Self {
        let LookedUp { coupon, terms, holder, now } = looked_up;
        let kept_for = coupon.facts().kept_for(now).map(str::to_owned);
        Self {
            coupon_id: coupon.id,
            template_id: coupon.template,
            title: terms.title.clone(),
            kind: terms.kind,
            benefit: terms.benefit.clone(),
            benefit_text: terms.benefit.text(),
            threshold: terms.threshold.clone(),
            threshold_text: terms.threshold_text(),
            scope: terms.scope.clone(),
            status: coupon.standing().status(now),
            valid_from: coupon.valid_from,
            valid_until: coupon.valid_until,
            locked_until: coupon.lock_expires_at.filter(|_| kept_for.is_some()),
            locked_for: kept_for,
            used_for: coupon.used_for,
            holder,
        }
    }
}
