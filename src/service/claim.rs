//! Gives a coupon to somebody through us; under one key once.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::save_member::{SaveMemberError, link_holder};
use crate::{
    domain::{
        app::PlatformKind,
        claim::ClaimRefusal,
        id::{AppId, HolderId, PlacementId},
        people::{OpenId, Record},
        stock::Way,
    },
    issuing::{Answer, IssuedCoupon, Issuer, OfferKey, Request, Told},
    store::{self, placement::Placement},
};

pub use crate::issuing::NoAnswer;

/// Somebody wants a coupon.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Of what.
    pub placement: PlacementId,
    /// Who.
    pub claimant: Claimant,
    /// The act of claiming, as the caller names it.
    pub key: ClaimKey,
}

/// Who wants it.
#[derive(Debug, Clone)]
pub enum Claimant {
    /// Somebody who came through an app, and sees the placements of that app only.
    Visitor(AppId, OpenId),
    /// As the placement's app knows them; a caller who names the app means that one.
    Holder(Option<AppId>, OpenId),
    /// As the merchant knows them.
    Uid(String),
}

/// The caller's name of one act of claiming: 1 to 255 visible ASCII characters. The merchant's are unique on the app, those
/// of a person are that person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKey {
    text: String,
    /// The person whose own key it is.
    owner: Option<HolderId>,
    /// Which part of a batch it names.
    part: Option<PlacementId>,
}

/// A coupon in somebody's hands.
#[derive(Debug)]
pub struct ClaimedCoupon {
    /// What its holder is told.
    pub coupon: IssuedCoupon,
    /// What the platform will know the act of claiming by.
    pub record: Record,
    /// Whether it was given under this key before.
    pub again: bool,
}

/// Why there is no coupon.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// The person was named on another app.
    #[error("the placement is on another app")]
    OtherApp,
    /// Nobody told us of this member.
    #[error("no such member")]
    NoSuchMember,
    /// The platform gives these by itself; people take them there.
    #[error("people take these cards on the platform: POST /v1/mini/cards/claims")]
    TakenThere,
    /// The member has no account on the placement's app, and we cannot make one there.
    #[error("this member has no account on the placement's app")]
    NotLinked,
    /// The member's account on our own app could not be made.
    #[error(transparent)]
    Linking(#[from] SaveMemberError),
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] ClaimRefusal),
    /// The engine did not say; asking again with the same key is safe.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// So many parts of a batch are under way at once, each with a connection for a moment.
const AT_ONCE: usize = 4;

/// Claims a coupon. The same key again is answered with the same coupon, or the same final "no".
pub async fn claim(
    issuer: &Issuer,
    db: &PgPool,
    now: DateTime<Utc>,
    wish: Claim,
) -> Result<ClaimedCoupon, ClaimError> {
    // The connection goes back before the engine, which has its own, is asked.
    let placement = store::placement::find(&mut *db.acquire().await?, wish.placement).await?;
    let placement = placement.ok_or(ClaimError::NoSuchPlacement)?;
    if placement.platform.gives_by_itself() {
        return Err(wish.claimant.taken_there(&placement));
    }
    let open_id = open_id(db, now, &placement, wish.claimant).await?;
    let record = wish.key.record_on(placement.app);
    let request = Request {
        app: placement.app,
        offer: OfferKey { template: placement.template, placement: placement.id, way: Way::Claim },
        open_id,
        record: record.clone(),
        made: None,
        member: None,
        is_one_off: false,
        given: None,
    };
    let Told { answer, again } = issuer.ask(request).await?;
    match answer {
        Answer::Issued(coupon) => Ok(ClaimedCoupon { coupon, record, again }),
        Answer::Refused(refusal) => Err(refusal.into()),
    }
}

/// Claims one coupon of each placement as well as it goes, under parts of one key; the answers come in the order asked.
pub async fn claim_each(
    issuer: &Issuer,
    db: &PgPool,
    now: DateTime<Utc>,
    (claimant, key): (Claimant, ClaimKey),
    placements: Vec<PlacementId>,
) -> Vec<(PlacementId, Result<ClaimedCoupon, ClaimError>)> {
    let claims = placements.into_iter().map(|placement| {
        let wish =
            Claim { placement, claimant: claimant.clone(), key: key.clone().for_part(placement) };
        async move { (placement, claim(issuer, db, now, wish).await) }
    });
    stream::iter(claims).buffered(AT_ONCE).collect().await
}

