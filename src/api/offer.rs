//! `/v1/mini/offers` and `/v1/offers`: what somebody may claim through us.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, person::named};
use crate::{
    domain::{
        benefit::{Benefit, CouponKind, Threshold},
        id::{AppId, PlacementId, TemplateId},
        offer::{Ineligible, OfferStatus},
        terms::Texts,
        validity::ValidityRule,
    },
    http::{
        error::ApiError,
        extract::{Json, Query},
        page::{Page, Slice},
    },
    service::{
        mini_session::Visitor,
        offers::{self, Offered},
        person::Person,
    },
};

/// Which part of one's own list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnOffersQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which part of whose list: the person is named by `uid`, or by `app_id` and `open_id`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffersQuery {
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    uid: Option<String>,
    app_id: Option<AppId>,
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// An offer as it stands for one person.
#[derive(Serialize, JsonSchema)]
pub struct OfferView {
    placement_id: PlacementId,
    template_id: TemplateId,
    app_id: AppId,
    /// Whether it is taken on the platform, with leave from `POST /v1/mini/cards/claims`; else it is claimed through us.
    taken_there: bool,
    status: OfferStatus,
    /// Why it is not for this person, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Ineligible>,
    title: String,
    kind: CouponKind,
    benefit: Benefit,
    threshold: Threshold,
    texts: Texts,
    colour: Option<String>,
    /// When a coupon claimed now could be used.
    validity: ValidityRule,
    /// How many may still be claimed; uploaded codes are counted up to 10 000.
    left: i64,
    /// How many of the template's coupons the person was given so far.
    held: i32,
    per_person_limit: u32,
    opens_at: DateTime<Utc>,
    /// How long until then, rounded up; 0 when it is open.
    opens_in_seconds: i64,
    closes_at: DateTime<Utc>,
    /// How long until then, rounded up.
    closes_in_seconds: i64,
}

/// `GET /v1/mini/offers`
pub async fn list_own(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<OwnOffersQuery>,
) -> Result<Json<Page<OfferView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    show(&state, Person::from(&visitor), slice).await
}

/// `GET /v1/offers`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<OffersQuery>,
) -> Result<Json<Page<OfferView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    let named = named(query.uid, query.app_id, query.open_id.as_deref())?;
    let person = Person::find(&mut *state.db.acquire().await?, &named).await?;
    show(&state, person, slice).await
}

async fn show(
    state: &ApiState,
    person: Person,
    slice: Slice,
) -> Result<Json<Page<OfferView>>, ApiError> {
    let now = state.now();
    let page = (slice.before.map(PlacementId::from), slice.to_read());
    let offered = offers::list(&state.db, &state.known_terms, now, person, page).await?;
    let offered = offered.into_iter().map(|offered| (offered, now)).collect();
    Ok(Json(slice.page(offered, |(offered, _)| offered.offer.placement.uuid())))
}

impl From<(Offered, DateTime<Utc>)> for OfferView {
    fn from((offered, now): (Offered, DateTime<Utc>)) -> Self {
        let Offered { offer, terms, status, ineligible, left } = offered;
        Self {
            placement_id: offer.placement,
            template_id: offer.template,
            app_id: offer.app,
            taken_there: offer.platform.gives_by_itself(),
            status,
            reason: ineligible,
            title: terms.title.clone(),
            kind: terms.kind,
            benefit: terms.benefit.clone(),
            threshold: terms.threshold.clone(),
            texts: terms.texts.clone(),
            colour: terms.colour.clone(),
            validity: terms.validity.clone(),
            left,
            held: offer.held,
            per_person_limit: terms.per_person_limit,
            opens_at: terms.claim_from,
            opens_in_seconds: seconds_until(terms.claim_from, now),
            closes_at: terms.claim_until,
            closes_in_seconds: seconds_until(terms.claim_until, now),
        }
    }
}

/// Rounded up, so that who waits so long is not too early.
fn seconds_until(moment: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    ((moment - now).num_milliseconds().max(0) + 999) / 1000
}
