//! `/v1/admin/placements/{placement}/claims`: coupons given through us, each act of claiming once.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiState;
use crate::{
    domain::{
        claim::{ClaimRefusal, FinalRefusal, PassingRefusal},
        id::{CouponId, PlacementId},
        people::OpenId,
    },
    http::{
        error::ApiError,
        extract::{Json, Path, only},
    },
    service::claim::{self, Claim, ClaimError, ClaimKey, ClaimedCoupon},
};

/// The body of a claim.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBody {
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: String,
}

/// A coupon as its holder is told of it: the only place where the code is shown whole.
#[derive(Serialize, JsonSchema)]
pub struct ClaimedView {
    id: CouponId,
    placement_id: PlacementId,
    code: String,
    record: String,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
    issued_at: DateTime<Utc>,
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// `POST …/claims`: the same key again is answered with the same coupon.
pub async fn create(
    State(state): State<ApiState>,
    Path(placement): Path<PlacementId>,
    headers: HeaderMap,
    Json(body): Json<ClaimBody>,
) -> Result<(StatusCode, Json<ClaimedView>), ApiError> {
    let key = key(&headers)?;
    let open_id = OpenId::parse(&body.open_id).map_err(|error| {
        let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, "invalid_values");
        ApiError::refused(status, code, error.to_string()).at("open_id")
    })?;
    let wish = Claim { placement, open_id, key };
    let claimed = claim::claim(&state.issuer, &state.db, wish).await?;
    Ok((StatusCode::CREATED, Json(view(placement, claimed))))
}

fn key(headers: &HeaderMap) -> Result<ClaimKey, ApiError> {
    let shown = only(headers, &IDEMPOTENCY_KEY)?.unwrap_or_default();
    ClaimKey::parse(shown).map_err(|_| {
        let detail =
            "name this act of claiming: `Idempotency-Key`, 1 to 255 visible ASCII characters";
        ApiError::refused(StatusCode::BAD_REQUEST, "idempotency_key_required", detail)
    })
}

fn view(placement: PlacementId, claimed: ClaimedCoupon) -> ClaimedView {
    let ClaimedCoupon { coupon, record } = claimed;
    ClaimedView {
        id: coupon.id,
        placement_id: placement,
        code: coupon.code.as_str().to_owned(),
        record: record.as_str().to_owned(),
        valid_from: coupon.valid_from,
        valid_until: coupon.valid_until,
        issued_at: coupon.issued_at,
    }
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::NoSuchPlacement
            | ClaimError::Refused(ClaimRefusal::Passing(PassingRefusal::Unknown)) => {
                Self::not_found(error.to_string())
            }
            ClaimError::Refused(refusal) => Self::conflict(code(refusal), &error),
            ClaimError::NoAnswer(_) => {
                let detail = "no answer in time; try again with the same key";
                Self::refused(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            }
            ClaimError::Db(cause) => cause.into(),
        }
    }
}

const fn code(refusal: ClaimRefusal) -> &'static str {
    match refusal {
        ClaimRefusal::Final(reason) => match reason {
            FinalRefusal::Ended => "ended",
            FinalRefusal::Closed => "closed",
            FinalRefusal::NotEligible => "not_eligible",
            FinalRefusal::LimitReached => "limit_reached",
            FinalRefusal::SoldOut => "sold_out",
        },
        ClaimRefusal::Passing(reason) => match reason {
            PassingRefusal::Unknown => "not_found",
            PassingRefusal::Paused => "paused",
            PassingRefusal::NotOpen => "not_open",
            PassingRefusal::Stale => "stale",
            PassingRefusal::RecordTaken => "idempotency_key_taken",
        },
    }
}
