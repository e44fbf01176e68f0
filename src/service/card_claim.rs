//! Gives people of a mini-program leave to take a card on its platform.
//!
//! The platform decides who gets a card, and tells us afterwards. So whoever asks is judged here by the rule that answers
//! claims, and what was signed counts towards the limit until it is used or lapses. Who has turned the card down at the
//! platform's own page may ask again at once: the same leave is signed anew.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{TryRng, rngs::SysRng};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::{known_terms::KnownTerms, mini_session::Visitor, secret};
use crate::{
    clock::Clock,
    domain::{
        claim::{ClaimRefusal, FinalRefusal, PassingRefusal, Standing, judge},
        code::{CouponCode, Entropy, LONGEST_ON_CARDS},
        id::{
            AppId, CardClaimId, CodeId, CouponId, HolderId, MemberId, PersonId, PlacementId,
            TemplateId,
        },
        people::OpenId,
        stock::Way,
        terms::{CodeSource, Terms},
    },
    store::{
        self,
        card_claim::{CardClaim, CardPlacement, NewCardClaim},
        issuing::{Asked, LockedOffer, OfferKey},
        placement::Placement,
    },
};

/// Somebody wants to take a card.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Of what.
    pub placement: PlacementId,
    /// Where they are, in the mini-program's own words.
    pub channel: Option<&'a str>,
    /// Whether the platform's settings of a placement leave its codes to us.
    pub codes_are_ours: fn(&Value) -> bool,
}

/// Leave to take a card.
pub struct Leave {
    /// Ours.
    pub id: CardClaimId,
    /// On whose account.
    pub app: AppId,
    /// The platform's id of the placement.
    pub card_ref: String,
    /// What the platform is to carry back to us.
    pub reference: String,
    /// The code that the card is to have, where that is ours to say.
    pub code: Option<CouponCode>,
    /// When it was given.
    pub signed_at: DateTime<Utc>,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
}

/// Whoever has the reference or the code can pass for its owner, so logs see neither.
impl fmt::Debug for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leave")
            .field("id", &self.id)
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

/// Why nobody may take a card.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// None that the visitor could take here.
    #[error("no such placement")]
    NoSuchPlacement,
    /// The platform does not know it yet.
    #[error("the card is not on the platform yet")]
    NotPublished,
    /// The platform's reviewers have not passed it.
    #[error("the platform's reviewers have not passed this card")]
    NotReviewed,
    /// No code that the platform takes can be given.
    #[error("codes of this template are longer than cards can have")]
    CodesTooLong,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] ClaimRefusal),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Leave counts for so long, and can be signed anew.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// A code is kept for so long: what was signed can be used for as long as its ticket lives, two hours, and the platform
/// repeats its word for a day after that.
const CODE_LIFE: TimeDelta = TimeDelta::hours(30);

/// Judges the wish and gives leave, or the leave that is open already. It happens at the database's time.
pub async fn sign(
    db: &PgPool,
    (clock, known_terms): (&dyn Clock, &KnownTerms),
    visitor: &Visitor,
    wish: Wish<'_>,
) -> Result<Leave, SignError> {
    let mut tx = store::begin(db).await?;
    let found = store::placement::find(&mut tx, wish.placement).await?;
    // What is not on the account of their cards does not exist for them.
    let placement = found.filter(|found| visitor.cards_app == Some(found.app));
    let placement = placement.ok_or(SignError::NoSuchPlacement)?;
    let key = OfferKey { template: placement.template, placement: placement.id, way: Way::Take };
    // Everybody who issues from this template waits here, and so does everybody who signs.
    let offer = store::issuing::lock_offers(&mut tx, &[key], &Asked::default()).await?;
    let offer = offer.into_iter().next().ok_or(SignError::NoSuchPlacement)?;
    let now = clock.at_database(offer.database_now);
    let card = store::card_claim::get_placement(&mut tx, placement.id).await?;
    let version = (placement.template, offer.version);
    let terms = known_terms.get(&mut tx, [version]).await?.remove(&version);
    let terms = terms.ok_or(sqlx::Error::RowNotFound)?;

    // Who they are may have come to be known since they came, and what they had is counted under another name by now.
    let whom = store::card_claim::find_whom(&mut tx, visitor.own).await?;
    let person = person(whom);
    let wanted = (placement.template, placement.id);
    let open = store::card_claim::find_open(&mut tx, now, wanted, visitor.own).await?;
    let but = open.as_ref().map(|open| open.id);
    let signed = match &open {
        Some(open) => count_signatures(&mut tx, open, wanted, whom).await?,
        None => 0,
    };
    let asked = (whom, placement.template, but, signed);
    may_take(&mut tx, now, (&offer, &card, &terms), asked).await?;
    let card_ref = card.card_ref.clone().ok_or(SignError::NotPublished)?;
    let expires_at = now + LIFE;
    let claim = match open {
        Some(open) => {
            let code_until = open.code.as_ref().map(|_| now + CODE_LIFE);
            store::card_claim::renew(&mut tx, (open.id, person), expires_at, code_until).await?;
            open
        }
        None => give(&mut tx, now, (visitor, person), (&placement, &card, &terms), &wish).await?,
    };

    tx.commit().await?;
    tracing::info!(card_claim.id = %claim.id, template.id = %placement.template, "card signed");
    let CardClaim { id, reference, code, .. } = claim;
    let app = placement.app;
    Ok(Leave { id, app, card_ref, reference, code, signed_at: now, expires_at })
}

/// As whom a visitor has coupons, and which member that is.
type Whom = (HolderId, Option<MemberId>);

/// Whom limits count: the member, the card holder who is the same person, or else the visitor.
fn person((holder, member): Whom) -> PersonId {
    member.map_or(holder.into(), PersonId::from)
}

