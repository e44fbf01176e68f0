//! Says which of somebody's coupons fit a cart, and what each would take off.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{
    known_terms::KnownTerms,
    person::Person,
    wallet::{self, Held},
};
use crate::{
    domain::{
        cart::Cart,
        discount::{Discount, Misfit, discount, discount_anywhere},
        problem::Problem,
        sight::Sight,
        standing::CouponStatus,
    },
    store::holding::Which,
};

/// What somebody's coupons are good for here.
#[derive(Debug)]
pub struct Matches {
    /// Those that fit, the best first: the largest discount, then the one that ends first.
    pub usable: Vec<(Held, Discount)>,
    /// The others that are neither used nor over, each with its reason.
    pub unusable: Vec<(Held, Unfit)>,
}

/// Why a coupon is of no use for a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is kept for an order.
    Locked,
    /// Its time is still to come.
    NotYetValid,
    /// Its platform keeps it from being used.
    Suspended,
    /// The cart is not what it is for.
    Misfit(Misfit),
}

/// Why nothing was said.
#[derive(Debug, thiserror::Error)]
pub enum MatchCartError {
    /// Some value will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// More open coupons than anybody has; of those who have more, the newest count.
const MOST: i64 = 1000;

/// What a list of coupons is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The cart's store: what is for certain stores fits no cart without one.
    Store,
    /// Any store where the cart names none: whoever uses a coupon will name it.
    Anywhere,
}

/// Holds all open coupons of a person, on the apps that are seen, against a cart.
pub async fn match_cart(
    db: &PgPool,
    known: &KnownTerms,
    now: DateTime<Utc>,
    (person, sight): (Person, &Sight),
    (cart, at): (&Cart, At),
) -> Result<Matches, MatchCartError> {
    cart.check().map_err(MatchCartError::Invalid)?;
    let mut conn = db.acquire().await?;
    let held =
        wallet::read(&mut conn, known, now, (person, sight, Which::Open), (None, MOST)).await?;
    drop(conn);

    let mut matches = Matches { usable: Vec::new(), unusable: Vec::new() };
    for held in held {
        match fit(&held, cart, at) {
            Some(Ok(discount)) => matches.usable.push((held, discount)),
            Some(Err(unfit)) => matches.unusable.push((held, unfit)),
            None => {}
        }
    }
    matches.usable.sort_by_key(|(held, discount)| {
        let holding = &held.holding;
        (std::cmp::Reverse(discount.discount_fen), holding.valid_until, holding.id)
    });
    matches.unusable.sort_by_key(|(held, _)| (held.holding.valid_until, held.holding.id));
    Ok(matches)
}

fn fit(held: &Held, cart: &Cart, at: At) -> Option<Result<Discount, Unfit>> {
    let discount =
        if at == At::Anywhere && cart.store.is_none() { discount_anywhere } else { discount };
    match held.status {
        CouponStatus::Usable => Some(discount(&held.terms, cart).map_err(Unfit::Misfit)),
        CouponStatus::Locked => Some(Err(Unfit::Locked)),
        CouponStatus::NotYetValid => Some(Err(Unfit::NotYetValid)),
        CouponStatus::Suspended => Some(Err(Unfit::Suspended)),
        CouponStatus::Used | CouponStatus::Expired | CouponStatus::Void => None,
    }
}
