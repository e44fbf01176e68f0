//! `/v1/mini/claims`, `/v1/claims` and their batches: coupons given through us, each act of claiming once.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, person, repetition::REPLAYED};
use crate::{
    domain::{
        claim::{ClaimRefusal, FinalRefusal, PassingRefusal},
        id::{AppId, CouponId, PlacementId},
        life::ActKey,
    },
    http::{code::Code, error::ApiError, extract::Json},
    service::{
        claim::{self, Claim, ClaimError, ClaimKey, Claimant, ClaimedCoupon},
        mini_session::Visitor,
    },
};

pub mod batch;

/// The body of somebody's own claim.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnClaimBody {
    placement_id: PlacementId,
}

/// The body of a claim for somebody: named by `uid`, or by `open_id` on the placement's app.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBody {
    placement_id: PlacementId,
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    uid: Option<String>,
    /// The placement's app; may be left out.
    app_id: Option<AppId>,
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: Option<String>,
}

/// A coupon as its holder is told of it, with the whole code.
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

/// `POST /v1/mini/claims`: the same key again is answered with the same coupon.
pub async fn create_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Extension(key): Extension<ActKey>,
    Json(body): Json<OwnClaimBody>,
) -> Result<Response, ApiError> {
    let key = ClaimKey::new(key.text).owned_by(visitor.own);
    let claimant = Claimant::Visitor(visitor.cards_app.unwrap_or(visitor.app), visitor.open_id);
    answer(&state, Claim { placement: body.placement_id, claimant, key }).await
}

/// `POST /v1/claims`: the same key again is answered with the same coupon.
pub async fn create(
    State(state): State<ApiState>,
    Extension(key): Extension<ActKey>,
    Json(body): Json<ClaimBody>,
) -> Result<Response, ApiError> {
    let key = ClaimKey::new(key.text);
    let claimant = claimant(body.uid, body.app_id, body.open_id.as_deref())?;
    answer(&state, Claim { placement: body.placement_id, claimant, key }).await
}

async fn answer(state: &ApiState, wish: Claim) -> Result<Response, ApiError> {
    let placement = wish.placement;
    let claimed = claim::claim(&state.issuer, &state.db, state.now(), wish).await?;
    let again = claimed.again;
    let mut response = (StatusCode::CREATED, Json(view(placement, claimed))).into_response();
    if again {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn claimant(
    uid: Option<String>,
    app: Option<AppId>,
    open_id: Option<&str>,
) -> Result<Claimant, ApiError> {
    match (uid, app, open_id) {
        (Some(uid), None, None) => Ok(Claimant::Uid(person::uid(uid)?)),
        (None, app, Some(open_id)) => Ok(Claimant::Holder(app, person::open_id(open_id)?)),
        _ => Err(person::unnamed("name the person by `uid`, or by `open_id` and its `app_id`")),
    }
}

fn view(placement: PlacementId, claimed: ClaimedCoupon) -> ClaimedView {
    let ClaimedCoupon { coupon, record, .. } = claimed;
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
            ClaimError::OtherApp => Self::no_such("app_id", &error),
            ClaimError::NoSuchMember => Self::no_such("uid", &error),
            ClaimError::NotLinked => Self::conflict(Code::MemberNotLinked, &error),
            ClaimError::Linking(cause) => cause.into(),
            ClaimError::Refused(refusal) => Self::conflict(code(refusal), &error),
            ClaimError::TakenThere => Self::conflict(Code::TakenThere, &error),
            ClaimError::NoAnswer(_) => {
                let detail = "no answer in time; try again with the same key";
                Self::refused(Code::Busy, detail)
            }
            ClaimError::Db(cause) => cause.into(),
        }
    }
}

pub(super) const fn code(refusal: ClaimRefusal) -> Code {
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
            // Only of claims that name a member and a template, which are not made here.
            PassingRefusal::NotTheirs => Code::NotEligible,
            PassingRefusal::Reserved => Code::Reserved,
            PassingRefusal::RecordTaken => Code::IdempotencyKeyTaken,
        },
    }
}
