//! Discounts worked out by hand.

use super::*;
use crate::domain::{
    benefit::{Scope, Selection},
    cart::tests::line,
    terms::tests::sample,
};

pub(super) fn terms(benefit: Benefit, threshold: Threshold) -> Terms {
    Terms { benefit, threshold, ..sample() }
}

fn cart(lines: &[(&str, i64, u32)]) -> Cart {
    let lines = lines.iter().map(|&(goods, price, quantity)| line(goods, price, quantity));
    Cart { lines: lines.collect(), ..Cart::default() }
}

pub(super) fn only(ids: &[&str]) -> Selection {
    Selection { include: ids.iter().copied().map(Into::into).collect(), exclude: vec![] }
}

pub(super) fn but(ids: &[&str]) -> Selection {
    Selection { include: vec![], exclude: ids.iter().copied().map(Into::into).collect() }
}

fn shares(discount: &Discount) -> Vec<(usize, i64)> {
    discount.lines.iter().map(|share| (share.line, share.discount_fen)).collect()
}

const TWENTY_OFF: Benefit = Benefit::Amount { off_fen: 2000 };

pub(super) const fn percent(off_basis_points: u16, cap_fen: Option<i64>) -> Benefit {
    Benefit::Percent { off_basis_points, cap_fen }
}

#[test]
fn the_sums_of_hand_made_carts() {
    for (benefit, lines, expected) in [
        (TWENTY_OFF, &[("a", 10_000, 1)][..], &[(1, 2000)][..]),
        // Never more than the goods cost.
        (TWENTY_OFF, &[("a", 500, 3)], &[(1, 1500)]),
        // 2000 over 3333, 3333 and 3334: the last has the largest remainder.
        (
            TWENTY_OFF,
            &[("a", 3333, 1), ("b", 3333, 1), ("c", 3334, 1)],
            &[(1, 667), (2, 666), (3, 667)],
        ),
        (TWENTY_OFF, &[("a", 1, 1), ("b", 9999, 1)], &[(1, 0), (2, 2000)]),
        (TWENTY_OFF, &[("gift", 0, 1), ("b", 4000, 1)], &[(1, 0), (2, 2000)]),
        (TWENTY_OFF, &[("gift", 0, 1)], &[(1, 0)]),
        // 1 fen over three lines of one price goes to the first.
        (
            Benefit::Amount { off_fen: 1 },
            &[("a", 5, 1), ("b", 5, 1), ("c", 5, 1)],
            &[(1, 1), (2, 0), (3, 0)],
        ),
        // 八折 of 99.99: 19.998 is 20.00.
        (percent(2000, None), &[("a", 9999, 1)], &[(1, 2000)]),
        // Half a fen is one, less is none.
        (percent(5000, None), &[("a", 1, 1)], &[(1, 1)]),
        (percent(4999, None), &[("a", 1, 1)], &[(1, 0)]),
        (percent(10_000, None), &[("a", 7, 3)], &[(1, 21)]),
        (percent(2000, Some(1000)), &[("a", 9999, 1)], &[(1, 1000)]),
        (percent(1000, None), &[("a", 101, 1), ("b", 104, 1)], &[(1, 10), (2, 11)]),
        (Benefit::Exchange, &[("a", 9999, 1)], &[(1, 0)]),
        (Benefit::GroupBuy { price_fen: 100 }, &[("a", 9999, 1)], &[(1, 0)]),
    ] {
        let discount = discount(&terms(benefit.clone(), Threshold::None), &cart(lines)).unwrap();

        assert_eq!(shares(&discount), expected, "{benefit:?} {lines:?}");
        let sum: i64 = expected.iter().map(|(_, off)| off).sum();
        assert_eq!(discount.discount_fen, sum, "{benefit:?} {lines:?}");
    }
}

#[test]
fn thresholds_ask_for_matching_goods_only() {
    let amount = Threshold::Amount { fen: 10_000 };
    let pieces = Threshold::Pieces { count: 3 };
    let mut of_tea = terms(TWENTY_OFF, amount);
    of_tea.scope.goods = only(&["tea"]);
    let below = Misfit::AmountBelow { needs_fen: 10_000, has_fen: 9999 };
    for (lines, expected) in [
        (&[("tea", 9999, 1), ("cup", 5000, 1)][..], Err(below)),
        (&[("tea", 5000, 2), ("cup", 5000, 1)], Ok(vec![(1, 2000)])),
        (&[("cup", 5000, 9)], Err(Misfit::OutOfScope)),
        (&[], Err(Misfit::AmountBelow { needs_fen: 10_000, has_fen: 0 })),
    ] {
        let answer = discount(&of_tea, &cart(lines)).map(|discount| shares(&discount));

        assert_eq!(answer, expected, "{lines:?}");
    }

    let three = Terms { threshold: pieces, ..of_tea };
    let short = discount(&three, &cart(&[("tea", 1, 2), ("cup", 1, 9)]));
    let enough = discount(&three, &cart(&[("tea", 1, 2), ("cup", 1, 9), ("tea", 1, 1)]));

    assert_eq!(short, Err(Misfit::PiecesBelow { needs: 3, has: 2 }));
    assert_eq!(enough.map(|fits| shares(&fits)), Ok(vec![(1, 2), (3, 1)]));
}

