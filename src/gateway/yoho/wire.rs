//! Templates and coupons as they look in lists. Members are declared in alphabetical order, as they are sent.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{argument::coupon_type, envelope::Money};
use crate::{
    domain::{
        benefit::{Benefit, Threshold},
        category::Category,
        day::in_china,
        figure::yuan,
        number::TemplateNumber,
        terms::Terms,
        validity::ValidityRule,
    },
    service::desk::offers::TemplateOffer,
};

/// A template in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRow<'a> {
    coupon_amount: Money,
    coupon_code: &'static str,
    coupon_name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_type: Option<u8>,
    end_time: String,
    id: TemplateNumber,
    start_time: String,
    status: u8,
    use_limit: String,
    use_limit_type: &'static str,
}

/// Only what can be had is listed.
const ACTIVE: u8 = 1;

impl<'a> TemplateRow<'a> {
    /// The offer; with its type, or as the birthday list has it without.
    pub fn of(offer: &'a TemplateOffer, category: Option<Category>) -> Self {
        let terms = &*offer.terms;
        let (from, until) = span(terms);
        let (use_limit, use_limit_type) = use_limit(&terms.threshold);
        Self {
            coupon_amount: face_value(&terms.benefit),
            coupon_code: "",
            coupon_name: name(terms),
            coupon_type: category.map(coupon_type),
            end_time: last_second(until),
            id: offer.number,
            start_time: local(from),
            status: ACTIVE,
            use_limit,
            use_limit_type,
        }
    }
}

/// What it takes off at most, in so far as the protocol can say it.
pub const fn face_value(benefit: &Benefit) -> Money {
    match *benefit {
        Benefit::Amount { off_fen } => Money(off_fen),
        Benefit::Percent { cap_fen: Some(cap), .. }
        | Benefit::FreeShipping { cap_fen: Some(cap) } => Money(cap),
        Benefit::Percent { cap_fen: None, .. }
        | Benefit::FreeShipping { cap_fen: None }
        | Benefit::Exchange
        | Benefit::GroupBuy { .. } => Money(0),
    }
}

/// The title, with what its amount cannot tell.
pub fn name(terms: &Terms) -> Cow<'_, str> {
    match terms.benefit {
        Benefit::Percent { .. } | Benefit::GroupBuy { .. } => {
            Cow::Owned(format!("{}-{}", terms.title, terms.benefit.text()))
        }
        Benefit::Amount { .. } | Benefit::FreeShipping { .. } | Benefit::Exchange => {
            Cow::Borrowed(&terms.title)
        }
    }
}

/// `useLimit` and `useLimitType`.
fn use_limit(threshold: &Threshold) -> (String, &'static str) {
    match *threshold {
        Threshold::None => ("0".to_owned(), ""),
        Threshold::Pieces { count } => (count.to_string(), "1"),
        Threshold::Amount { fen } => (yuan(fen), "2"),
    }
}

/// When its coupons can be used or, where that follows from the claim, when it can be claimed.
const fn span(terms: &Terms) -> (DateTime<Utc>, DateTime<Utc>) {
    match terms.validity {
        ValidityRule::Fixed { from, until } => (from, until),
        ValidityRule::AfterClaim { .. } => (terms.claim_from, terms.claim_until),
    }
}

/// As a clock in China shows it.
pub fn local(moment: DateTime<Utc>) -> String {
    in_china(moment).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The last second before the first moment at which something is over: the protocol means its ends to be included.
pub fn last_second(until: DateTime<Utc>) -> String {
    local(until.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(until))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn sample() -> Terms {
        serde_json::from_str(include_str!("../../../tests/fixtures/terms.json")).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn offer(terms: Terms) -> TemplateOffer {
        TemplateOffer {
            number: TemplateNumber::parse("2030").unwrap(),
            template: uuid::Uuid::nil().into(),
            terms: Arc::new(terms),
            status: None,
            left: 1,
            held: 0,
        }
    }

    #[test]
    fn a_template_is_listed_as_the_original_does() {
        let validity = ValidityRule::Fixed {
            from: at("2013-12-01T00:00:00+08:00"),
            until: at("2017-01-31T09:45:41+08:00"),
        };
        let terms = Terms {
            title: "12月生日券-满199减50".to_owned(),
            benefit: Benefit::Amount { off_fen: 5000 },
            threshold: Threshold::Amount { fen: 19_900 },
            validity,
            ..sample()
        };
        let golden = include_str!("../../../tests/fixtures/yoho/golden.json");
        let offer = offer(terms);

        let row = serde_json::to_string(&TemplateRow::of(&offer, None)).unwrap();
        let typed = serde_json::to_string(&TemplateRow::of(&offer, Some(Category::B))).unwrap();

        assert!(golden.starts_with(&format!("[{row},")), "{row}");
        assert!(typed.contains(r#"减50","couponType":2,"endTime":"#), "{typed}");
    }

    #[test]
    fn relative_validity_shows_when_it_can_be_claimed() {
        let offer = offer(sample());

        let row = TemplateRow::of(&offer, None);

        assert_eq!(row.start_time, "2026-11-01 00:00:00");
        assert_eq!(row.end_time, "2026-11-30 23:59:59");
    }

    #[test]
    fn an_end_is_the_last_second_that_still_counts() {
        assert_eq!(last_second(at("2026-11-30T16:00:00Z")), "2026-11-30 23:59:59");
        assert_eq!(last_second(at("2026-11-30T16:00:00.000001Z")), "2026-12-01 00:00:00");
    }

    #[test]
    fn each_benefit_has_an_amount_and_the_rest_is_in_the_name() {
        let percent = |cap_fen| Benefit::Percent { off_basis_points: 1500, cap_fen };
        for (benefit, amount, name_ends) in [
            (Benefit::Amount { off_fen: 1050 }, 1050, "减 20"),
            (percent(None), 0, "减 20-8.5 折"),
            (percent(Some(5000)), 5000, "减 20-8.5 折，最多减 50 元"),
            (Benefit::FreeShipping { cap_fen: None }, 0, "减 20"),
            (Benefit::FreeShipping { cap_fen: Some(800) }, 800, "减 20"),
            (Benefit::Exchange, 0, "减 20"),
            (Benefit::GroupBuy { price_fen: 990 }, 0, "减 20-团购价 9.9 元"),
        ] {
            let terms = Terms { benefit, ..sample() };

            assert_eq!(face_value(&terms.benefit), Money(amount));
            assert!(name(&terms).ends_with(name_ends), "{}", name(&terms));
        }
    }

    #[test]
    fn a_threshold_is_a_plain_number() {
        for (threshold, limit, kind) in [
            (Threshold::None, "0", ""),
            (Threshold::Pieces { count: 3 }, "3", "1"),
            (Threshold::Amount { fen: 19_900 }, "199", "2"),
            (Threshold::Amount { fen: 19_950 }, "199.5", "2"),
        ] {
            assert_eq!(use_limit(&threshold), (limit.to_owned(), kind));
        }
    }
}
