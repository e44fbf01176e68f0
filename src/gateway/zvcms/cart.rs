//! Money and carts as a client sends them: decimals in its own unit, and never a floating number on the way to fen.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{envelope::Param, failure::Failure};
use crate::{domain::cart::CartLine, http::strict_json};

/// In what a client's prices and amounts are; in answers it is always fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// 元, with up to two decimals.
    #[default]
    Yuan,
    /// 分, in whole.
    Fen,
}

/// `checked[]`. Each member is kept as it was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckedLine {
    bar_code: Box<RawValue>,
    offline_price: Box<RawValue>,
    buy_num: Box<RawValue>,
}

const CHECKED: Failure = Failure::param("checked");
const MOST_LINES: usize = 200;
const MOST_PIECES: u32 = 9999;
/// Ten million yuan.
const HIGHEST: i64 = 1_000_000_000;

impl MoneyUnit {
    /// The fen that a plain decimal of this unit stands for: up to ten million yuan, with no more than two decimals.
    pub fn fen(self, text: &str) -> Option<i64> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = whole == "0" || (!whole.is_empty() && !whole.starts_with('0'));
        let is_short = decimals.is_none_or(|text| (1..=2).contains(&text.len()));
        if !is_plain || !is_short || !digits(whole) || !decimals.is_none_or(digits) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let hundredths: i64 = format!("{:0<2}", decimals.unwrap_or_default()).parse().ok()?;
        let fen = match self {
            Self::Yuan => whole.checked_mul(100)?.checked_add(hundredths)?,
            Self::Fen if hundredths == 0 => whole,
            Self::Fen => return None,
        };
        (fen <= HIGHEST).then_some(fen)
    }
}

/// `checked`: a list of lines, or a text that holds one.
pub fn checked(param: &Param, unit: MoneyUnit) -> Result<Vec<CartLine>, Failure> {
    let text = match param {
        Param::Text(text) => text,
        Param::Nested(value) => value.get(),
        Param::Other => return Err(CHECKED),
    };
    let lines: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| CHECKED)?;
    if lines.len() > MOST_LINES {
        return Err(CHECKED);
    }
    lines.into_iter().map(|text| line(text, unit).ok_or(CHECKED)).collect()
}

fn line(text: &RawValue, unit: MoneyUnit) -> Option<CartLine> {
    let line: CheckedLine = strict_json::read(text.get().as_bytes()).ok()?;
    let CheckedLine { bar_code, offline_price, buy_num } = line;
    let bar_code = name(&bar_code)?;
    let is_name = (1..=64).contains(&bar_code.len())
        && bar_code.trim() == bar_code
        && !bar_code.contains(|letter: char| letter.is_control() || letter == '&');
    let quantity = number(&buy_num)?;
    let is_count = quantity.bytes().all(|byte| byte.is_ascii_digit()) && !quantity.starts_with('0');
    let quantity = quantity.parse().ok().filter(|_| is_count)?;
    (is_name && quantity <= MOST_PIECES).then_some(())?;
    Some(CartLine {
        goods_id: bar_code,
        category: None,
        brand: None,
        unit_price_fen: unit.fen(&number(&offline_price)?)?,
        quantity,
    })
}

/// A text, or the digits of an integer.
fn name(value: &RawValue) -> Option<String> {
    let is_integer = value.get().bytes().all(|byte| byte.is_ascii_digit());
    (is_integer || value.get().starts_with('"')).then(|| number(value))?
}

