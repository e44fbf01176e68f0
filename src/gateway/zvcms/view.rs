//! Coupons as a client of this protocol sees them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    settings::Settings,
    spelling::{Number, Spelling},
    wording::{desc, label, last_second},
};
use crate::domain::{
    benefit::{Benefit, Threshold},
    standing::CouponStatus,
    terms::Terms,
};

/// `item_list[]`: a coupon in somebody's hands.
#[derive(Serialize)]
pub struct ItemView<'a> {
    id: Number,
    coupon_id: Number,
    start_at: String,
    end_at: String,
    status: Number,
    verify_code: &'a str,
    is_lock: Number,
    date_time: &'static str,
    coupon: CouponView<'a>,
}

/// `coupon`: what it promises.
#[derive(Serialize)]
pub struct CouponView<'a> {
    id: Number,
    title: &'a str,
    coupon_type: Number,
    min_amount_use: Number,
    desc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_fen: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_rate: Option<Number>,
}

/// `item_list[]` of what can be claimed.
#[derive(Serialize)]
pub struct OfferView<'a> {
    #[serde(flatten)]
    coupon: CouponView<'a>,
    remain: Number,
    user_received: Number,
    can_receive: Number,
}

/// One of a list, by its public number and with its terms.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Of the template.
    pub template: i64,
    /// What it promises.
    pub terms: &'a Terms,
}

/// What is somebody's own of a coupon.
#[derive(Clone, Copy)]
pub struct InHand<'a> {
    /// Its public number.
    pub number: i64,
    /// The first moment of use, and the first at which it is over.
    pub validity: (DateTime<Utc>, DateTime<Utc>),
    /// What it is now.
    pub status: CouponStatus,
    /// 核销码.
    pub code: &'a str,
}

/// How one client sees them.
#[derive(Debug, Clone, Copy)]
pub struct Eyes {
    /// How it hears numbers.
    pub spelling: Spelling,
    show_discount: bool,
    hide_unpriced: bool,
}

/// A whole price in basis points.
const WHOLE: u16 = 10_000;

impl Eyes {
    /// As it is set for the client.
    pub const fn of(settings: &Settings) -> Self {
        let Settings { show_discount, hide_unpriced, .. } = *settings;
        Self { spelling: settings.spelling(), show_discount, hide_unpriced }
    }

    /// Whether it sees coupons of this kind at all.
    pub const fn sees(self, terms: &Terms) -> bool {
        !self.hide_unpriced
            || matches!(terms.benefit, Benefit::Amount { .. } | Benefit::Percent { .. })
    }

    /// A coupon in somebody's hands.
    pub fn item<'a>(self, shown: Shown<'a>, mine: InHand<'a>) -> ItemView<'a> {
        let (from, until) = mine.validity;
        ItemView {
            id: self.number(mine.number),
            coupon_id: self.number(shown.template),
            start_at: from.timestamp().to_string(),
            end_at: last_second(until).to_string(),
            status: self.number(i64::from(mine.status == CouponStatus::Used)),
            verify_code: mine.code,
            is_lock: self.number(
                if matches!(mine.status, CouponStatus::Locked | CouponStatus::Suspended) {
                    2
                } else {
                    1
                },
            ),
            date_time: label(mine.status),
            coupon: self.coupon(shown),
        }
    }

