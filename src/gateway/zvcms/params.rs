//! Parameters, read one by one. What nobody reads is signed like the rest, and means nothing.

use super::{
    cart::{self, MoneyUnit},
    envelope::{Param, Params, is_plain},
    failure::Failure,
};
use crate::domain::{cart::CartLine, code::CouponCode, life::check, people};

/// The parameters of one action.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    params: &'a Params,
    unit: MoneyUnit,
}

/// A part of a list: so many left out, so many told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Before it.
    pub skip: usize,
    /// In it.
    pub limit: usize,
}

/// How a coupon is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming<'a> {
    /// By `id`.
    Number(&'a str),
    /// By `verify_code`.
    Code(CouponCode),
}

/// The longest list.
pub const MOST: usize = 500;
const MOST_PAGES: usize = 1_000_000;
/// The most templates in one claim of many.
const MOST_AT_ONCE: usize = 20;

impl<'a> Reader<'a> {
    /// No value may have a sign in it by which two could be taken for one, not even one that nobody reads.
    pub fn new(params: &'a Params, unit: MoneyUnit) -> Result<Self, Failure> {
        for (name, param) in params {
            let fits = match param {
                // JSON may be laid out over several lines.
                Param::Text(text) if name == "checked" => !text.contains('&'),
                Param::Text(text) => is_plain(text),
                Param::Nested(_) => name == "checked",
                Param::Other => false,
            };
            if !fits {
                return Err(Failure::BadParam(name.clone().into()));
            }
        }
        Ok(Self { params, unit })
    }

    /// A text; an empty one is not there.
    pub fn text(&self, name: &'static str) -> Result<Option<&'a str>, Failure> {
        match self.params.get(name) {
            None => Ok(None),
            Some(Param::Text(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(Param::Nested(_) | Param::Other) => Err(Failure::param(name)),
        }
    }

    fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.text(name)?.map(|text| parse(text).ok_or(Failure::param(name))).transpose()
    }

    fn needed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, Failure> {
        self.parsed(name, parse)?.ok_or(Failure::param(name))
    }

    /// `user_id`, without which there is nobody to speak of.
    pub fn user_id(&self) -> Result<&'a str, Failure> {
        self.user_id_if_any()?.ok_or(Failure::NoUser)
    }

    /// `user_id`, where nobody need be named.
    pub fn user_id_if_any(&self) -> Result<Option<&'a str>, Failure> {
        self.parsed("user_id", |text| people::is_uid(text).then_some(text))
    }

    /// 1 是, 0 否, and not given is 否.
    pub fn flag(&self, name: &'static str) -> Result<bool, Failure> {
        let parse = |text| match text {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        };
        Ok(self.parsed(name, parse)?.unwrap_or_default())
    }

    /// An amount in the client's unit, in fen.
    pub fn fen(&self, name: &'static str) -> Result<Option<i64>, Failure> {
        self.parsed(name, |text| self.unit.fen(text))
    }

    /// `multi_store_sn`.
    pub fn store(&self) -> Result<Option<&'a str>, Failure> {
        self.parsed("multi_store_sn", |text| check::is_name(text).then_some(text))
    }

    /// `order_sn`.
    pub fn order(&self) -> Result<&'a str, Failure> {
        self.needed("order_sn", |text| check::unlock(text).is_ok().then_some(text))
    }

    /// `out_request_no`: the caller's name of one act.
    pub fn request_no(&self) -> Result<&'a str, Failure> {
        self.needed("out_request_no", |text| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
        })
    }

    /// The number of this name, as it was written.
    pub fn number(&self, name: &'static str) -> Result<&'a str, Failure> {
        self.needed(name, |text| is_number(text).then_some(text))
    }

    /// `lock_seconds`.
    pub fn lock_seconds(&self) -> Result<Option<i64>, Failure> {
        self.parsed("lock_seconds", |text| {
            let seconds = is_number(text).then(|| text.parse().ok())??;
            (60..=86_400).contains(&seconds).then_some(seconds)
        })
    }

    /// `id` or `verify_code`, and not both.
    pub fn naming(&self) -> Result<Naming<'a>, Failure> {
        let code = self.parsed("verify_code", |text| CouponCode::parse(text).ok())?;
        match (self.text("id")?, code) {
            (Some(_), None) => self.number("id").map(Naming::Number),
            (None, Some(code)) => Ok(Naming::Code(code)),
            (Some(_), Some(_)) | (None, None) => Err(Failure::param("id")),
        }
    }

    /// `coupon_ids`: up to twenty different numbers with commas between them, as they were written.
    pub fn coupon_ids(&self) -> Result<Vec<&'a str>, Failure> {
        self.needed("coupon_ids", |text| {
            let ids: Vec<_> = text.split(',').collect();
            let mut different = ids.clone();
            different.sort_unstable();
            different.dedup();
            let fits = ids.len() <= MOST_AT_ONCE && different.len() == ids.len();
            (fits && ids.iter().all(|id| is_number(id))).then_some(ids)
        })
    }

    /// `page` and `page_size`, which are ours; without them all, up to the longest list.
    pub fn page(&self) -> Result<Page, Failure> {
        let within = |name, most| {
            self.parsed(name, |text| {
                let number = is_number(text).then(|| text.parse().ok())??;
                (1..=most).contains(&number).then_some(number)
            })
        };
        let (page, size) = (within("page", MOST_PAGES)?, within("page_size", MOST)?);
        let usual = if page.is_some() { 20 } else { MOST };
        let limit = size.unwrap_or(usual);
        Ok(Page { skip: (page.unwrap_or(1) - 1) * limit, limit })
    }

    /// `checked`, which has to be there.
    pub fn cart(&self) -> Result<Vec<CartLine>, Failure> {
        let param = self.params.get("checked").ok_or(Failure::param("checked"))?;
        cart::checked(param, self.unit)
    }
}

