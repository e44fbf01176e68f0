//! What a coupon takes off a cart, to the fen, and for which lines: the one rule of matching, asking and using.

use schemars::JsonSchema;
use serde::Serialize;

use self::scope::{admits_store, is_for, is_for_all};
use super::{
    benefit::{Benefit, Threshold},
    cart::{Cart, CartLine},
    terms::Terms,
};

pub mod scope;

/// What a coupon does for a cart that it fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Discount {
    /// What the matching goods cost.
    pub matched_fen: i64,
    /// How many pieces match.
    pub matched_pieces: i64,
    /// What is taken off in all.
    pub discount_fen: i64,
    /// How much of it is taken off the shipping, and so is in no line's share.
    pub off_shipping_fen: i64,
    /// The matching lines, each with its share, in the order of the cart.
    pub lines: Vec<LineShare>,
}

/// One matching line's share of a discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineShare {
    /// Its place in the cart, from 1.
    pub line: usize,
    /// What its pieces cost together.
    pub amount_fen: i64,
    /// What is taken off it; never more than `amount_fen`.
    pub discount_fen: i64,
}

/// Why a coupon does not fit a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Nothing in the cart is among its goods.
    #[error("nothing in the cart matches")]
    OutOfScope,
    /// It is for other stores, or for certain ones and none was named.
    #[error("not for this store")]
    WrongStore,
    /// The matching goods cost too little.
    #[error("matching goods for {needs_fen} fen are needed, there are {has_fen}")]
    AmountBelow {
        /// The threshold.
        needs_fen: i64,
        /// What the matching goods cost.
        has_fen: i64,
    },
    /// Too few pieces match.
    #[error("{needs} matching pieces are needed, there are {has}")]
    PiecesBelow {
        /// The threshold.
        needs: i64,
        /// How many there are.
        has: i64,
    },
}

impl Misfit {
    /// Its name in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OutOfScope => "out_of_scope",
            Self::WrongStore => "wrong_store",
            Self::AmountBelow { .. } | Self::PiecesBelow { .. } => "threshold_not_met",
        }
    }
}

const BASIS: i128 = 10_000;

/// What a coupon with these terms takes off, or why it does not fit.
///
/// Percentages are rounded half up to a whole fen. Free shipping takes nothing off the goods and needs none that match,
/// unless there is a threshold. Exchange and group coupons take nothing off here, because the till settles them; for an
/// empty cart these fit if they are for all goods.
pub fn discount(terms: &Terms, cart: &Cart) -> Result<Discount, Misfit> {
    if !admits_store(&terms.scope, cart.store.as_deref()) {
        return Err(Misfit::WrongStore);
    }
    discount_anywhere(terms, cart)
}

/// The same for a list that is not about any store.
pub fn discount_anywhere(terms: &Terms, cart: &Cart) -> Result<Discount, Misfit> {
    let matched: Vec<(usize, &CartLine)> =
        (1..).zip(&cart.lines).filter(|(_, line)| is_for(&terms.scope, line)).collect();
    let goods: i128 = matched.iter().map(|(_, line)| i128::from(line.amount_fen())).sum();
    let pieces: i64 = matched.iter().map(|(_, line)| i64::from(line.quantity)).sum();

    if matched.is_empty() && !cart.lines.is_empty() && !is_free_shipping(terms) {
        return Err(Misfit::OutOfScope);
    }
    reach(&terms.threshold, narrow(goods), pieces)?;
    let needs_goods = match terms.benefit {
        Benefit::Amount { .. } | Benefit::Percent { .. } => true,
        Benefit::FreeShipping { .. } => false,
        Benefit::Exchange | Benefit::GroupBuy { .. } => !is_for_all(&terms.scope),
    };
    if matched.is_empty() && needs_goods {
        return Err(Misfit::OutOfScope);
    }

    let off_goods = off_goods(&terms.benefit, goods);
    let off_shipping_fen = off_shipping(&terms.benefit, cart.shipping_fen);
    Ok(Discount {
        matched_fen: narrow(goods),
        matched_pieces: pieces,
        discount_fen: narrow(off_goods) + off_shipping_fen,
        off_shipping_fen,
        lines: split(&matched, goods, off_goods),
    })
}

