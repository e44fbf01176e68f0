//! What people read of a coupon here: what it is worth, which has no field of its own, and how it stands.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    benefit::{Benefit, Threshold},
    figure::{tenths_left, yuan},
    standing::CouponStatus,
    terms::Terms,
};

/// `desc`: the merchant's own words or, where there are none, threshold and benefit in ours, as `满100元减20元`.
pub fn desc(terms: &Terms) -> String {
    let written = terms.texts.description.trim();
    if !written.is_empty() {
        return written.to_owned();
    }
    let threshold = match terms.threshold {
        Threshold::None => String::new(),
        Threshold::Amount { fen } => format!("满{}元", yuan(fen)),
        Threshold::Pieces { count } => format!("满{count}件"),
    };
    let capped = |text: String, cap: Option<i64>| match cap {
        Some(cap) => format!("{text}，最多减{}元", yuan(cap)),
        None => text,
    };
    let benefit = match terms.benefit {
        Benefit::Amount { off_fen } if threshold.is_empty() => format!("立减{}元", yuan(off_fen)),
        Benefit::Amount { off_fen } => format!("减{}元", yuan(off_fen)),
        // Nobody calls it a discount of 100 %.
        Benefit::Percent { off_basis_points: 10_000, cap_fen } => {
            capped("免单".to_owned(), cap_fen)
        }
        Benefit::Percent { off_basis_points, cap_fen } => {
            capped(format!("打{}折", tenths_left(off_basis_points)), cap_fen)
        }
        Benefit::FreeShipping { cap_fen } => capped("免运费".to_owned(), cap_fen),
        Benefit::Exchange => format!("可兑换{}", terms.title),
        Benefit::GroupBuy { price_fen } => format!("团购价{}元", yuan(price_fen)),
    };
    threshold + &benefit
}

/// `date_time`, 状态展示字段: how it stands, ready to be shown.
pub const fn label(status: CouponStatus) -> &'static str {
    match status {
        CouponStatus::Used => "已使用",
        CouponStatus::Locked => "已锁定",
        CouponStatus::Expired => "已过期",
        CouponStatus::NotYetValid => "未生效",
        CouponStatus::Usable => "未使用",
        CouponStatus::Suspended => "不可用",
        // Shown nowhere.
        CouponStatus::Void => "已作废",
    }
}

/// `end_at`: the last second in which it can be used; `until` is the first moment at which it cannot.
pub fn last_second(until: DateTime<Utc>) -> i64 {
    (until - TimeDelta::nanoseconds(1)).timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(benefit: Benefit, threshold: Threshold) -> Terms {
        let sample = include_str!("../../../tests/fixtures/terms.json");
        let mut terms: Terms = serde_json::from_str(sample).unwrap();
        terms.texts.description = " ".to_owned();
        Terms { benefit, threshold, title: "茶杯".to_owned(), ..terms }
    }

    #[test]
    fn what_a_coupon_is_worth_is_said_where_the_merchant_says_nothing() {
        let hundred = || Threshold::Amount { fen: 10_000 };
        let percent = |off_basis_points, cap_fen| Benefit::Percent { off_basis_points, cap_fen };
        for (benefit, threshold, text) in [
            (Benefit::Amount { off_fen: 2000 }, hundred(), "满100元减20元"),
            (Benefit::Amount { off_fen: 550 }, Threshold::None, "立减5.5元"),
            (Benefit::Amount { off_fen: 2000 }, Threshold::Pieces { count: 3 }, "满3件减20元"),
            (percent(2000, None), hundred(), "满100元打8折"),
            (percent(1500, Some(5000)), Threshold::None, "打8.5折，最多减50元"),
            (percent(10_000, Some(5000)), Threshold::None, "免单，最多减50元"),
            (Benefit::FreeShipping { cap_fen: None }, hundred(), "满100元免运费"),
            (Benefit::Exchange, Threshold::None, "可兑换茶杯"),
            (Benefit::GroupBuy { price_fen: 9900 }, Threshold::None, "团购价99元"),
        ] {
            assert_eq!(desc(&terms(benefit, threshold)), text);
        }
        let mut own = terms(Benefit::Exchange, Threshold::None);
        own.texts.description = "凭券领取".to_owned();
        assert_eq!(desc(&own), "凭券领取");
    }

    #[test]
    fn the_end_is_the_last_second_of_use() {
        // The sample of the original: 2019-03-21 23:59:59 in China.
        for (until, seconds) in [
            ("2019-03-22T00:00:00+08:00", 1_553_183_999),
            ("2019-03-22T00:00:00.5+08:00", 1_553_184_000),
        ] {
            let until: DateTime<Utc> = until.parse().unwrap();
            assert_eq!(last_second(until), seconds);
        }
    }

    #[test]
    fn every_standing_has_its_label() {
        for (status, text) in [
            (CouponStatus::Usable, "未使用"),
            (CouponStatus::NotYetValid, "未生效"),
            (CouponStatus::Locked, "已锁定"),
            (CouponStatus::Used, "已使用"),
            (CouponStatus::Expired, "已过期"),
            (CouponStatus::Suspended, "不可用"),
        ] {
            assert_eq!(label(status), text);
        }
    }
}
