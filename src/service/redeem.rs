//! Uses a coupon for an order, and owes its platform the news; all or nothing, in one statement.

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};

use super::{
    known_terms::KnownTerms,
    life::{LifeError, MOST_TRIES, Named, get_terms, step},
};
use crate::{
    clock::Clock,
    domain::{
        cart::{Cart, CartLine},
        discount::{Discount, Misfit, admits_store, discount},
        event::Cause,
        id::RedemptionId,
        life::{self, ActKey, Ruling, Shown, Whose, check},
        problem::Problem,
    },
    store::{
        self,
        life::Found,
        redemption::{Redemption, RedemptionLine},
    },
};

/// A coupon is to be used.
#[derive(Debug)]
pub struct Redeem {
    /// Which.
    pub coupon: Named,
    /// The merchant's order; repeated for the same one, a use is the same use.
    pub order_no: String,
    /// Where.
    pub store: Option<String>,
    /// By whom.
    pub operator: Option<String>,
    /// What is bought; without it nothing is worked out.
    pub cart: Option<Cart>,
    /// What the caller takes off, to be held against what we work out.
    pub discount_fen: Option<i64>,
    /// The caller's name of this act.
    pub key: ActKey,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used from now on.
    Now(Redemption),
    /// It was used for this order already, or under this key; nothing more was done.
    Before(Redemption),
}

/// The request in a form that stays: kept as a hash for ever, so fields may join at the end and be left out when absent.
#[derive(Serialize)]
struct Canonical<'a> {
    coupon: String,
    whose: String,
    order_no: &'a str,
    store: Option<&'a str>,
    operator: Option<&'a str>,
    cart: Option<(Vec<CanonicalLine<'a>>, Option<i64>)>,
    discount_fen: Option<i64>,
}

type CanonicalLine<'a> = (&'a str, Option<&'a str>, Option<&'a str>, i64, u32);

