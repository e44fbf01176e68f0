//! What is asked when a coupon is to be used: whether it can be meant, what it takes off, what is kept of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::Redeem;
use crate::{
    domain::{
        cart::CartLine,
        discount::{Discount, Misfit, discount, scope::admits_store},
        event::Cause,
        id::RedemptionId,
        life::{Shown, Whose, check},
        problem::Problem,
    },
    service::{
        known_terms::KnownTerms,
        life::{LifeError, Named, get_terms},
    },
    store::{
        life::{Asked, Found},
        redemption::{Redemption, RedemptionLine},
    },
};

/// A wish with what belongs to it.
#[derive(Debug)]
pub(super) struct Wish {
    pub redeem: Redeem,
    pub cause: Cause,
    /// Of all that is asked.
    pub hash: [u8; 32],
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

impl Wish {
    pub fn new(cause: Cause, redeem: Redeem) -> Self {
        Self { hash: redeem.hash(), redeem, cause }
    }

    /// What it is judged by.
    pub fn asked(&self) -> Asked<'_> {
        let Redeem { coupon: Named { shown, whose }, order_no, key, .. } = &self.redeem;
        Asked { shown, whose, order_no: Some(order_no), key: Some(key) }
    }
}

impl Redeem {
    /// Whether it can be meant.
    pub(super) fn check(&self) -> Result<(), LifeError> {
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
    pub(super) async fn work_out(
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

    /// What is kept of it.
    pub(super) fn redemption(
        &self,
        found: &Found,
        discount: Option<&Discount>,
        now: DateTime<Utc>,
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

/// What is told of a use.
pub(super) fn story(redemption: &Redemption) -> Value {
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