#[test]
fn an_empty_list_is_all_and_what_is_excluded_is_out() {
    let mut line = line("tea", 100, 1);
    line.category = Some("drinks".into());
    let scope = |goods, categories, brands| Scope { goods, categories, brands, ..Scope::default() };
    let all = Selection::default;
    for (scope, fits) in [
        (scope(all(), all(), all()), true),
        (scope(only(&["tea"]), all(), all()), true),
        (scope(only(&["cup"]), all(), all()), false),
        (scope(but(&["tea"]), all(), all()), false),
        (scope(Selection { exclude: vec!["tea".into()], ..only(&["tea"]) }, all(), all()), false),
        (scope(all(), only(&["drinks"]), all()), true),
        (scope(all(), but(&["drinks"]), all()), false),
        (scope(all(), but(&["food"]), all()), true),
        // What has no brand is of no included brand, and of no excluded one.
        (scope(all(), all(), only(&["ours"])), false),
        (scope(all(), all(), but(&["ours"])), true),
        // All three have to agree.
        (scope(only(&["tea"]), only(&["food"]), all()), false),
    ] {
        let terms = Terms { scope, ..terms(TWENTY_OFF, Threshold::None) };

        let answer = discount(&terms, &Cart { lines: vec![line.clone()], ..Cart::default() });

        assert_eq!(answer.is_ok(), fits, "{:?}", terms.scope);
    }
}

#[test]
fn a_coupon_for_certain_stores_wants_one_of_them_named() {
    for (stores, store, fits) in [
        (only(&["s-1"]), Some("s-1"), true),
        (only(&["s-1"]), Some("s-2"), false),
        (only(&["s-1"]), None, false),
        (but(&["s-1"]), Some("s-1"), false),
        (but(&["s-1"]), Some("s-2"), true),
        (but(&["s-1"]), None, true),
        (Selection::default(), Some("s-1"), true),
    ] {
        let mut terms = terms(TWENTY_OFF, Threshold::None);
        terms.scope.stores = stores;
        let store = store.map(Into::into);

        let answer = discount(&terms, &Cart { store, ..cart(&[("a", 1, 1)]) });

        assert_eq!(answer.is_ok(), fits, "{:?}", terms.scope.stores);
        assert!(fits || answer == Err(Misfit::WrongStore));
    }
}

#[test]
fn free_shipping_takes_the_shipping_off_and_no_goods() {
    for (cap_fen, shipping_fen, off) in [
        (None, Some(800), 800),
        (Some(500), Some(800), 500),
        (Some(500), Some(300), 300),
        (None, None, 0),
    ] {
        let terms = terms(Benefit::FreeShipping { cap_fen }, Threshold::None);
        let with = |lines| Cart { shipping_fen, ..cart(lines) };

        for lines in [&[][..], &[("cup", 100, 1)], &[("tea", 100, 1)]] {
            let discount = discount(&terms, &with(lines)).unwrap();

            assert_eq!((discount.discount_fen, discount.off_shipping_fen), (off, off));
            assert!(discount.lines.iter().all(|share| share.discount_fen == 0));
        }
    }
    let far = terms(Benefit::FreeShipping { cap_fen: None }, Threshold::Amount { fen: 200 });
    let answer = discount(&far, &Cart { shipping_fen: Some(800), ..cart(&[("a", 100, 1)]) });
    assert_eq!(answer, Err(Misfit::AmountBelow { needs_fen: 200, has_fen: 100 }));
}

#[test]
fn free_shipping_needs_none_of_its_goods_unless_there_is_a_threshold() {
    let scope = |goods, categories, brands| Scope { goods, categories, brands, ..Scope::default() };
    let all = Selection::default;
    for scope in [
        scope(only(&["tea"]), all(), all()),
        scope(but(&["cup"]), all(), all()),
        scope(all(), only(&["drinks"]), all()),
        scope(all(), all(), only(&["ours"])),
    ] {
        let free = Benefit::FreeShipping { cap_fen: None };
        let terms = Terms { scope, ..terms(free, Threshold::None) };
        let mut tea = line("tea", 100, 1);
        (tea.category, tea.brand) = (Some("drinks".into()), Some("ours".into()));
        let off = |lines: Vec<CartLine>| {
            let cart = Cart { lines, shipping_fen: Some(800), ..Cart::default() };
            discount(&terms, &cart).map(|discount| discount.discount_fen)
        };

        assert_eq!(off(vec![line("cup", 100, 1), tea.clone()]), Ok(800), "{:?}", terms.scope);
        assert_eq!(off(vec![line("cup", 100, 1)]), Ok(800), "{:?}", terms.scope);
        assert_eq!(off(vec![]), Ok(800), "{:?}", terms.scope);

        let one = Terms { threshold: Threshold::Pieces { count: 1 }, ..terms.clone() };
        let off = |lines| {
            let cart = Cart { lines, shipping_fen: Some(800), ..Cart::default() };
            discount(&one, &cart).map(|discount| discount.discount_fen)
        };
        let missing = Err(Misfit::PiecesBelow { needs: 1, has: 0 });
        assert_eq!(off(vec![tea]), Ok(800), "{:?}", terms.scope);
        assert_eq!(off(vec![line("cup", 100, 1)]), missing, "{:?}", terms.scope);
    }
}

#[test]
fn with_nothing_in_the_cart_only_what_the_till_settles_fits() {
    let empty = Cart::default();
    let mut swap = terms(Benefit::Exchange, Threshold::None);

    assert!(discount(&swap, &empty).is_ok());
    assert_eq!(discount(&terms(TWENTY_OFF, Threshold::None), &empty), Err(Misfit::OutOfScope));
    swap.scope.brands = only(&["ours"]);
    assert_eq!(discount(&swap, &empty), Err(Misfit::OutOfScope));
}

#[test]
fn the_largest_cart_adds_up_to_the_fen() {
    let largest = Cart { lines: vec![line("a", 1_000_000_000, 9999); 200], ..Cart::default() };

    let discount = discount(&terms(percent(3333, None), Threshold::None), &largest).unwrap();

    assert_eq!(largest.check(), Ok(()));
    assert_eq!(discount.matched_fen, 1_999_800_000_000_000);
    assert_eq!(discount.discount_fen, 666_533_340_000_000);
}
