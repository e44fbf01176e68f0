//! What is plain of a round, in one transaction: cards that were only taken, and cards of which nothing new is told.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CardApplier, Placements, Told, Trouble, count, placement_of, sum};
use crate::{
    domain::{
        card::{
            CardStanding,
            difference::{Change, Expected, Inherited, USED_BY_GIVER, differences},
        },
        coupon::CouponState,
    },
    store::{
        self,
        card::{
            self, Card, CardCoupon, CardOn,
            push::{self, PushState},
        },
    },
};

/// A card that is locked, with its coupon.
pub(super) struct Known {
    pub card: Card,
    pub coupon: Option<CardCoupon>,
    /// Whether anything is to be written of the card itself.
    is_new: bool,
}

impl CardApplier {
    /// Applies what is plain, and gives the rest back, which is applied one by one; and how many others are applying.
    pub(super) async fn settle_portion(
        &self,
        now: DateTime<Utc>,
        told: Vec<Told>,
        placements: &Placements,
    ) -> sqlx::Result<(Vec<Told>, usize)> {
        if told.is_empty() {
            return Ok((told, 0));
        }
        match self.try_portion(now, &told, placements).await {
            Ok((done, elsewhere)) => {
                let rest = told.into_iter().filter(|told| !done.contains(&told.id));
                Ok((rest.collect(), elsewhere))
            }
            Err(error) => {
                tracing::warn!(error = %error, pushes = told.len(), "What is told of cards goes apart");
                // Only if the database is there; who it was that failed, the single tries will show.
                Trouble::of(error).map(|_| (told, 0))
            }
        }
    }

    /// Those that are done with: applied here, or in somebody else's hands.
    async fn try_portion(
        &self,
        now: DateTime<Utc>,
        told: &[Told],
        placements: &Placements,
    ) -> sqlx::Result<(HashSet<Uuid>, usize)> {
        let mut tx = store::begin(&self.db).await?;
        let ids: Vec<_> = told.iter().map(|told| told.id).collect();
        let kept: HashSet<_> = push::keep(&mut tx, &ids).await?.into_iter().collect();
        let ours: Vec<_> = told.iter().filter(|told| kept.contains(&told.id)).collect();
        let facts = sum(ours.iter().copied());
        let keys: Vec<_> = facts.keys().cloned().collect();
        let known = self.lock_cards(&mut tx, now, (&keys, facts), placements).await?;
        let mut plain = HashMap::<&CardOn, &Known>::new();
        for one in &known {
            // Whoever has it after its holder goes on as what it is: they are settled together.
            let has_heirs = one.is_new && one.card.standing.successor().is_some();
            let changes = self.changes(&mut tx, one).await?;
            if !has_heirs && changes.is_some_and(|changes| changes.is_empty()) {
                plain.insert(&one.card.key, one);
            }
        }
        write_cards(&mut tx, now, plain.values().copied(), placements).await?;
        let is_plain = |told: &&&Told| told.facts().all(|(key, _)| plain.contains_key(&key));
        let applied: Vec<_> = ours.iter().filter(is_plain).map(|told| told.id).collect();
        push::settle(&mut tx, &applied, PushState::Applied, None).await?;
        tx.commit().await?;
        count("applied", applied.len());
        let elsewhere: Vec<_> = ids.into_iter().filter(|id| !kept.contains(id)).collect();
        let number = elsewhere.len();
        Ok((applied.into_iter().chain(elsewhere).collect(), number))
    }

    /// These cards, with all that is known of them by now, in their order, which is to be sorted.
    pub(super) async fn lock_cards(
        &self,
        conn: &mut PgConnection,
        now: DateTime<Utc>,
        (keys, mut facts): (&[CardOn], BTreeMap<CardOn, CardStanding>),
        placements: &Placements,
    ) -> sqlx::Result<Vec<Known>> {
        let named = keys.iter().filter_map(|key| Some((key, placement_of(placements, key)?)));
        let cards = card::lock(conn, now, &named.collect::<Vec<_>>()).await?;
        let keys: Vec<_> = cards.iter().map(|card| &card.key).collect();
        let coupons = card::list_coupons(conn, &keys).await?;
        let known = cards.into_iter().zip(coupons).map(|(mut card, coupon)| {
            let before = card.standing.clone();
            let news = facts.remove(&card.key).unwrap_or_default();
            card.standing = std::mem::take(&mut card.standing).join(news);
            let id = coupon.as_ref().map(|coupon| coupon.id);
            let is_new = before != card.standing || card.coupon != id;
            card.coupon = id;
            Known { card, coupon, is_new }
        });
        Ok(known.collect())
    }

    /// What has to change of the coupon; `None` while there should be one and is not.
    pub(super) async fn changes(
        &self,
        conn: &mut PgConnection,
        known: &Known,
    ) -> sqlx::Result<Option<Vec<Change>>> {
        let standing = &known.card.standing;
        let Some(coupon) = &known.coupon else {
            return Ok(standing.holder().is_none().then(Vec::new));
        };
        let expected = if let Some(giver) = inherited(conn, &known.card.key, standing).await? {
            Expected::Giver(giver)
        } else {
            let version = (coupon.template, coupon.held.terms_version);
            let mut terms = self.known_terms.get(conn, [version]).await?;
            let terms = terms.remove(&version).ok_or(sqlx::Error::RowNotFound)?;
            let taken_at = standing.first().unwrap_or_default();
            Expected::Terms(terms.validity.for_claim_at(taken_at))
        };
        Ok(Some(differences(standing, &coupon.held, expected)))
    }
}

/// What a card goes on as that came under a new code, if that is known by now.
pub(super) async fn inherited(
    conn: &mut PgConnection,
    (app, key): &CardOn,
    standing: &CardStanding,
) -> sqlx::Result<Option<Inherited>> {
    let Some(code) = standing.predecessor() else { return Ok(None) };
    let giver = (*app, key.with_code(code));
    let Some(giver) = card::list_coupons(conn, &[&giver]).await?.pop().flatten() else {
        return Ok(None);
    };
    let ended = match giver.held.state {
        CouponState::Void => {
            Some(card::find_void_reason(conn, giver.id).await?.unwrap_or_default())
        }
        CouponState::Redeemed => Some(USED_BY_GIVER.to_owned()),
        CouponState::Issued | CouponState::Locked => None,
    };
    let (terms_version, validity) = (giver.held.terms_version, giver.held.validity);
    Ok(Some(Inherited { terms_version, validity, ended }))
}

/// Writes down what is known by now, and what was signed for cards that have just become coupons is used up.
pub(super) async fn write_cards<'a>(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    known: impl Iterator<Item = &'a Known>,
    placements: &Placements,
) -> sqlx::Result<()> {
    let cards: Vec<_> = known.filter(|known| known.is_new).map(|known| &known.card).collect();
    if cards.is_empty() {
        return Ok(());
    }
    card::write(conn, now, &cards).await?;
    let coupons = cards.iter().filter(|card| card.coupon.is_some());
    let claims: Vec<_> =
        coupons.filter_map(|card| Some((*card, placement_of(placements, &card.key)?))).collect();
    card::claims::take_claims(conn, &claims).await
}
