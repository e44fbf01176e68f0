//! Claims of several placements in one request: each stands for itself, as well as it goes.

use std::collections::HashSet;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClaimedView, claimant, view};
use crate::{
    api::{ApiState, repetition::ForNow},
    domain::{
        claim::ClaimRefusal,
        id::{AppId, PlacementId},
        life::ActKey,
        problem::Problems,
    },
    http::{error::ApiError, extract::Json},
    service::{
        claim::{self, ClaimError, ClaimKey, Claimant, ClaimedCoupon},
        mini_session::Visitor,
    },
};

/// The body of somebody's own claims.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnClaimBatchBody {
    /// 1 to 20, each once.
    #[schemars(length(min = 1, max = 20))]
    placement_ids: Vec<PlacementId>,
}

/// The body of claims for somebody: named by `uid`, or by `open_id` on the placements' app.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBatchBody {
    /// 1 to 20, each once.
    #[schemars(length(min = 1, max = 20))]
    placement_ids: Vec<PlacementId>,
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    uid: Option<String>,
    /// The placements' app; may be left out.
    app_id: Option<AppId>,
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: Option<String>,
}

/// What became of each, in the order asked.
#[derive(Serialize, JsonSchema)]
pub struct ClaimBatchView {
    results: Vec<ResultView>,
}

/// A coupon, or the code of the refusal that a claim alone would have been answered with.
#[derive(Serialize, JsonSchema)]
struct ResultView {
    placement_id: PlacementId,
    coupon: Option<ClaimedView>,
    code: Option<&'static str>,
    /// Whether the coupon was given under this key before.
    replayed: bool,
}

const MOST: usize = 20;

/// `POST /v1/mini/claim-batches`
pub async fn create_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Extension(key): Extension<ActKey>,
    Json(body): Json<OwnClaimBatchBody>,
) -> Result<Response, ApiError> {
    let key = ClaimKey::new(key.text).owned_by(visitor.own);
    let claimant = Claimant::Visitor(visitor.cards_app.unwrap_or(visitor.app), visitor.open_id);
    answer(&state, (claimant, key), body.placement_ids).await
}

/// `POST /v1/claim-batches`
pub async fn create(
    State(state): State<ApiState>,
    Extension(key): Extension<ActKey>,
    Json(body): Json<ClaimBatchBody>,
) -> Result<Response, ApiError> {
    let key = ClaimKey::new(key.text);
    let claimant = claimant(body.uid, body.app_id, body.open_id.as_deref())?;
    answer(&state, (claimant, key), body.placement_ids).await
}

async fn answer(
    state: &ApiState,
    wish: (Claimant, ClaimKey),
    placements: Vec<PlacementId>,
) -> Result<Response, ApiError> {
    let mut problems = Problems::default();
    let once = placements.iter().collect::<HashSet<_>>().len() == placements.len();
    let fits = (1..=MOST).contains(&placements.len()) && once;
    problems.expect(fits, "placement_ids", "1 to 20, each once");
    problems.into_result().map_err(ApiError::invalid)?;

    let claimed = claim::claim_each(&state.issuer, &state.db, state.now(), wish, placements).await;
    let settled = claimed.iter().all(|(_, result)| stays(result));
    let results = claimed.into_iter().map(ResultView::from).collect();
    let mut response = Json(ClaimBatchView { results }).into_response();
    if !settled {
        // The same request may give more later; what it gave stays given, by the key of each claim.
        response.extensions_mut().insert(ForNow);
    }
    Ok(response)
}

/// Whether a claim under this key will always come out so.
const fn stays(result: &Result<ClaimedCoupon, ClaimError>) -> bool {
    matches!(result, Ok(_) | Err(ClaimError::Refused(ClaimRefusal::Final(_))))
}

impl From<(PlacementId, Result<ClaimedCoupon, ClaimError>)> for ResultView {
    fn from((placement, claimed): (PlacementId, Result<ClaimedCoupon, ClaimError>)) -> Self {
        match claimed {
            Ok(claimed) => Self {
                placement_id: placement,
                replayed: claimed.again,
                coupon: Some(view(placement, claimed)),
                code: None,
            },
            Err(error) => {
                if let ClaimError::Db(cause) = &error {
                    tracing::error!(error = %cause, placement.id = %placement, "a claim failed");
                }
                let code = Some(ApiError::from(error).code().as_str());
                Self { placement_id: placement, coupon: None, code, replayed: false }
            }
        }
    }
}
