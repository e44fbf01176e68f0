//! `/v1/mini/cards`: people of a mini-program take cards on its platform, and open them there.
//!
//! Names in the bodies that begin small and go on large are the platform's own: what its front end gives and takes.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, claim, repetition::ForNow, wallet};
use crate::{
    domain::{
        claim::{ClaimRefusal, PassingRefusal},
        code::CouponCode,
        id::{AppId, CardClaimId, CouponId, PlacementId},
        people::OpenId,
        problem::Problems,
        standing::CouponStatus,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path},
    },
    platform::wechat::{
        desk::AskError,
        placing,
        sign::{CardExt, card_ext},
    },
    service::{
        card_claim::{self, SignError, Wish},
        mini_session::Visitor,
        secret::random_letters,
    },
    store::{self, card_result::OwnClaim},
};

/// What somebody wants to take.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardClaimBody {
    placement_id: PlacementId,
    /// Where they are, in the merchant's own words.
    #[schemars(length(min = 1, max = 64))]
    channel: Option<String>,
}

/// Leave to take a card; all of it goes to `wx.addCard`.
#[derive(Serialize, JsonSchema)]
pub struct CardClaimView {
    claim_id: CardClaimId,
    /// When it counts towards no limit any more.
    expires_at: DateTime<Utc>,
    #[serde(rename = "cardList")]
    cards: Vec<SignedCardView>,
}

#[derive(Serialize, JsonSchema)]
struct SignedCardView {
    #[serde(rename = "cardId")]
    card_id: String,
    /// A text that holds JSON, to be passed on as it is.
    #[serde(rename = "cardExt")]
    card_ext: String,
}

/// What `wx.addCard` returned.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardResultBody {
    #[serde(rename = "cardList")]
    #[schemars(length(min = 1, max = 5))]
    cards: Vec<TakenCardBody>,
}

/// What else the platform's front end returns is passed over.
#[derive(Deserialize, JsonSchema)]
struct TakenCardBody {
    /// Encrypted.
    #[schemars(length(max = 512))]
    code: Option<String>,
    #[serde(rename = "cardId")]
    card_id: String,
    /// A card with a code was taken unless this says otherwise.
    #[serde(rename = "isSuccess", default = "yes")]
    is_success: bool,
}

/// What is known of a card that was taken just now.
#[derive(Serialize, JsonSchema)]
pub struct CardResultView {
    /// What its holder shows, for `wx.openCard`; none when nothing was taken.
    code: Option<String>,
    /// `null` while it is unknown: until the platform itself has told us.
    coupon_id: Option<CouponId>,
}

/// Which of one's coupons are to be opened.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCardsBody {
    #[schemars(length(min = 1, max = 20))]
    coupon_ids: Vec<CouponId>,
}

/// What `wx.openCard` takes.
#[derive(Serialize, JsonSchema)]
pub struct OpenCardsView {
    #[serde(rename = "cardList")]
    cards: Vec<OpenCardView>,
}

#[derive(Serialize, JsonSchema)]
struct OpenCardView {
    #[serde(rename = "cardId")]
    card_id: String,
    code: String,
}

/// What the platform appends to the page that it opens from a card.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardLookupBody {
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    card_id: String,
    /// After one decoding of the page's query.
    #[schemars(length(min = 1, max = 512))]
    encrypt_code: String,
}

const fn yes() -> bool {
    true
}

/// WeChat's have 64 characters and room for 128.
const LONGEST_ENCRYPTED: usize = 512;
const MOST_OPENED: usize = 20;
const MOST_TAKEN: usize = 5;

