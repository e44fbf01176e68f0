//! Uses a coupon for an order, and owes its platform the news; all or nothing, in one statement.
//!
//! Under load those who ask at the same moment go [together]; whoever does not get through with them goes alone, here.

mod together;

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};

use self::together::Told;
use super::{
    known_terms::KnownTerms,
    life::{LifeError, MOST_TRIES, Named, get_terms, step},
    together::Together,
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
        life::{
            Asked, Found,
            redeeming::{Use, redeem},
        },
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

/// Who uses coupons; cheap to clone.
#[derive(Clone)]
pub struct Redeemer {
    tools: Tools,
    together: Together<Arc<Wish>, Told>,
}

/// What a use is made with.
#[derive(Clone)]
struct Tools {
    db: PgPool,
    clock: Arc<dyn Clock>,
    known_terms: KnownTerms,
}

/// A wish with what belongs to it.
#[derive(Debug)]
struct Wish {
    redeem: Redeem,
    cause: Cause,
    /// Of all that is asked.
    hash: [u8; 32],
}

/// What is to be done about a wish.
enum Judged {
    /// The coupon is to be used.
    Use(Redemption),
    /// It was used before, for what is asked now or for something else under the same key.
    Replay { redemption: RedemptionId, is_the_same: bool },
}

impl Redeemer {
    /// Begins to wait for wishes, on the present runtime, until the last clone is dropped.
    pub fn start(db: PgPool, clock: Arc<dyn Clock>, known_terms: KnownTerms) -> Self {
        let tools = Tools { db, clock, known_terms };
        let all = tools.clone();
        let together = Together::start(move |wishes| all.clone().redeem_together(wishes));
        Self { tools, together }
    }

    /// Uses a coupon at most once, however many ask at the same time.
    ///
    /// It happens at the database's time, by which the coupon was issued: a server whose clock is slow would refuse what
    /// is valid from its issue on.
    pub async fn redeem(&self, cause: Cause, redeem: Redeem) -> Result<Redeemed, LifeError> {
        redeem.check()?;
        let hash = redeem.hash();
        let wish = Arc::new(Wish { redeem, cause, hash });
        let told = match self.together.ask(Arc::clone(&wish)).await.flatten() {
            Some(told) => told,
            None => self.tools.redeem_alone(&wish).await,
        };
        if let Ok(Redeemed::Now(redemption)) = &told {
            tracing::info!(coupon.id = %redemption.coupon, redemption.id = %redemption.id, "coupon redeemed");
        }
        told
    }
}

impl Tools {
    async fn redeem_alone(&self, wish: &Wish) -> Result<Redeemed, LifeError> {
        let mut conn = self.db.acquire().await?;
        for _ in 0..MOST_TRIES {
            let Some(found) = store::life::find(&mut conn, wish.asked()).await? else {
                return replay_of_another(&mut conn, &wish.redeem.key, &wish.hash).await;
            };
            let redemption = match self.judge(&mut conn, wish, &found).await? {
                Judged::Use(redemption) => redemption,
                Judged::Replay { redemption, is_the_same } => {
                    return replay(&mut conn, redemption, is_the_same).await;
                }
            };
            match redeem(&mut conn, &[self.granted(wish, &found, &redemption)]).await {
                Ok(used) if !used.is_empty() => return Ok(Redeemed::Now(redemption)),
                // Somebody was quicker, or is about to be.
                Ok(_) => store::life::wait_for(&mut conn, found.id).await?,
                Err(error) if store::violates(&error, "redemption_one_per_key") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LifeError::Busy)
    }

    async fn judge(
        &self,
        conn: &mut PgConnection,
        wish: &Wish,
        found: &Found,
    ) -> Result<Judged, LifeError> {
        if let Some(redemption) = found.keyed {
            let is_the_same = found.keyed_hash.as_deref() == Some(&wish.hash[..]);
            return Ok(Judged::Replay { redemption, is_the_same });
        }
        let now = self.clock.at_database(found.database_now);
        let ruling = life::redeem(&found.standing(), &wish.redeem.order_no, now)?;
        if let (Ruling::Before, Some(redemption)) = (ruling, found.of_order) {
            return Ok(Judged::Replay { redemption, is_the_same: true });
        }
        let worked_out = wish.redeem.work_out(conn, &self.known_terms, found).await?;
        Ok(Judged::Use(wish.redeem.redemption(found, worked_out.as_ref(), now)))
    }

    fn granted<'a>(&self, wish: &'a Wish, found: &Found, redemption: &'a Redemption) -> Use<'a> {
        let step = step(found, &*self.clock, &wish.cause, story(redemption));
        Use { step, redemption, key: &wish.redeem.key, request_hash: &wish.hash }
    }
}

impl Wish {
    fn asked(&self) -> Asked<'_> {
        let Redeem { coupon: Named { shown, whose }, order_no, key, .. } = &self.redeem;
        Asked { shown, whose, order_no: Some(order_no), key: Some(key) }
    }
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
