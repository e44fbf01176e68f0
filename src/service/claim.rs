//! Gives a coupon to somebody through us; under one key once.

use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::{
    domain::{
        claim::ClaimRefusal,
        id::{AppId, PlacementId},
        people::{OpenId, Record},
        stock::Way,
    },
    issuing::{Answer, IssuedCoupon, Issuer, NoAnswer, OfferKey, Request},
    store,
};

/// Somebody wants a coupon.
#[derive(Debug)]
pub struct Claim {
    /// Of what.
    pub placement: PlacementId,
    /// Who, as the placement's app knows them.
    pub open_id: OpenId,
    /// The act of claiming, as the caller names it.
    pub key: ClaimKey,
}

/// The caller's name of one act of claiming, unique on the app: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKey(String);

/// The text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 1 to 255 visible ASCII characters")]
pub struct InvalidKey;

/// A coupon in somebody's hands.
#[derive(Debug)]
pub struct ClaimedCoupon {
    /// What its holder is told.
    pub coupon: IssuedCoupon,
    /// What the platform will know the act of claiming by.
    pub record: Record,
}

/// Why there is no coupon.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
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

/// Claims a coupon. The same key again is answered with the same coupon, or the same final "no".
pub async fn claim(issuer: &Issuer, db: &PgPool, wish: Claim) -> Result<ClaimedCoupon, ClaimError> {
    // The connection goes back before the engine, which has its own, is asked.
    let placement = store::placement::find(&mut *db.acquire().await?, wish.placement).await?;
    let placement = placement.ok_or(ClaimError::NoSuchPlacement)?;
    let record = wish.key.record_on(placement.app);
    let request = Request {
        app: placement.app,
        offer: OfferKey { template: placement.template, placement: placement.id, way: Way::Claim },
        open_id: wish.open_id,
        record: record.clone(),
        made: None,
    };
    match issuer.issue(request).await? {
        Answer::Issued(coupon) => Ok(ClaimedCoupon { coupon, record }),
        Answer::Refused(refusal) => Err(refusal.into()),
    }
}

impl ClaimKey {
    /// Takes any visible ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let fits = (1..=255).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidKey)
    }

    /// The record that this key stands for on an app.
    fn record_on(&self, app: AppId) -> Record {
        let hash = Sha256::new().chain_update(app.uuid().as_bytes()).chain_update(&self.0);
        Record::of_ours(&hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn record(app: u128, key: &str) -> String {
        let record = ClaimKey::parse(key).unwrap().record_on(Uuid::from_u128(app).into());
        record.as_str().to_owned()
    }

    #[test]
    fn a_key_has_one_record_on_an_app_and_it_stays_the_same() {
        let one = record(1, "order-1");

        assert_eq!(one, record(1, "order-1"));
        assert_ne!(one, record(2, "order-1"));
        assert_ne!(one, record(1, "order-2"));
        // Keys of today must find their coupons tomorrow.
        assert_eq!(one, "qa5liaeqc5rgrs6qhhhtpdzpljcqodc4");
    }

    #[test]
    fn a_key_is_visible_ascii() {
        for (text, fits) in [
            ("a", true),
            ("Order/1?x={}", true),
            (&*"k".repeat(255), true),
            (&*"k".repeat(256), false),
            ("", false),
            ("a b", false),
            ("键", false),
        ] {
            assert_eq!(ClaimKey::parse(text).is_ok(), fits, "{text:?}");
        }
    }
}
