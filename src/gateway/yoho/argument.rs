//! What an operation takes: each parameter in one strict form, so that no two spellings mean one thing and no value can
//! be mistaken for several.

use super::{params::Params, refusal::Refusal};
use crate::domain::{
    category::Category,
    code::CouponCode,
    number::{CouponNumber, TemplateNumber},
};

type Taken<T> = Result<T, Refusal>;

/// A person, as the merchant's systems number them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uid(i64);

/// Where in a list a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// So many before it.
    pub offset: i64,
    /// At most so many on it.
    pub limit: i64,
}

/// The longest page; longer ones are cut to it.
const LONGEST_PAGE: i64 = 100;
/// The most ids in one batch.
const MOST_IN_A_BATCH: usize = 20;
/// How long an order keeps a coupon when nobody says.
const USUAL_LOCK: i64 = 86_400;

impl Params<'_> {
    /// The value, unless it is empty or not there.
    fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whom it is about; absent, empty and below one are nobody, as in the original.
    pub fn uid(&self) -> Taken<Uid> {
        self.uid_or_nobody()?.ok_or(Refusal::UnknownUser)
    }

    /// The same where it may be about nobody in particular.
    pub fn uid_or_nobody(&self) -> Taken<Option<Uid>> {
        let Some(text) = self.given("uid") else { return Ok(None) };
        match text.strip_prefix('-').unwrap_or(text) {
            digits if number(digits).is_none() => Err(Refusal::bad("uid")),
            "0" => Ok(None),
            digits if digits.len() < text.len() => Ok(None),
            digits => Ok(number(digits).map(Uid)),
        }
    }

    /// `couponId`: a template.
    pub fn template(&self) -> Taken<TemplateNumber> {
        self.template_if_given()?.ok_or(Refusal::bad("couponId"))
    }

    /// The same where it may be missing.
    pub fn template_if_given(&self) -> Taken<Option<TemplateNumber>> {
        let Some(text) = self.given("couponId") else { return Ok(None) };
        TemplateNumber::parse(text).map(Some).ok_or(Refusal::bad("couponId"))
    }

    /// `couponIds`: templates, each once, in the order named.
    pub fn templates(&self) -> Taken<Vec<TemplateNumber>> {
        let bad = || Refusal::bad("couponIds");
        let items = self.get("couponIds").ok_or_else(bad)?.split(',');
        let mut templates = Vec::new();
        for item in items.map(str::trim_ascii).filter(|item| !item.is_empty()) {
            let template = TemplateNumber::parse(item).ok_or_else(bad)?;
            if !templates.contains(&template) {
                templates.push(template);
            }
            if templates.len() > MOST_IN_A_BATCH {
                return Err(bad());
            }
        }
        if templates.is_empty() { Err(bad()) } else { Ok(templates) }
    }

    /// `couponType`.
    pub fn category(&self) -> Taken<Category> {
        let text = self.get("couponType").unwrap_or_default();
        let known = CATEGORIES.into_iter().find(|(digit, _)| *digit == text);
        known.map(|(_, category)| category).ok_or(Refusal::bad("couponType"))
    }

    /// `id`: a coupon, as lists number it.
    pub fn coupon_if_given(&self) -> Taken<Option<CouponNumber>> {
        let Some(text) = self.given("id") else { return Ok(None) };
        CouponNumber::parse(text).map(Some).ok_or(Refusal::bad("id"))
    }

    /// `couponCode`.
    pub fn code_if_given(&self) -> Taken<Option<CouponCode>> {
        let Some(text) = self.given("couponCode") else { return Ok(None) };
        CouponCode::parse(text).map(Some).map_err(|_| Refusal::bad("couponCode"))
    }

    /// A plain text, which may be missing: letters, digits, `_` and `-`.
    pub fn plain_if_given(&self, name: &'static str) -> Taken<Option<&str>> {
        let Some(text) = self.given(name) else { return Ok(None) };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if text.len() <= 64 && text.bytes().all(plain) {
            Ok(Some(text))
        } else {
            Err(Refusal::bad(name))
        }
    }

    /// The same where it must be there.
    pub fn plain(&self, name: &'static str) -> Taken<&str> {
        self.plain_if_given(name)?.ok_or(Refusal::bad(name))
    }

    /// `page` from 1, and `limit`.
    pub fn page(&self) -> Taken<Page> {
        let count = |name: &'static str| {
            let number = self.get(name).and_then(number).filter(|number| *number > 0);
            number.ok_or(Refusal::bad(name))
        };
        let (limit, page) = (count("limit")?.min(LONGEST_PAGE), count("page")?);
        Ok(Page { offset: (page - 1).saturating_mul(limit), limit })
    }

    /// `lockSeconds`: a minute to a day.
    pub fn lock_seconds(&self) -> Taken<i64> {
        let Some(text) = self.given("lockSeconds") else { return Ok(USUAL_LOCK) };
        let seconds = number(text).filter(|seconds| (60..=86_400).contains(seconds));
        seconds.ok_or(Refusal::bad("lockSeconds"))
    }

    /// `timestamp`, in seconds.
    pub fn timestamp(&self) -> Taken<Option<i64>> {
        let Some(text) = self.given("timestamp") else { return Ok(None) };
        number(text).map(Some).ok_or(Refusal::bad("timestamp"))
    }
}