/// `POST /v1/mini/cards/claims`: the same leave again is signed anew, for as long as it is open.
pub async fn claim(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Json(body): Json<CardClaimBody>,
) -> Result<Response, ApiError> {
    let mut problems = Problems::default();
    let fits = |channel: &str| (1..=64).contains(&channel.chars().count());
    problems.expect(body.channel.as_deref().is_none_or(fits), "channel", "1 to 64 characters");
    problems.into_result().map_err(ApiError::invalid)?;
    let wish = Wish {
        placement: body.placement_id,
        channel: body.channel.as_deref(),
        codes_are_ours: placing::codes_are_ours,
    };
    let tools = (&*state.clock, &state.known_terms);
    let leave = card_claim::sign(&state.db, tools, &visitor, wish).await?;

    let ticket = state.wechat.tickets.ticket(leave.app).await;
    let ticket = ticket.map_err(|error| away(leave.app, &error))?;
    let nonce = random_letters::<32>().map_err(ApiError::internal)?;
    let ext = CardExt {
        card_id: &leave.card_ref,
        timestamp: leave.signed_at.timestamp(),
        nonce: &nonce,
        code: leave.code.as_ref().map(CouponCode::as_str),
        outer_str: Some(&leave.reference),
        ..CardExt::default()
    };
    let card_ext = card_ext(&ticket, ext);
    let cards = vec![SignedCardView { card_id: leave.card_ref, card_ext }];
    let view = CardClaimView { claim_id: leave.id, expires_at: leave.expires_at, cards };
    let mut response = (StatusCode::CREATED, Json(view)).into_response();
    // A signature is good once and not for long.
    response.extensions_mut().insert(ForNow);
    Ok(response)
}

/// `POST /v1/mini/cards/claims/{claim}/result`: a hint that may come twice, late or never; the platform's word counts.
pub async fn result(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<CardClaimId>,
    Json(body): Json<CardResultBody>,
) -> Result<Json<CardResultView>, ApiError> {
    check_taken(&body)?;
    let claim = card_claim::find(&state.db, &visitor, id).await?;
    let claim = claim.ok_or_else(|| ApiError::not_found("no such claim"))?;
    let taken = body.cards.into_iter().find(|card| {
        card.is_success && card.code.is_some() && claim.card_ref.as_ref() == Some(&card.card_id)
    });
    let Some(TakenCardBody { code: Some(encrypted), card_id, .. }) = taken else {
        return Ok(Json(CardResultView { code: None, coupon_id: claim.coupon }));
    };
    let read = state.wechat.tickets.read_code(claim.app, encrypted).await;
    let code = read.map_err(|error| match error {
        AskError::Refused => {
            ApiError::refused(Code::InvalidValues, error.to_string()).at("cardList")
        }
        AskError::Away(_) => away(claim.app, &error),
    })?;
    let coupon_id = card_claim::find_taken(&state.db, &claim, (&card_id, &code)).await?;
    // Whoever can have an encrypted code may have seen it over somebody's shoulder: plain, it only goes to its holder.
    let mut owner = None;
    if let Some(coupon) = coupon_id {
        if claim.coupon != Some(coupon) {
            // Whose it is was known before it was a coupon, but perhaps not yet when the session was recognised.
            let visitor = card_claim::look_again(&state.db, visitor).await?;
            wallet::find(&state, coupon, Some(&visitor)).await.map_err(|_| no_such_coupon())?;
        }
    } else {
        owner = Some(find_owner(&state, &claim, &code).await?);
    }
    card_claim::hint(&state.db, state.now(), id, (&code, owner.as_ref())).await?;
    Ok(Json(CardResultView { code: Some(code.as_str().to_owned()), coupon_id }))
}

/// Whose the card is. One that is no coupon yet has to be the one that this leave was for, by the platform's word.
async fn find_owner(
    state: &ApiState,
    claim: &OwnClaim,
    code: &CouponCode,
) -> Result<OpenId, ApiError> {
    let (Some(card_ref), None) = (claim.card_ref.clone(), claim.coupon) else {
        return Err(no_such_coupon());
    };
    if claim.hinted.as_ref().is_some_and(|hinted| hinted != code) {
        return Err(no_such_coupon());
    }
    let owner = state.wechat.tickets.whose_code(claim.app, card_ref, code.clone()).await;
    let owner = owner.map_err(|error| match error {
        AskError::Refused => no_such_coupon(),
        AskError::Away(_) => away(claim.app, &error),
    })?;
    if owner.reference.as_ref() != Some(&claim.reference) {
        return Err(no_such_coupon());
    }
    Ok(owner.open_id)
}