    /// What can be claimed: how much is left, how many this person was given, and whether they may have one.
    pub fn offer(self, shown: Shown<'_>, (left, held, can): (i64, u32, bool)) -> OfferView<'_> {
        OfferView {
            coupon: self.coupon(shown),
            remain: self.number(left.max(0)),
            user_received: self.number(i64::from(held)),
            can_receive: self.number(i64::from(can)),
        }
    }

    fn coupon(self, Shown { template, terms }: Shown<'_>) -> CouponView<'_> {
        let threshold = match terms.threshold {
            Threshold::Amount { fen } => fen,
            Threshold::None | Threshold::Pieces { .. } => 0,
        };
        let (mut discount_fen, mut discount_rate) = (None, None);
        let mut kind = 0;
        match terms.benefit {
            Benefit::Amount { off_fen } => discount_fen = Some(self.number(off_fen)),
            Benefit::Percent { off_basis_points, .. } => {
                kind = 1;
                let left = WHOLE.saturating_sub(off_basis_points);
                discount_rate = Some(self.number(i64::from(left)));
            }
            Benefit::FreeShipping { .. } | Benefit::Exchange | Benefit::GroupBuy { .. } => {}
        }
        CouponView {
            id: self.number(template),
            title: &terms.title,
            coupon_type: self.number(kind),
            min_amount_use: self.number(threshold),
            desc: desc(terms),
            discount_fen: discount_fen.filter(|_| self.show_discount),
            discount_rate: discount_rate.filter(|_| self.show_discount),
        }
    }

    const fn number(self, value: i64) -> Number {
        Number(value, self.spelling)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn terms(benefit: Benefit) -> Terms {
        let sample = include_str!("../../../tests/fixtures/terms.json");
        let terms: Terms = serde_json::from_str(sample).unwrap();
        let mut terms = Terms { benefit, title: "新春券".to_owned(), ..terms };
        terms.threshold = Threshold::Amount { fen: 10_000 };
        terms.texts.description.clear();
        terms
    }

    fn item(settings: &Settings, benefit: Benefit, status: CouponStatus) -> Value {
        let from = "2019-01-11T00:00:00+08:00".parse().unwrap();
        let until = "2019-02-11T00:00:00+08:00".parse().unwrap();
        let mine = InHand { number: 91, validity: (from, until), status, code: "7Q2M8RZK4D" };
        let terms = terms(benefit);
        let item = Eyes::of(settings).item(Shown { template: 7, terms: &terms }, mine);
        serde_json::from_str(&serde_json::to_string(&item).unwrap()).unwrap()
    }

    #[test]
    fn the_worked_example_comes_out_byte_for_byte() {
        let from = "2019-01-11T00:00:00+08:00".parse().unwrap();
        let until = "2019-02-11T00:00:00+08:00".parse().unwrap();
        let status = CouponStatus::Usable;
        let mine = InHand { number: 91, validity: (from, until), status, code: "7Q2M8RZK4D" };
        let terms = terms(Benefit::Amount { off_fen: 2000 });

        let item = Eyes::of(&Settings::default()).item(Shown { template: 7, terms: &terms }, mine);

        let expected = r#"{"id":91,"coupon_id":7,"start_at":"1547136000","end_at":"1549814399","status":0,"verify_code":"7Q2M8RZK4D","is_lock":1,"date_time":"未使用","coupon":{"id":7,"title":"新春券","coupon_type":0,"min_amount_use":10000,"desc":"满100元减20元"}}"#;
        assert_eq!(serde_json::to_string(&item).unwrap(), expected);
    }

    #[test]
    fn only_a_used_coupon_is_used_and_only_a_locked_one_locked() {
        for (status, used, lock) in [
            (CouponStatus::Usable, 0, 1),
            (CouponStatus::NotYetValid, 0, 1),
            (CouponStatus::Locked, 0, 2),
            (CouponStatus::Suspended, 0, 2),
            (CouponStatus::Expired, 0, 1),
            (CouponStatus::Used, 1, 1),
        ] {
            let item = item(&Settings::default(), Benefit::Exchange, status);
            assert_eq!((&item["status"], &item["is_lock"]), (&json!(used), &json!(lock)));
        }
    }

    #[test]
    fn a_stringly_client_hears_texts_and_a_curious_one_what_is_taken_off() {
        let settings = Settings { stringly: true, show_discount: true, ..Settings::default() };
        let percent = Benefit::Percent { off_basis_points: 2000, cap_fen: None };

        let amount = item(&settings, Benefit::Amount { off_fen: 2000 }, CouponStatus::Usable);
        let percent = item(&settings, percent, CouponStatus::Usable);

        assert_eq!((&amount["id"], &amount["is_lock"]), (&json!("91"), &json!("1")));
        assert_eq!(amount["coupon"]["discount_fen"], "2000");
        assert_eq!(amount["coupon"].get("discount_rate"), None);
        assert_eq!(percent["coupon"]["coupon_type"], "1");
        assert_eq!(percent["coupon"]["discount_rate"], "8000");
    }

    #[test]
    fn what_takes_off_no_price_can_be_hidden() {
        let hiding = Eyes::of(&Settings { hide_unpriced: true, ..Settings::default() });
        let showing = Eyes::of(&Settings::default());
        for (benefit, seen) in [
            (Benefit::Amount { off_fen: 1 }, true),
            (Benefit::Percent { off_basis_points: 1, cap_fen: None }, true),
            (Benefit::FreeShipping { cap_fen: None }, false),
            (Benefit::Exchange, false),
            (Benefit::GroupBuy { price_fen: 1 }, false),
        ] {
            let terms = terms(benefit);
            assert!(showing.sees(&terms));
            assert_eq!(hiding.sees(&terms), seen);
        }
    }
}