const CATEGORIES: [(&str, Category); 5] = [
    ("1", Category::A),
    ("2", Category::B),
    ("3", Category::Public),
    ("4", Category::Birthday),
    ("5", Category::FreeShipping),
];

/// The number of a category on the wire.
pub const fn coupon_type(category: Category) -> u8 {
    match category {
        Category::A => 1,
        Category::B => 2,
        Category::Public => 3,
        Category::Birthday => 4,
        Category::FreeShipping => 5,
    }
}

/// Plain decimal without a zero in front.
fn number(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let short = text == "0" || !text.starts_with('0');
    if plain && short { text.parse().ok() } else { None }
}

impl Uid {
    /// For buckets.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// As the merchant's other systems write it.
impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params<'_> {
        Params::read(query, b"").unwrap()
    }

    #[test]
    fn a_person_is_a_number_above_zero() {
        let bad = Err(Refusal::bad("uid"));
        for (query, expected) in [
            ("uid=7893817", Ok(Uid(7_893_817))),
            ("uid=9223372036854775807", Ok(Uid(i64::MAX))),
            ("", Err(Refusal::UnknownUser)),
            ("uid=", Err(Refusal::UnknownUser)),
            ("uid=0", Err(Refusal::UnknownUser)),
            ("uid=-5", Err(Refusal::UnknownUser)),
            ("uid=9223372036854775808", bad.clone()),
            ("uid=007", bad.clone()),
            ("uid=%2B7", bad.clone()),
            ("uid=7+", bad.clone()),
            ("uid=-", bad.clone()),
            ("uid=7.0", bad.clone()),
            ("uid=%EF%BC%97", bad.clone()),
            ("uid=null", bad.clone()),
        ] {
            assert_eq!(params(query).uid(), expected, "{query}");
        }
        assert_eq!(params("uid=").uid_or_nobody(), Ok(None));
        assert_eq!(params("uid=x").uid_or_nobody(), bad.map(|_: Uid| None));
    }

    #[test]
    fn a_batch_is_up_to_twenty_templates_each_once() {
        let number = |text| TemplateNumber::parse(text).unwrap();
        let bad = || Err(Refusal::bad("couponIds"));
        let twenty = (1..=20).map(|id| id.to_string()).collect::<Vec<_>>().join(",");

        for (list, expected) in [
            ("23121,45231", Ok(vec![number("23121"), number("45231")])),
            ("+2+,,1,2,", Ok(vec![number("2"), number("1")])),
            ("", bad()),
            (",+,", bad()),
            ("1,a", bad()),
            ("1,-2", bad()),
            ("1;2", bad()),
            ("0", bad()),
            ("01", bad()),
        ] {
            assert_eq!(params(&format!("couponIds={list}")).templates(), expected, "{list}");
        }
        assert_eq!(params("").templates(), bad());
        assert_eq!(params(&format!("couponIds={twenty},20")).templates().unwrap().len(), 20);
        assert_eq!(params(&format!("couponIds={twenty},21")).templates(), bad());
    }

    #[test]
    fn pages_are_counted_from_one_and_cut_to_a_hundred() {
        let page = |offset, limit| Ok(Page { offset, limit });
        for (query, expected) in [
            ("page=1&limit=10", page(0, 10)),
            ("page=3&limit=10", page(20, 10)),
            ("page=2&limit=500", page(100, 100)),
            ("page=9223372036854775807&limit=100", page(i64::MAX, 100)),
            ("page=0&limit=10", Err(Refusal::bad("page"))),
            ("page=1&limit=0", Err(Refusal::bad("limit"))),
            ("page=1", Err(Refusal::bad("limit"))),
            ("limit=1", Err(Refusal::bad("page"))),
            ("page=a&limit=1", Err(Refusal::bad("page"))),
            ("page=1&limit=-1", Err(Refusal::bad("limit"))),
        ] {
            assert_eq!(params(query).page(), expected, "{query}");
        }
    }

    #[test]
    fn types_are_numbered_from_one_to_five() {
        for (text, category) in CATEGORIES {
            assert_eq!(params(&format!("couponType={text}")).category(), Ok(category));
            assert_eq!(coupon_type(category).to_string(), text);
        }
        for query in ["", "couponType=", "couponType=0", "couponType=6", "couponType=04"] {
            assert_eq!(params(query).category(), Err(Refusal::bad("couponType")), "{query}");
        }
    }

    #[test]
    fn texts_are_plain_and_spans_are_in_their_range() {
        for (query, fits) in [
            ("orderCode=A_1-b", true),
            ("orderCode=", false),
            ("orderCode=a+b", false),
            ("orderCode=%E5%8D%95", false),
            ("orderCode=a%3Db", false),
        ] {
            assert_eq!(params(query).plain("orderCode").is_ok(), fits, "{query}");
        }
        let long = format!("orderCode={}", "9".repeat(65));
        assert_eq!(params(&long).plain("orderCode"), Err(Refusal::bad("orderCode")));
        for (query, expected) in [
            ("", Some(86_400)),
            ("lockSeconds=60", Some(60)),
            ("lockSeconds=59", None),
            ("lockSeconds=86401", None),
            ("lockSeconds=1h", None),
        ] {
            assert_eq!(params(query).lock_seconds().ok(), expected, "{query}");
        }
    }
}