/// A whole number above zero without anything around it.
fn is_number(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=16).contains(&text.len()) && digits && !text.starts_with('0')
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        let text = |text: &str| Param::Text(text.to_owned());
        pairs.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
    }

    /// What a reader of one parameter says.
    fn of<T>(
        pairs: &[(&str, &str)],
        read: impl Fn(&Reader<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let params = params(pairs);
        Reader::new(&params, MoneyUnit::Yuan).and_then(|reader| read(&reader))
    }

    #[test]
    fn what_could_be_taken_for_two_is_refused_even_where_nobody_reads_it() {
        for (name, value) in [("user", "1&a=2"), ("user_id", "1&Params.x=2"), ("order_sn", "a\nb")]
        {
            let refused = of(&[(name, value)], |_| Ok(()));

            assert_eq!(refused, Err(Failure::BadParam(name.to_owned().into())));
        }
        for other in [Param::Other, Param::Nested(RawValue::NULL.to_owned())] {
            let params = [("trace".to_owned(), other)].into();
            let refused = Reader::new(&params, MoneyUnit::Yuan).map(drop);

            assert_eq!(refused, Err(Failure::param("trace")));
        }
    }

    #[test]
    fn what_nobody_reads_means_nothing() {
        let read =
            of(&[("trace", "x=1"), ("user_id", "7")], |reader| reader.user_id().map(str::to_owned));

        assert_eq!(read, Ok("7".to_owned()));
    }

    #[test]
    fn a_cart_may_be_laid_out_over_several_lines() {
        let cart = "[\n\t{\"bar_code\":\"a\",\"offline_price\":1,\"buy_num\":1}\n]";
        let params = params(&[("checked", cart)]);

        let reader = Reader::new(&params, MoneyUnit::Yuan).unwrap();

        assert_eq!(reader.cart().map(|lines| lines.len()), Ok(1));
    }

    #[test]
    #[expect(clippy::redundant_closure_for_method_calls, reason = "a method is of one lifetime")]
    fn an_empty_text_is_not_there() {
        let empty = [("user_id", ""), ("shopping", ""), ("amount", ""), ("page", "")];

        assert_eq!(of(&empty, |reader| reader.user_id().map(drop)), Err(Failure::NoUser));
        assert_eq!(of(&empty, |reader| reader.flag("shopping")), Ok(false));
        assert_eq!(of(&empty, |reader| reader.fen("amount")), Ok(None));
        assert_eq!(of(&empty, |reader| reader.page()), Ok(Page { skip: 0, limit: 500 }));
        assert_eq!(
            of(&empty, |reader| reader.request_no().map(drop)),
            Err(Failure::param("out_request_no"))
        );
    }

    #[test]
    #[expect(clippy::redundant_closure_for_method_calls, reason = "a method is of one lifetime")]
    fn numbers_are_plain_and_in_their_range() {
        for (name, value, fits) in [
            ("lock_seconds", "59", false),
            ("lock_seconds", "60", true),
            ("lock_seconds", "86400", true),
            ("lock_seconds", "86401", false),
            ("lock_seconds", "1e3", false),
            ("page", "0", false),
            ("page", "01", false),
            ("page_size", "500", true),
            ("page_size", "501", false),
        ] {
            let read = of(&[(name, value)], |reader| {
                reader.lock_seconds()?;
                reader.page()
            });

            assert_eq!(read.is_ok(), fits, "{name} {value}: {read:?}");
        }
        assert_eq!(of(&[("page", "3")], |reader| reader.page()), Ok(Page { skip: 40, limit: 20 }));
    }

    #[test]
    fn a_coupon_has_one_name() {
        let code = CouponCode::parse("7Q2M8RZK4D").unwrap();
        for (pairs, expected) in [
            (&[("id", "91")][..], Ok(Naming::Number("91"))),
            (&[("verify_code", "7Q2M8RZK4D")][..], Ok(Naming::Code(code))),
            (&[("id", "91"), ("verify_code", "7Q2M8RZK4D")][..], Err(Failure::param("id"))),
            (&[][..], Err(Failure::param("id"))),
            (&[("id", "-1")][..], Err(Failure::param("id"))),
            (&[("verify_code", "a b")][..], Err(Failure::param("verify_code"))),
        ] {
            let params = params(pairs);
            let read = Reader::new(&params, MoneyUnit::Yuan).unwrap().naming();
            assert_eq!(read, expected, "{pairs:?}");
        }
    }

    #[test]
    fn up_to_twenty_different_templates_are_claimed_at_once() {
        let many = |count: u32| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        for (ids, fits) in [
            ("1", true),
            ("3,1,2", true),
            (&*many(20), true),
            (&*many(21), false),
            ("1,1", false),
            ("1,", false),
            ("", false),
            ("1, 2", false),
        ] {
            let params = params(&[("coupon_ids", ids)]);
            let reader = Reader::new(&params, MoneyUnit::Yuan).unwrap();
            assert_eq!(reader.coupon_ids().is_ok(), fits, "{ids}");
        }
    }
}