fn is_free_shipping(terms: &Terms) -> bool {
    matches!(terms.benefit, Benefit::FreeShipping { .. })
}

fn reach(threshold: &Threshold, has_fen: i64, has: i64) -> Result<(), Misfit> {
    match *threshold {
        Threshold::Amount { fen } if has_fen < fen => {
            Err(Misfit::AmountBelow { needs_fen: fen, has_fen })
        }
        Threshold::Pieces { count } if has < i64::from(count) => {
            Err(Misfit::PiecesBelow { needs: i64::from(count), has })
        }
        Threshold::None | Threshold::Amount { .. } | Threshold::Pieces { .. } => Ok(()),
    }
}

fn off_goods(benefit: &Benefit, goods: i128) -> i128 {
    match *benefit {
        Benefit::Amount { off_fen } => i128::from(off_fen.max(0)).min(goods),
        Benefit::Percent { off_basis_points, cap_fen } => {
            let off = (goods * i128::from(off_basis_points) + BASIS / 2) / BASIS;
            cap_fen.map_or(off, |cap| off.min(i128::from(cap.max(0)))).min(goods)
        }
        Benefit::FreeShipping { .. } | Benefit::Exchange | Benefit::GroupBuy { .. } => 0,
    }
}

fn off_shipping(benefit: &Benefit, shipping: Option<i64>) -> i64 {
    let shipping = shipping.unwrap_or_default().max(0);
    match *benefit {
        Benefit::FreeShipping { cap_fen } => {
            cap_fen.map_or(shipping, |cap| shipping.min(cap.max(0)))
        }
        Benefit::Amount { .. }
        | Benefit::Percent { .. }
        | Benefit::Exchange
        | Benefit::GroupBuy { .. } => 0,
    }
}

/// By the largest remainder, the earlier line first where two are alike: sums to `off`, and `off` is at most `goods`, so
/// no share is above its line.
fn split(matched: &[(usize, &CartLine)], goods: i128, off: i128) -> Vec<LineShare> {
    let mut shares: Vec<_> = matched
        .iter()
        .map(|(line, of)| {
            let amount = i128::from(of.amount_fen());
            let (whole, rest) =
                if goods == 0 { (0, 0) } else { (off * amount / goods, off * amount % goods) };
            (*line, amount, whole, rest)
        })
        .collect();
    let missing = off - shares.iter().map(|(_, _, whole, _)| whole).sum::<i128>();
    shares.sort_by_key(|&(_, _, _, rest)| std::cmp::Reverse(rest));
    let missing = usize::try_from(missing).unwrap_or_default();
    for (_, _, whole, _) in shares.iter_mut().take(missing) {
        *whole += 1;
    }
    shares.sort_by_key(|&(line, ..)| line);
    shares
        .into_iter()
        .map(|(line, amount, off, _)| LineShare {
            line,
            amount_fen: narrow(amount),
            discount_fen: narrow(off),
        })
        .collect()
}

