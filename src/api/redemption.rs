//! `/v1/redemptions` and `/v1/mini/redemptions`: uses of coupons.

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
    domain::{
        access::{Actor, Grant, Role},
        cart::{Cart, CartLine},
        id::{AppId, CouponId, RedemptionId},
        life::{ActKey, Whose},
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path},
    },
    service::{
        authenticate::Caller,
        life::Named,
        mini_session::Visitor,
        redeem::{Redeem, Redeemed},
    },
    store::{
        self,
        redemption::{Redemption, RedemptionLine},
    },
};

/// The body of a use. The coupon is named by `coupon_id` or by `code`; where it also names a person (`uid`, or `app_id`
/// and `open_id`), the coupon has to be theirs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedemptionBody {
    coupon_id: Option<CouponId>,
    code: Option<String>,
    uid: Option<String>,
    app_id: Option<AppId>,
    open_id: Option<String>,
    /// 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    order_no: String,
    #[schemars(length(min = 1, max = 100))]
    /// 1 to 100 characters; held against the stores of the terms. Left out, it is the shop of the person at work; a clerk
    /// who has one names no other.
    store: Option<String>,
    /// 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    operator: Option<String>,
    /// What is bought: then the discount is worked out here.
    lines: Option<Vec<CartLine>>,
    /// What sending costs, beside `lines`.
    shipping_fen: Option<i64>,
    /// What you take off, beside `lines`; refused unless it is what comes out here.
    discount_fen: Option<i64>,
}

/// The body of a use of one's own coupon.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnRedemptionBody {
    coupon_id: Option<CouponId>,
    code: Option<String>,
    /// 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    order_no: String,
    /// 1 to 100 characters; held against the stores of the terms.
    #[schemars(length(min = 1, max = 100))]
    store: Option<String>,
    /// What is bought: then the discount is worked out here.
    lines: Option<Vec<CartLine>>,
    /// What sending costs, beside `lines`.
    shipping_fen: Option<i64>,
    /// What you take off, beside `lines`; refused unless it is what comes out here.
    discount_fen: Option<i64>,
}

/// A use as it is shown. One that is told again, with 200, may have been given back since: look at `given_back_at`.
#[derive(Serialize, JsonSchema)]
pub struct RedemptionView {
    id: RedemptionId,
    coupon_id: CouponId,
    order_no: String,
    store: Option<String>,
    operator: Option<String>,
    redeemed_at: DateTime<Utc>,
    /// What the matching goods cost; null where no lines were sent.
    amount_fen: Option<i64>,
    /// What was taken off; null where no lines were sent.
    discount_fen: Option<i64>,
    /// When the whole of it was given back.
    given_back_at: Option<DateTime<Utc>>,
    /// The lines that matched.
    lines: Vec<LineView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RedeemedLineView")]
struct LineView {
    line: i32,
    goods_id: String,
    quantity: i32,
    amount_fen: i64,
    discount_fen: i64,
    given_back_at: Option<DateTime<Utc>>,
}

/// `POST /v1/redemptions`: 201 when the coupon is used now, 200 when it was used for the same order or under the same key
/// before.
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Extension(key): Extension<ActKey>,
    Json(body): Json<RedemptionBody>,
) -> Result<Response, ApiError> {
    let whose = life::whose(body.uid, body.app_id, body.open_id.as_deref())?;
    let store = shop(&caller, body.store)?;
    let wish = Redeem {
        only_if_kept: false,
        key,
        coupon: Named { shown: life::shown(body.coupon_id, body.code.as_deref())?, whose },
        cart: cart(body.lines, store.as_ref(), body.shipping_fen),
        order_no: body.order_no,
        store,
        operator: body.operator,
        discount_fen: body.discount_fen,
    };
    redeem(&state, caller.actor, wish).await
}

/// `POST /v1/mini/redemptions`: the same for a coupon of one's own.
pub async fn create_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Extension(key): Extension<ActKey>,
    Json(body): Json<OwnRedemptionBody>,
) -> Result<Response, ApiError> {
    let actor = Actor::Holder(visitor.own);
    let shown = life::shown(body.coupon_id, body.code.as_deref())?;
    let wish = Redeem {
        only_if_kept: false,
        key,
        coupon: Named { shown, whose: Whose::Holder(visitor.holder) },
        cart: cart(body.lines, body.store.as_ref(), body.shipping_fen),
        order_no: body.order_no,
        store: body.store,
        operator: None,
        discount_fen: body.discount_fen,
    };
    redeem(&state, actor, wish).await
}

/// `GET /v1/redemptions/{redemption}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<RedemptionId>,
) -> Result<Json<RedemptionView>, ApiError> {
    let found = store::redemption::find(&mut *state.db.acquire().await?, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("no such redemption"))?;
    Ok(Json(found.into()))
}

/// Where somebody at work uses a coupon: a clerk who has a shop only there.
fn shop(caller: &Caller, named: Option<String>) -> Result<Option<String>, ApiError> {
    match (&caller.grant, &caller.store, named) {
        (Grant::Role(Role::Clerk), Some(own), Some(named)) if *own != named => {
            let detail = "a clerk uses coupons in their own shop only";
            let refusal = ApiError::refused(Code::Forbidden, detail).at("store");
            Err(refusal.in_chinese("店员只能在自己的门店核销"))
        }
        (_, own, named) => Ok(named.or_else(|| own.clone())),
    }
}

fn cart(
    lines: Option<Vec<CartLine>>,
    store: Option<&String>,
    shipping_fen: Option<i64>,
) -> Option<Cart> {
    lines.map(|lines| Cart { lines, store: store.cloned(), shipping_fen })
}

async fn redeem(state: &ApiState, actor: Actor, wish: Redeem) -> Result<Response, ApiError> {
    match state.redeemer.redeem(life::cause(actor), wish).await? {
        Redeemed::Now(redemption) => {
            Ok((StatusCode::CREATED, Json(RedemptionView::from(redemption))).into_response())
        }
        Redeemed::Before(redemption) => {
            let view = Json(RedemptionView::from(redemption));
            Ok((StatusCode::OK, [(REPLAYED, "true")], view).into_response())
        }
    }
}

impl From<Redemption> for RedemptionView {
    fn from(redemption: Redemption) -> Self {
        let Redemption { id, coupon, order_no, store, operator, redeemed_at, .. } = redemption;
        Self {
            id,
            coupon_id: coupon,
            order_no,
            store,
            operator,
            redeemed_at,
            amount_fen: redemption.amount_fen,
            discount_fen: redemption.discount_fen,
            given_back_at: redemption.reversed_at,
            lines: redemption.lines.into_iter().map(LineView::from).collect(),
        }
    }
}

impl From<RedemptionLine> for LineView {
    fn from(line: RedemptionLine) -> Self {
        let RedemptionLine { line, goods_id, quantity, amount_fen, discount_fen, given_back_at } =
            line;
        Self { line, goods_id, quantity, amount_fen, discount_fen, given_back_at }
    }
}
