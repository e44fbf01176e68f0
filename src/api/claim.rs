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
        code::Code,
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
    let open_id = OpenId::parse(&body.open_id)
        .map_err(|error| ApiError::refused(Code::InvalidValues, error.to_string()).at("open_id"))?;
    let wish = Claim { placement, open_id, key };
    let claimed = claim::claim(&state.issuer, &state.db, wish).await?;
    Ok((StatusCode::CREATED, Json(view(placement, claimed))))
}

fn key(headers: &HeaderMap) -> Result<ClaimKey, ApiError> {
    let shown = only(headers, &IDEMPOTENCY_KEY)?.unwrap_or_default();
    ClaimKey::parse(shown).map_err(|_| {
        let detail =
            "name this act of claiming: `Idempotency-Key`, 1 to 255 visible ASCII characters";
        ApiError::refused(Code::IdempotencyKeyRequired, detail)
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
                Self::refused(Code::Busy, detail)
            }
            ClaimError::Db(cause) => cause.into(),
        }
    }
}

const fn code(refusal: ClaimRefusal) -> Code {
    match refusal {
        ClaimRefusal::Final(reason) => match reason {
            FinalRefusal::Ended => Code::Ended,
            FinalRefusal::Closed => Code::Closed,
            FinalRefusal::NotEligible => Code::NotEligible,
            FinalRefusal::LimitReached => Code::LimitReached,
            FinalRefusal::SoldOut => Code::SoldOut,
        },
        ClaimRefusal::Passing(reason) => match reason {
            PassingRefusal::Unknown => Code::NotFound,
            PassingRefusal::Paused => Code::Paused,
            PassingRefusal::NotOpen => Code::NotOpen,
            PassingRefusal::Stale => Code::Stale,
            PassingRefusal::RecordTaken => Code::IdempotencyKeyTaken,
        },
    }
}