/// A number as it was written, also inside a text.
fn number(value: &RawValue) -> Option<String> {
    if value.get().starts_with('"') {
        return serde_json::from_str(value.get()).ok();
    }
    Some(value.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<Vec<CartLine>, Failure> {
        checked(&Param::Text(text.to_owned()), MoneyUnit::Yuan)
    }

    #[test]
    fn the_original_s_own_sample_is_a_cart() {
        let text = r#"[{"bar_code":"P5C503FB51B4843301","offline_price":120,"buy_num":2},{"bar_code":"P5C503FB51C2F96986","offline_price":20,"buy_num":2}]"#;

        let cart = lines(text).unwrap();

        let told: Vec<_> = cart.iter().map(|l| (&*l.goods_id, l.amount_fen())).collect();
        assert_eq!(told, [("P5C503FB51B4843301", 24_000), ("P5C503FB51C2F96986", 4000)]);
        let nested = Param::Nested(RawValue::from_string(text.to_owned()).unwrap());
        assert_eq!(checked(&nested, MoneyUnit::Yuan).unwrap(), cart);
    }

    #[test]
    fn goods_whose_code_is_a_number_are_those_of_its_text() {
        let cart = lines(r#"[{"bar_code":6901234567892,"offline_price":1,"buy_num":1}]"#).unwrap();

        assert_eq!(cart[0].goods_id, "6901234567892");
    }

    #[test]
    fn three_times_a_tenth_is_thirty_fen() {
        let cart = lines(r#"[{"bar_code":"a","offline_price":0.1,"buy_num":"3"}]"#).unwrap();

        assert_eq!(cart[0].amount_fen(), 30);
    }

    #[test]
    fn money_is_a_plain_decimal_of_its_unit() {
        for (text, yuan, fen) in [
            ("100", Some(10_000), Some(100)),
            ("0.1", Some(10), None),
            ("19.90", Some(1990), None),
            ("19.99", Some(1999), None),
            ("20.00", Some(2000), Some(20)),
            ("0", Some(0), Some(0)),
            ("0.00", Some(0), Some(0)),
            ("10000000", Some(1_000_000_000), Some(10_000_000)),
            ("10000000.01", None, None),
            ("1000000000", None, Some(1_000_000_000)),
            ("1000000001", None, None),
            ("99999999999999999999", None, None),
            ("0.333", None, None),
            ("1e2", None, None),
            ("-1", None, None),
            ("+1", None, None),
            ("01", None, None),
            (".5", None, None),
            ("5.", None, None),
            ("1.2.3", None, None),
            ("１", None, None),
            (" 1", None, None),
            ("", None, None),
        ] {
            assert_eq!(MoneyUnit::Yuan.fen(text), yuan, "{text} yuan");
            assert_eq!(MoneyUnit::Fen.fen(text), fen, "{text} fen");
        }
    }

    #[test]
    fn a_cart_is_a_list_of_lines_with_their_three_members() {
        let line = |text: &str| format!("[{text}]");
        assert_eq!(lines("[]"), Ok(vec![]));
        for text in [
            "",
            "{}",
            "null",
            "[",
            "[1]",
            "[[\"a\",1,1]]",
            &line(r#"{"bar_code":"a","offline_price":1}"#),
            &line(r#"{"bar_code":"a","offline_price":1,"buy_num":1,"more":1}"#),
            &line(r#"{"bar_code":"a","bar_code":"b","offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":"","offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":"a&b","offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":1.5,"offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":-1,"offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":true,"offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":null,"offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":["a"],"offline_price":1,"buy_num":1}"#),
            &line(r#"{"bar_code":"a","offline_price":-1,"buy_num":1}"#),
            &line(r#"{"bar_code":"a","offline_price":1e2,"buy_num":1}"#),
            &line(r#"{"bar_code":"a","offline_price":null,"buy_num":1}"#),
            &line(r#"{"bar_code":"a","offline_price":1,"buy_num":0}"#),
            &line(r#"{"bar_code":"a","offline_price":1,"buy_num":1.0}"#),
            &line(r#"{"bar_code":"a","offline_price":1,"buy_num":10000}"#),
            &line(r#"{"bar_code":"a","offline_price":1,"buy_num":"+1"}"#),
            &line(r#"{"bar_code":"a","offline_price":1,"buy_num":true}"#),
            &line(&[r#"{"bar_code":"a","offline_price":1,"buy_num":1}"#; 201].join(",")),
        ] {
            assert_eq!(lines(text), Err(CHECKED), "{text}");
        }
    }
}