/// How many cards can be taken already with what was signed of this leave. The platform has the same limit, so whoever has
/// nothing elsewhere may have it signed as often as they like; and a code of ours is taken once.
async fn count_signatures(
    conn: &mut PgConnection,
    open: &CardClaim,
    (template, placement): (TemplateId, PlacementId),
    whom: Whom,
) -> sqlx::Result<u32> {
    let names = [person(whom), whom.0.into()];
    let counts = open.code.is_none()
        && store::card_claim::has_elsewhere(conn, (template, placement), &names).await?;
    Ok(if counts { open.signatures.unsigned_abs() } else { 0 })
}

/// The rule of claims, and what only cards need.
async fn may_take(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (offer, card, terms): (&LockedOffer, &CardPlacement, &Terms),
    (whom, template, but, signed): (Whom, TemplateId, Option<CardClaimId>, u32),
) -> Result<(), SignError> {
    // A card holder who had cards before anybody knew the member stays a name of their own.
    let names = [person(whom), whom.0.into()];
    let had = store::card_claim::count(conn, now, (template, &names), but).await?;
    let membership = match whom.1 {
        Some(member) => store::member::find_membership(conn, member).await?,
        None => None,
    };
    let standing = Standing {
        terms,
        template: offer.template_state,
        placement: offer.placement_state,
        membership: membership.as_ref(),
        held: had.coupons.unsigned_abs(),
        reserved: u32::try_from(had.open).unwrap_or(u32::MAX).saturating_add(signed),
        latest: had.latest,
        left: offer.left,
    };
    // That it is stopped or over says more than that it is not there yet.
    let judged = judge(standing, now);
    if let Err(
        refusal @ (ClaimRefusal::Final(FinalRefusal::Ended)
        | ClaimRefusal::Passing(PassingRefusal::Paused)),
    ) = judged
    {
        return Err(refusal.into());
    }
    if card.card_ref.is_none() {
        return Err(SignError::NotPublished);
    }
    if card.review.as_deref() != Some("passed") {
        return Err(SignError::NotReviewed);
    }
    judged?;
    Ok(())
}

async fn give(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (visitor, person): (&Visitor, PersonId),
    (placement, card, terms): (&Placement, &CardPlacement, &Terms),
    wish: &Wish<'_>,
) -> Result<CardClaim, SignError> {
    let (code_id, code) = if (wish.codes_are_ours)(&card.settings) {
        choose_code(conn, placement, terms).await?
    } else {
        (None, None)
    };
    let code_until = code.as_ref().map(|_| now + CODE_LIFE);
    let claim = CardClaim {
        id: CardClaimId::new(now),
        reference: secret::random_letters::<32>()?,
        code,
        signatures: 1,
    };
    let new = NewCardClaim {
        claim: &claim,
        code_id,
        app: placement.app,
        placement: placement.id,
        template: placement.template,
        visitor: visitor.own,
        person,
        channel: wish.channel,
        times: (now, now + LIFE, code_until),
    };
    store::card_claim::insert(conn, new).await?;
    Ok(claim)
}

/// A code that a card can have, and the uploaded one it uses up.
async fn choose_code(
    conn: &mut PgConnection,
    placement: &Placement,
    terms: &Terms,
) -> Result<(Option<CodeId>, Option<CouponCode>), SignError> {
    match &terms.codes {
        CodeSource::Generated { prefix } => {
            let mut entropy = Entropy::default();
            SysRng.try_fill_bytes(&mut entropy)?;
            let code = CouponCode::generate(prefix, entropy);
            if code.as_str().len() > LONGEST_ON_CARDS {
                return Err(SignError::CodesTooLong);
            }
            Ok((None, Some(code)))
        }
        CodeSource::Uploaded => {
            let longest = i32::try_from(LONGEST_ON_CARDS).unwrap_or(i32::MAX);
            let taken = store::card_claim::take_code(conn, placement.template, longest).await?;
            let (id, code) = taken.ok_or(ClaimRefusal::Final(FinalRefusal::SoldOut))?;
            Ok((Some(id), Some(code)))
        }
    }
}

/// The same visitor as whom they have coupons by now: a card may have said so since the request came.
pub async fn look_again(db: &PgPool, visitor: Visitor) -> sqlx::Result<Visitor> {
    let mut conn = db.acquire().await?;
    let (holder, member) = store::card_claim::find_whom(&mut conn, visitor.own).await?;
    Ok(Visitor { holder, member, ..visitor })
}

/// The visitor's own leave, and what came of it so far; `None` for anybody else's.
pub async fn find(
    db: &PgPool,
    visitor: &Visitor,
    id: CardClaimId,
) -> sqlx::Result<Option<store::card_result::OwnClaim>> {
    store::card_result::find_own(&mut *db.acquire().await?, id, visitor.own).await
}

/// The coupon that the card of this leave is, whoever holds it, if it is there already.
pub async fn find_taken(
    db: &PgPool,
    claim: &store::card_result::OwnClaim,
    (card_ref, code): (&str, &CouponCode),
) -> sqlx::Result<Option<CouponId>> {
    let mut conn = db.acquire().await?;
    store::card_result::find_coupon(&mut conn, claim.app, card_ref, code).await
}

/// Notes what the mini-program says of a card that was taken, for as long as the platform has not; and whose it is by the
/// platform's word, if it was asked.
pub async fn hint(
    db: &PgPool,
    now: DateTime<Utc>,
    id: CardClaimId,
    (code, owner): (&CouponCode, Option<&OpenId>),
) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    let owner = owner.map(OpenId::as_str);
    store::card_result::hint(&mut conn, id, (code, owner), (now, now + CODE_LIFE)).await
}