/// `POST /v1/mini/cards/open`
pub async fn open(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Json(body): Json<OpenCardsBody>,
) -> Result<Json<OpenCardsView>, ApiError> {
    let mut problems = Problems::default();
    let fits = (1..=MOST_OPENED).contains(&body.coupon_ids.len());
    problems.expect(fits, "coupon_ids", "1 to 20 coupons");
    problems.into_result().map_err(ApiError::invalid)?;
    let mut cards = Vec::new();
    for id in body.coupon_ids {
        let held = wallet::find(&state, id, Some(&visitor)).await?;
        let card_id = match visitor.cards_app {
            Some(app) if app == held.holding.app => {
                let mut conn = state.db.acquire().await?;
                store::card_result::find_card_ref(&mut conn, id).await?
            }
            Some(_) | None => None,
        };
        // A coupon that lies in no wallet of the platform cannot be opened there.
        let card_id = card_id.ok_or_else(no_such_coupon)?;
        if held.status == CouponStatus::Suspended {
            let detail = "its platform keeps it from being used";
            return Err(ApiError::conflict(Code::Suspended, &detail));
        }
        cards.push(OpenCardView { card_id, code: held.holding.code.as_str().to_owned() });
    }
    Ok(Json(OpenCardsView { cards }))
}

/// `POST /v1/mini/cards/lookup`: the coupon from whose card the platform has opened the mini-program.
pub async fn look_up(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Json(body): Json<CardLookupBody>,
) -> Result<Json<wallet::HeldView>, ApiError> {
    let mut problems = Problems::default();
    problems.expect(is_card_id(&body.card_id), "card_id", "1 to 64 letters, digits, - or _");
    problems.expect(is_encrypted(&body.encrypt_code), "encrypt_code", ENCRYPTED);
    problems.into_result().map_err(ApiError::invalid)?;
    let app = visitor.cards_app.ok_or_else(no_such_coupon)?;
    let read = state.wechat.tickets.read_code(app, body.encrypt_code).await;
    let code = read.map_err(|error| match error {
        AskError::Refused => no_such_coupon(),
        AskError::Away(_) => away(app, &error),
    })?;
    let mut conn = state.db.acquire().await?;
    let found = store::card_result::find_coupon(&mut conn, app, &body.card_id, &code).await?;
    drop(conn);
    let id = found.ok_or_else(no_such_coupon)?;
    Ok(Json(wallet::HeldView::whole(wallet::find(&state, id, Some(&visitor)).await?)))
}

const ENCRYPTED: &str = "1 to 512 characters of base64";

fn check_taken(body: &CardResultBody) -> Result<(), ApiError> {
    let mut problems = Problems::default();
    let fits = |card: &TakenCardBody| {
        is_card_id(&card.card_id) && card.code.as_deref().is_none_or(is_encrypted)
    };
    let all = (1..=MOST_TAKEN).contains(&body.cards.len()) && body.cards.iter().all(fits);
    problems.expect(all, "cardList", "1 to 5 cards as the platform's front end returns them");
    problems.into_result().map_err(ApiError::invalid)
}

fn is_card_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn is_encrypted(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=- _".contains(&byte);
    (1..=LONGEST_ENCRYPTED).contains(&text.len()) && text.bytes().all(plain)
}

/// Whose it is, and whether it ever was, nobody learns from the difference.
fn no_such_coupon() -> ApiError {
    ApiError::refused(Code::NoSuchCoupon, "no such coupon")
}

fn away(app: AppId, error: &AskError) -> ApiError {
    tracing::warn!(app.id = %app, why = %error, "nobody can be given a card: the platform gives no clear answer");
    ApiError::refused(Code::PlatformUnavailable, "the platform gives no clear answer; try again")
}

impl From<SignError> for ApiError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::NoSuchPlacement
            | SignError::Refused(ClaimRefusal::Passing(PassingRefusal::Unknown)) => {
                Self::not_found(SignError::NoSuchPlacement.to_string())
            }
            SignError::NotPublished => Self::conflict(Code::NotPublished, &error),
            SignError::NotReviewed => Self::conflict(Code::NotReviewed, &error),
            SignError::CodesTooLong => Self::conflict(Code::WrongState, &error),
            SignError::Refused(refusal) => Self::conflict(claim::code(refusal), &error),
            SignError::Randomness(cause) => Self::internal(cause),
            SignError::Db(cause) => cause.into(),
        }
    }
}