/// Who the claimant is on the placement's app.
async fn open_id(
    db: &PgPool,
    now: DateTime<Utc>,
    placement: &Placement,
    claimant: Claimant,
) -> Result<OpenId, ClaimError> {
    match claimant {
        // What is not on their app does not exist for them.
        Claimant::Visitor(app, _) if app != placement.app => Err(ClaimError::NoSuchPlacement),
        Claimant::Holder(Some(app), _) if app != placement.app => Err(ClaimError::OtherApp),
        Claimant::Visitor(_, open_id) | Claimant::Holder(_, open_id) => Ok(open_id),
        Claimant::Uid(uid) => account_of(db, now, placement, &uid).await,
    }
}

/// The member's account on the placement's app; on an app of the merchant's own it is made when it is missing.
async fn account_of(
    db: &PgPool,
    now: DateTime<Utc>,
    placement: &Placement,
    uid: &str,
) -> Result<OpenId, ClaimError> {
    let mut tx = store::begin(db).await?;
    let member = store::member::find_by_uid(&mut tx, uid).await?.ok_or(ClaimError::NoSuchMember)?;
    let known = store::member::find_holder_on(&mut tx, member.id, placement.app).await?;
    if let Some(open_id) = known {
        return OpenId::parse(&open_id).map_err(|_| ClaimError::NotLinked);
    }
    if placement.platform != PlatformKind::Own {
        return Err(ClaimError::NotLinked);
    }
    let open_id = OpenId::parse(uid).map_err(|_| ClaimError::NotLinked)?;
    link_holder(&mut tx, now, placement.app, &open_id, member.id).await?;

    tx.commit().await?;
    tracing::info!(member.id = %member.id, app.id = %placement.app, "holder made for a member");
    Ok(open_id)
}

impl Claimant {
    /// What is not on a visitor's app does not exist for them; of its cards they hear where to take them.
    fn taken_there(&self, placement: &Placement) -> ClaimError {
        match self {
            Self::Visitor(app, _) if *app != placement.app => ClaimError::NoSuchPlacement,
            Self::Holder(Some(app), _) if *app != placement.app => ClaimError::OtherApp,
            Self::Visitor(..) | Self::Holder(..) | Self::Uid(_) => ClaimError::TakenThere,
        }
    }
}

impl ClaimKey {
    /// As the caller sent it.
    pub const fn new(text: String) -> Self {
        Self { text, owner: None, part: None }
    }

    /// The same text as this person's own: nobody else's key ever stands for the same act.
    #[must_use]
    pub fn owned_by(self, holder: HolderId) -> Self {
        Self { owner: Some(holder), ..self }
    }

    fn for_part(self, placement: PlacementId) -> Self {
        Self { part: Some(placement), ..self }
    }

    /// The record that this key stands for on an app.
    pub(super) fn record_on(&self, app: AppId) -> Record {
        let mut hash = Sha256::new().chain_update(app.uuid().as_bytes());
        // No key has these bytes, so what stands before it is never taken for a part of it.
        if let Some(owner) = self.owner {
            hash = hash.chain_update([0]).chain_update(owner.uuid().as_bytes());
        }
        if let Some(part) = self.part {
            hash = hash.chain_update([1]).chain_update(part.uuid().as_bytes());
        }
        Record::of_ours(&hash.chain_update(&self.text).finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(text: &str) -> ClaimKey {
        ClaimKey::new(text.to_owned())
    }

    fn record(app: u128, key: &ClaimKey) -> String {
        key.record_on(Uuid::from_u128(app).into()).as_str().to_owned()
    }

    #[test]
    fn a_key_has_one_record_on_an_app_and_it_stays_the_same() {
        let one = record(1, &key("order-1"));

        assert_eq!(one, record(1, &key("order-1")));
        assert_ne!(one, record(2, &key("order-1")));
        assert_ne!(one, record(1, &key("order-2")));
        // Keys of today must find their coupons tomorrow.
        assert_eq!(one, "qa5liaeqc5rgrs6qhhhtpdzpljcqodc4");
    }

    #[test]
    fn the_same_text_of_another_person_or_for_another_part_is_another_key() {
        let (anna, bert) = (Uuid::from_u128(7).into(), Uuid::from_u128(8).into());
        let (one, other) = (Uuid::from_u128(7).into(), Uuid::from_u128(8).into());
        let keys = [
            key("k"),
            key("k").owned_by(anna),
            key("k").owned_by(bert),
            key("k").for_part(one),
            key("k").for_part(other),
            key("k").owned_by(anna).for_part(one),
            key("k").owned_by(bert).for_part(one),
        ];

        let records: std::collections::HashSet<_> = keys.iter().map(|key| record(1, key)).collect();

        assert_eq!(records.len(), keys.len());
        // These, too, must find their coupons tomorrow.
        assert_eq!(record(1, &keys[1]), "qge7udzwesr2t3k7g5rkfwoyjmkfqfdn");
        assert_eq!(record(1, &keys[5]), "qfn2dqmwxyesctdu3746utsu7qsk6rsv");
    }
}
