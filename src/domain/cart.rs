//! What somebody is about to buy, as a shop or a till tells it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    life::check::{NAMED, is_name},
    problem::{Problem, Problems},
};

/// The goods of one order before any coupon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cart {
    /// Up to 200; shares of a discount name them by their place here, from 1.
    #[schemars(length(max = 200))]
    pub lines: Vec<CartLine>,
    /// Where it is bought, 1 to 100 characters; left out where no store is involved.
    pub store: Option<String>,
    /// What sending costs, in fen; left out while nobody knows.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub shipping_fen: Option<i64>,
}

/// Some pieces of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CartLine {
    /// 1 to 64 bytes.
    pub goods_id: String,
    /// 1 to 64 bytes; left out where it has none.
    pub category: Option<String>,
    /// 1 to 64 bytes; left out where it has none.
    pub brand: Option<String>,
    /// For one piece, in fen.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub unit_price_fen: i64,
    /// 1 to 9999.
    #[schemars(range(min = 1, max = 9999))]
    pub quantity: u32,
}

const MOST_LINES: usize = 200;
/// Ten million yuan, for one piece or for sending.
const HIGHEST_PRICE: i64 = 1_000_000_000;
const MOST_PIECES: u32 = 9999;

impl Cart {
    /// All that is wrong with the cart; what passes adds up to far less than an `i64` holds.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        problems.expect(self.lines.len() <= MOST_LINES, "lines", "up to 200 lines");
        for (line, number) in self.lines.iter().take(MOST_LINES).zip(1..) {
            line.check(number, &mut problems);
        }
        problems.expect(self.store.as_deref().is_none_or(is_name), "store", NAMED);
        let shipping = self.shipping_fen.is_none_or(|fen| (0..=HIGHEST_PRICE).contains(&fen));
        problems.expect(shipping, "shipping_fen", "0 to 1000000000, in fen");
        problems.into_result()
    }
}

impl CartLine {
    /// What the pieces cost together. Prices and quantities that nobody checked count as the nearest ones that pass.
    pub fn amount_fen(&self) -> i64 {
        self.unit_price_fen.clamp(0, HIGHEST_PRICE) * i64::from(self.quantity.min(MOST_PIECES))
    }

    fn check(&self, number: usize, problems: &mut Problems) {
        for (param, id) in [
            ("lines.goods_id", Some(&*self.goods_id)),
            ("lines.category", self.category.as_deref()),
            ("lines.brand", self.brand.as_deref()),
        ] {
            problems.expect(named(id), param, format!("1 to 64 bytes, in line {number}"));
        }
        problems.expect(
            (0..=HIGHEST_PRICE).contains(&self.unit_price_fen),
            "lines.unit_price_fen",
            format!("0 to 1000000000, in fen, in line {number}"),
        );
        problems.expect(
            (1..=MOST_PIECES).contains(&self.quantity),
            "lines.quantity",
            format!("1 to 9999, in line {number}"),
        );
    }
}

fn named(id: Option<&str>) -> bool {
    id.is_none_or(|id| (1..=64).contains(&id.len()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One line without a category or a brand.
    pub(crate) fn line(goods_id: &str, unit_price_fen: i64, quantity: u32) -> CartLine {
        let goods_id = goods_id.to_owned();
        CartLine { goods_id, category: None, brand: None, unit_price_fen, quantity }
    }

    #[test]
    fn all_problems_are_told_with_their_lines() {
        let cart = Cart {
            lines: vec![line("tea", 0, 1), line("", -1, 0), line("tea", HIGHEST_PRICE + 1, 10_000)],
            store: Some(String::new()),
            shipping_fen: Some(-1),
        };

        let problems = cart.check().unwrap_err();

        let told: Vec<_> = problems.iter().map(|p| (p.param, &*p.message)).collect();
        let expected = [
            ("lines.goods_id", "1 to 64 bytes, in line 2"),
            ("lines.unit_price_fen", "0 to 1000000000, in fen, in line 2"),
            ("lines.quantity", "1 to 9999, in line 2"),
            ("lines.unit_price_fen", "0 to 1000000000, in fen, in line 3"),
            ("lines.quantity", "1 to 9999, in line 3"),
            ("store", NAMED),
            ("shipping_fen", "0 to 1000000000, in fen"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_cart_of_two_hundred_lines_is_the_longest_and_an_empty_one_is_fine() {
        let of = |count| Cart { lines: vec![line("tea", 1, 1); count], ..Cart::default() };

        assert_eq!(of(0).check(), Ok(()));
        assert_eq!(of(200).check(), Ok(()));
        assert!(of(201).check().is_err());
    }

    #[test]
    fn fractions_and_unknown_fields_are_refused() {
        for text in [
            r#"{"lines":[{"goods_id":"tea","unit_price_fen":0.3,"quantity":1}]}"#,
            r#"{"lines":[{"goods_id":"tea","unit_price_fen":1e30,"quantity":1}]}"#,
            r#"{"lines":[{"goods_id":"tea","unit_price_fen":1,"quantity":-1}]}"#,
            r#"{"lines":[{"goods_id":"tea","unit_price_fen":1,"quantity":1,"price":1}]}"#,
            r#"{"lines":[],"uid":"u-1"}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<Cart>(text).is_err(), "{text}");
        }
    }
}