/// Uses a coupon at most once, however many ask at the same time.
///
/// It happens at the database's time, by which the coupon was issued: a server whose clock is slow would refuse what is
/// valid from its issue on.
pub async fn redeem(
    db: &PgPool,
    clock: &dyn Clock,
    known_terms: &KnownTerms,
    cause: &Cause,
    wish: Redeem,
) -> Result<Redeemed, LifeError> {
    wish.check()?;
    let hash = wish.hash();
    let mut conn = db.acquire().await?;
    for _ in 0..MOST_TRIES {
        let Named { shown, whose } = &wish.coupon;
        let order = Some(wish.order_no.as_str());
        let found = store::life::find(&mut conn, shown, whose, order, Some(&wish.key)).await?;
        let Some(found) = found else {
            return replay_of_another(&mut conn, &wish.key, &hash).await;
        };
        if let Some(keyed) = found.keyed {
            return replay(&mut conn, keyed, found.keyed_hash.as_deref() == Some(&hash[..])).await;
        }
        let now = clock.at_database(found.database_now);
        let ruling = life::redeem(&found.standing(), &wish.order_no, now)?;
        if let (Ruling::Before, Some(earlier)) = (ruling, found.of_order) {
            return replay(&mut conn, earlier, true).await;
        }
        let worked_out = wish.work_out(&mut conn, known_terms, &found).await?;
        let redemption = wish.redemption(&found, worked_out.as_ref(), now);
        let step = step(&found, clock, cause, story(&redemption));
        match store::life::redeem(&mut conn, &step, &redemption, &wish.key, &hash).await {
            Ok(true) => {
                tracing::info!(coupon.id = %found.id, placement.id = %found.placement, "coupon redeemed");
                return Ok(Redeemed::Now(redemption));
            }
            // Somebody was quicker, with this coupon or with this key.
            Ok(false) => {}
            Err(error) if store::violates(&error, "redemption_one_per_key") => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LifeError::Busy)
}

/// The coupon is not there; but the key may name a use of another one.
async fn replay_of_another(
    conn: &mut PgConnection,
    key: &ActKey,
    hash: &[u8],
) -> Result<Redeemed, LifeError> {
    let keyed = store::life::find_keyed(conn, key).await?.ok_or(LifeError::NoSuchCoupon)?;
    replay(conn, keyed.id, keyed.request_hash.as_deref() == Some(hash)).await
}

async fn replay(
    conn: &mut PgConnection,
    redemption: RedemptionId,
    is_the_same: bool,
) -> Result<Redeemed, LifeError> {
    if !is_the_same {
        return Err(LifeError::KeyTaken);
    }
    let earlier = store::redemption::find(conn, redemption).await?;
    Ok(Redeemed::Before(earlier.ok_or(sqlx::Error::RowNotFound)?))
}

impl Redeem {
    fn check(&self) -> Result<(), LifeError> {
        check::redemption(&self.order_no, self.store.as_deref(), self.operator.as_deref())
            .map_err(LifeError::Invalid)?;
        match (&self.cart, self.discount_fen) {
            (Some(cart), _) => cart.check().map_err(LifeError::Invalid),
            (None, None) => Ok(()),
            (None, Some(_)) => {
                let message = "only beside `lines`, from which it is worked out".to_owned();
                Err(LifeError::Invalid(vec![Problem { param: "discount_fen", message }]))
            }
        }
    }

    fn hash(&self) -> [u8; 32] {
        let canonical = Canonical {
            coupon: match &self.coupon.shown {
                Shown::Id(id) => id.to_string(),
                Shown::Code(code) => format!("code {}", code.as_str()),
            },
            whose: match &self.coupon.whose {
                Whose::Anybodys => String::new(),
                Whose::Holder(holder) => holder.to_string(),
                Whose::Member(uid) => format!("uid {uid}"),
            },
            order_no: &self.order_no,
            store: self.store.as_deref(),
            operator: self.operator.as_deref(),
            cart: self
                .cart
                .as_ref()
                .map(|cart| (cart.lines.iter().map(canonical_line).collect(), cart.shipping_fen)),
            discount_fen: self.discount_fen,
        };
        let text = serde_json::to_vec(&canonical).unwrap_or_default();
        Sha256::digest(text).into()
    }

    /// What the coupon takes off; nothing is worked out without a cart, but a store is held against the terms.
    async fn work_out(
        &self,
        conn: &mut PgConnection,
        known_terms: &KnownTerms,
        found: &Found,
    ) -> Result<Option<Discount>, LifeError> {
        let terms = get_terms(conn, known_terms, found).await?;
        let Some(cart) = &self.cart else {
            let fits = admits_store(&terms.scope, self.store.as_deref());
            return if fits { Ok(None) } else { Err(Misfit::WrongStore.into()) };
        };
        let discount = discount(&terms, cart)?;
        match self.discount_fen {
            Some(sent_fen) if sent_fen != discount.discount_fen => {
                Err(LifeError::DiscountDiffers { sent_fen, computed_fen: discount.discount_fen })
            }
            Some(_) | None => Ok(Some(discount)),
        }
    }

    fn redemption(
        &self,
        found: &Found,
        discount: Option<&Discount>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Redemption {
        let lines = discount.into_iter().flat_map(|discount| &discount.lines);
        let bought = self.cart.as_ref().map(|cart| cart.lines.as_slice()).unwrap_or_default();
        Redemption {
            id: RedemptionId::new(now),
            coupon: found.id,
            order_no: self.order_no.clone(),
            store: self.store.clone(),
            operator: self.operator.clone(),
            redeemed_at: now,
            // Sending that is free is part of what was bought, and of what was taken off.
            amount_fen: discount.map(|discount| discount.matched_fen + discount.off_shipping_fen),
            discount_fen: discount.map(|discount| discount.discount_fen),
            reversed_at: None,
            lines: lines
                .filter_map(|share| {
                    let of = bought.get(share.line.checked_sub(1)?)?;
                    Some(RedemptionLine {
                        line: i32::try_from(share.line).ok()?,
                        goods_id: of.goods_id.clone(),
                        quantity: i32::try_from(of.quantity).ok()?,
                        amount_fen: share.amount_fen,
                        discount_fen: share.discount_fen,
                        given_back_at: None,
                    })
                })
                .collect(),
        }
    }
}

fn canonical_line(line: &CartLine) -> CanonicalLine<'_> {
    let CartLine { goods_id, category, brand, unit_price_fen, quantity } = line;
    (goods_id, category.as_deref(), brand.as_deref(), *unit_price_fen, *quantity)
}

fn story(redemption: &Redemption) -> serde_json::Value {
    let lines: Vec<_> = redemption
        .lines
        .iter()
        .map(|line| {
            json!({
                "line": line.line, "goods_id": line.goods_id, "quantity": line.quantity,
                "amount_fen": line.amount_fen, "discount_fen": line.discount_fen,
            })
        })
        .collect();
    json!({
        "redemption_id": redemption.id,
        "order_no": redemption.order_no,
        "store": redemption.store,
        "operator": redemption.operator,
        "amount_fen": redemption.amount_fen,
        "discount_fen": redemption.discount_fen,
        "lines": redemption.discount_fen.map(|_| lines),
    })
}
