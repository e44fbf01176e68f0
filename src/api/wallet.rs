//! `/v1/mini/coupons` and `/v1/coupons`: coupons in people's hands, as they and the merchant's servers see them.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, person::named};
use crate::{
    domain::{
        access::{Grant, Permission},
        benefit::{Benefit, CouponKind, Threshold},
        card::Suspension,
        id::{AppId, CouponId, PlacementId, TemplateId},
        standing::{CouponStatus, Tab},
        terms::Texts,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{Page, Slice},
    },
    service::{
        authenticate::Caller,
        mini_session::Visitor,
        person::Person,
        wallet::{self, Held},
    },
    store::holding::Holding,
};

/// Which part of one's own wallet.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnWalletQuery {
    tab: Tab,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which part of whose wallet: the person is named by `uid`, or by `app_id` and `open_id`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletQuery {
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    uid: Option<String>,
    app_id: Option<AppId>,
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: Option<String>,
    tab: Tab,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A coupon as its holder sees it.
#[derive(Serialize, JsonSchema)]
pub struct HeldView {
    id: CouponId,
    template_id: TemplateId,
    placement_id: PlacementId,
    app_id: AppId,
    status: CouponStatus,
    title: String,
    kind: CouponKind,
    benefit: Benefit,
    threshold: Threshold,
    texts: Texts,
    colour: Option<String>,
    /// Whole where one coupon is asked for by its holder or by a caller that may give or use coupons, else its end only.
    code: String,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
    issued_at: DateTime<Utc>,
    /// Why its platform keeps it from being used, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<Suspension>,
    /// What it was used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    redeemed: Option<RedeemedView>,
}

#[derive(Serialize, JsonSchema)]
struct RedeemedView {
    order_no: String,
    store: Option<String>,
    at: DateTime<Utc>,
    /// What it took off, where a cart was shown.
    discount_fen: Option<i64>,
}

/// `GET /v1/mini/coupons`
pub async fn list_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<OwnWalletQuery>,
) -> Result<Json<Page<HeldView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    show(&state, Person::from(&visitor), query.tab, slice).await
}

/// `GET /v1/coupons`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<WalletQuery>,
) -> Result<Json<Page<HeldView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    let named = named(query.uid, query.app_id, query.open_id.as_deref())?;
    let person = Person::find(&mut *state.db.acquire().await?, &named).await?;
    show(&state, person, query.tab, slice).await
}

/// `GET /v1/mini/coupons/{coupon}`
pub async fn get_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<CouponId>,
) -> Result<Json<HeldView>, ApiError> {
    Ok(Json(HeldView::whole(find(&state, id, Some(&visitor)).await?)))
}

/// `GET /v1/coupons/{coupon}`
pub async fn get(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<CouponId>,
) -> Result<Json<HeldView>, ApiError> {
    let held = find(&state, id, None).await?;
    Ok(Json(if sees_codes(&caller.grant) { HeldView::whole(held) } else { held.into() }))
}

/// The coupon as it is now: anybody's, or only if it is the visitor's.
pub(super) async fn find(
    state: &ApiState,
    id: CouponId,
    visitor: Option<&Visitor>,
) -> Result<Held, ApiError> {
    let person = visitor.map(Person::from);
    let found = wallet::find(&state.db, &state.known_terms, state.now(), id, person).await?;
    found.ok_or_else(|| {
        // Whose it is, and whether it ever was, nobody learns from the difference.
        ApiError::refused(Code::NoSuchCoupon, "no such coupon")
    })
}

async fn show(
    state: &ApiState,
    person: Person,
    tab: Tab,
    slice: Slice,
) -> Result<Json<Page<HeldView>>, ApiError> {
    let page = (slice.before.map(CouponId::from), slice.to_read());
    let held = wallet::list(&state.db, &state.known_terms, state.now(), (person, tab), page);
    Ok(Json(slice.page(held.await?, |held| held.holding.id.uuid())))
}

/// A code is money: who only reads sees the end of it.
fn sees_codes(grant: &Grant) -> bool {
    grant.allows(Permission::Claim) || grant.allows(Permission::Redeem)
}

impl HeldView {
    pub(super) fn whole(held: Held) -> Self {
        let code = held.holding.code.as_str().to_owned();
        Self { code, ..held.into() }
    }
}

impl From<Held> for HeldView {
    fn from(held: Held) -> Self {
        let Held { holding, status, terms } = held;
        Self {
            id: holding.id,
            template_id: holding.template,
            placement_id: holding.placement,
            app_id: holding.app,
            status,
            title: terms.title.clone(),
            kind: terms.kind,
            benefit: terms.benefit.clone(),
            threshold: terms.threshold.clone(),
            texts: terms.texts.clone(),
            colour: terms.colour.clone(),
            code: holding.code.masked(),
            valid_from: holding.valid_from,
            valid_until: holding.valid_until,
            issued_at: holding.issued_at,
            suspended: holding.suspended.filter(|_| status == CouponStatus::Suspended),
            redeemed: redeemed(holding),
        }
    }
}

fn redeemed(holding: Holding) -> Option<RedeemedView> {
    Some(RedeemedView {
        order_no: holding.order_no?,
        store: holding.store,
        at: holding.redeemed_at?,
        discount_fen: holding.discount_fen,
    })
}
