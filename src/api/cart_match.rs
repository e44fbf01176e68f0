//! `/v1/mini/cart-matches` and `/v1/cart-matches`: which of somebody's coupons fit a cart. Nothing is kept of it.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, person::named};
use crate::{
    domain::{
        benefit::Benefit,
        cart::Cart,
        discount::{Discount, Misfit},
        id::{AppId, CouponId, TemplateId},
        sight::Sight,
    },
    http::{error::ApiError, extract::Json},
    service::{
        match_cart::{self, At, MatchCartError, Matches, Unfit},
        mini_session::Visitor,
        person::Person,
        wallet::Held,
    },
};

/// Whose coupons, and for what: the person is named by `uid`, or by `app_id` and `open_id`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CartMatchBody {
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    uid: Option<String>,
    app_id: Option<AppId>,
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: Option<String>,
    cart: Cart,
}

/// What somebody's coupons are good for; those that are used or over are left out.
#[derive(Serialize, JsonSchema)]
pub struct MatchesView {
    /// The best first.
    usable: Vec<UsableView>,
    /// The one that ends first, first.
    unusable: Vec<UnusableView>,
}

/// A coupon that fits.
#[derive(Serialize, JsonSchema)]
struct UsableView {
    coupon: MatchedView,
    #[serde(flatten)]
    discount: Discount,
}

/// A coupon that does not fit, or not now.
#[derive(Serialize, JsonSchema)]
struct UnusableView {
    coupon: MatchedView,
    /// `locked`, `not_yet_valid`, `suspended`, `out_of_scope`, `wrong_store` or `threshold_not_met`.
    reason: &'static str,
    /// Of a threshold of money.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_fen: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_fen: Option<i64>,
    /// Of a threshold of pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_pieces: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_pieces: Option<i64>,
}

/// As much of a coupon as a choice needs.
#[derive(Serialize, JsonSchema)]
struct MatchedView {
    id: CouponId,
    template_id: TemplateId,
    app_id: AppId,
    title: String,
    benefit: Benefit,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
}

/// `POST /v1/mini/cart-matches`
pub async fn create_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Json(cart): Json<Cart>,
) -> Result<Json<MatchesView>, ApiError> {
    show(&state, Person::from(&visitor), &cart).await
}

/// `POST /v1/cart-matches`
pub async fn create(
    State(state): State<ApiState>,
    Json(body): Json<CartMatchBody>,
) -> Result<Json<MatchesView>, ApiError> {
    let named = named(body.uid, body.app_id, body.open_id.as_deref())?;
    let person = Person::find(&mut *state.db.acquire().await?, &named).await?;
    show(&state, person, &body.cart).await
}

async fn show(
    state: &ApiState,
    person: Person,
    cart: &Cart,
) -> Result<Json<MatchesView>, ApiError> {
    let now = state.now();
    let matches = match_cart::match_cart(
        &state.db,
        &state.known_terms,
        now,
        (person, &Sight::All),
        (cart, At::Store),
    );
    let Matches { usable, unusable } = matches.await?;
    Ok(Json(MatchesView {
        usable: usable
            .into_iter()
            .map(|(held, discount)| UsableView { coupon: held.into(), discount })
            .collect(),
        unusable: unusable.into_iter().map(UnusableView::from).collect(),
    }))
}

impl From<Held> for MatchedView {
    fn from(held: Held) -> Self {
        let Held { holding, terms, .. } = held;
        Self {
            id: holding.id,
            template_id: holding.template,
            app_id: holding.app,
            title: terms.title.clone(),
            benefit: terms.benefit.clone(),
            valid_from: holding.valid_from,
            valid_until: holding.valid_until,
        }
    }
}

impl From<(Held, Unfit)> for UnusableView {
    fn from((held, unfit): (Held, Unfit)) -> Self {
        let reason = match unfit {
            Unfit::Locked => "locked",
            Unfit::NotYetValid => "not_yet_valid",
            Unfit::Suspended => "suspended",
            Unfit::Misfit(misfit) => misfit.code(),
        };
        let plain = Self {
            coupon: held.into(),
            reason,
            needs_fen: None,
            has_fen: None,
            needs_pieces: None,
            has_pieces: None,
        };
        match unfit {
            Unfit::Misfit(Misfit::AmountBelow { needs_fen, has_fen }) => {
                Self { needs_fen: Some(needs_fen), has_fen: Some(has_fen), ..plain }
            }
            Unfit::Misfit(Misfit::PiecesBelow { needs, has }) => {
                Self { needs_pieces: Some(needs), has_pieces: Some(has), ..plain }
            }
            Unfit::Misfit(Misfit::OutOfScope | Misfit::WrongStore)
            | Unfit::Locked
            | Unfit::NotYetValid
            | Unfit::Suspended => plain,
        }
    }
}

impl From<MatchCartError> for ApiError {
    fn from(error: MatchCartError) -> Self {
        match error {
            MatchCartError::Invalid(problems) => Self::invalid(problems),
            MatchCartError::Db(cause) => cause.into(),
        }
    }
}