/// A checked cart is far below the largest `i64`; one that nobody checked stops there.
fn narrow(fen: i128) -> i64 {
    i64::try_from(fen).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::{
        tests::{but, only, percent, terms},
        *,
    };
    use crate::domain::{benefit::Selection, cart::tests::line};

    fn any_benefit() -> impl Strategy<Value = Benefit> {
        let cap = || proptest::option::of(1i64..200_000);
        prop_oneof![
            (1i64..200_000).prop_map(|off_fen| Benefit::Amount { off_fen }),
            (1u16..=10_000, cap()).prop_map(|(bp, cap)| percent(bp, cap)),
            cap().prop_map(|cap_fen| Benefit::FreeShipping { cap_fen }),
        ]
    }

    fn any_terms() -> impl Strategy<Value = Terms> {
        let threshold = prop_oneof![
            Just(Threshold::None),
            (1i64..100_000).prop_map(|fen| Threshold::Amount { fen }),
            (1u32..20).prop_map(|count| Threshold::Pieces { count }),
        ];
        let goods =
            prop_oneof![Just(Selection::default()), Just(only(&["a", "b"])), Just(but(&["b"]))];
        (any_benefit(), threshold, goods).prop_map(|(benefit, threshold, goods)| {
            let mut terms = terms(benefit, threshold);
            terms.scope.goods = goods;
            terms
        })
    }

    fn any_cart() -> impl Strategy<Value = Cart> {
        let part = ("[a-d]", 0i64..50_000, 1u32..8);
        let shipping = proptest::option::of(0i64..5000);
        (proptest::collection::vec(part, 0..12), shipping).prop_map(|(lines, shipping_fen)| {
            let lines = lines.into_iter().map(|(goods, price, count)| line(&goods, price, count));
            Cart { lines: lines.collect(), store: None, shipping_fen }
        })
    }

    proptest! {
        #[test]
        fn shares_sum_up_and_nothing_costs_less_than_nothing(terms in any_terms(), cart in any_cart()) {
            let Ok(discount) = discount(&terms, &cart) else { return Ok(()) };

            let off_goods = discount.discount_fen - discount.off_shipping_fen;
            prop_assert!(discount.discount_fen >= 0 && discount.off_shipping_fen >= 0);
            prop_assert!(off_goods <= discount.matched_fen);
            prop_assert!(discount.off_shipping_fen <= cart.shipping_fen.unwrap_or_default());
            prop_assert_eq!(discount.lines.iter().map(|share| share.discount_fen).sum::<i64>(), off_goods);
            prop_assert_eq!(discount.lines.iter().map(|share| share.amount_fen).sum::<i64>(), discount.matched_fen);
            for share in &discount.lines {
                prop_assert!((0..=share.amount_fen).contains(&share.discount_fen));
                prop_assert_eq!(cart.lines[share.line - 1].amount_fen(), share.amount_fen);
                // Fair to a fen: nobody is further than one from an exact share.
                let exact = i128::from(off_goods) * i128::from(share.amount_fen);
                let given = i128::from(share.discount_fen) * i128::from(discount.matched_fen);
                prop_assert!((exact - given).abs() <= i128::from(discount.matched_fen));
            }
        }

        #[test]
        fn the_order_of_lines_changes_no_total(terms in any_terms(), cart in any_cart()) {
            let turned = Cart { lines: cart.lines.iter().rev().cloned().collect(), ..cart.clone() };
            let total = |cart| discount(&terms, cart)
                .map(|d| (d.matched_fen, d.matched_pieces, d.discount_fen, d.off_shipping_fen));

            prop_assert_eq!(total(&cart), total(&turned));
        }

        #[test]
        fn a_piece_more_never_takes_less_off(
            terms in any_terms(), cart in any_cart(), place: prop::sample::Index,
        ) {
            prop_assume!(!cart.lines.is_empty());
            let mut more = cart.clone();
            more.lines[place.index(cart.lines.len())].quantity += 1;

            if let Ok(before) = discount(&terms, &cart) {
                prop_assert!(discount(&terms, &more).is_ok_and(|d| d.discount_fen >= before.discount_fen));
            }
        }

        #[test]
        fn nothing_overflows(
            benefit in prop_oneof![
                any::<i64>().prop_map(|off_fen| Benefit::Amount { off_fen }),
                (any::<u16>(), any::<Option<i64>>()).prop_map(|(bp, cap)| percent(bp, cap)),
                any::<Option<i64>>().prop_map(|cap_fen| Benefit::FreeShipping { cap_fen }),
            ],
            price in prop_oneof![Just(i64::MAX), Just(i64::MIN), any::<i64>()],
            quantity: u32,
            shipping_fen: Option<i64>,
        ) {
            let lines = vec![line("a", price, quantity); 200];

            let answer = discount(
                &terms(benefit, Threshold::None),
                &Cart { lines, store: None, shipping_fen },
            );

            prop_assert!(answer.is_ok_and(|d| d.discount_fen >= 0));
        }
    }
}
