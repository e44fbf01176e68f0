//! The Chinese that stands in for what a merchant left unwritten: limit, and how to use it.

use chrono::{DateTime, FixedOffset, Utc};

use crate::domain::{
    benefit::Benefit,
    figure::{tenths_left, yuan},
    terms::Terms,
    validity::ValidityRule,
};

/// `每人限领1张`.
pub fn limit(per_person: u32) -> String {
    format!("每人限领{per_person}张")
}

/// All of it in a few short sentences.
pub fn introduction(terms: &Terms) -> String {
    let (threshold, limit) = (terms.threshold.text(), limit(terms.per_person_limit));
    let (benefit, validity) = (benefit(&terms.benefit), validity(&terms.validity));
    format!("{benefit}，{threshold}。{limit}。{validity}。")
}

fn benefit(benefit: &Benefit) -> String {
    let capped = |text: String, cap_fen: Option<i64>| match cap_fen {
        None => text,
        Some(fen) => format!("{text}（最多减{}元）", yuan(fen)),
    };
    match benefit {
        Benefit::Amount { off_fen } => format!("立减{}元", yuan(*off_fen)),
        Benefit::Percent { off_basis_points: 10_000.., cap_fen } => {
            capped("全额减免".to_owned(), *cap_fen)
        }
        Benefit::Percent { off_basis_points, cap_fen } => {
            capped(format!("{}折", tenths_left(*off_basis_points)), *cap_fen)
        }
        Benefit::FreeShipping { cap_fen } => capped("免运费".to_owned(), *cap_fen),
        Benefit::Exchange => "凭券兑换".to_owned(),
        Benefit::GroupBuy { price_fen } => format!("团购价{}元", yuan(*price_fen)),
    }
}

fn validity(rule: &ValidityRule) -> String {
    match *rule {
        ValidityRule::Fixed { from, until } => format!("{}至{}可用", minute(from), minute(until)),
        ValidityRule::AfterClaim { days, starts_after_days: 0 } => format!("领取后{days}天内可用"),
        ValidityRule::AfterClaim { days, starts_after_days } => {
            format!("领取{starts_after_days}天后生效，{days}天内可用")
        }
    }
}

/// On Chinese clocks.
fn minute(moment: DateTime<Utc>) -> String {
    let china = FixedOffset::east_opt(8 * 3600);
    china.map_or_else(String::new, |china| {
        moment.with_timezone(&china).format("%Y-%m-%d %H:%M").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::tests::sample;

    #[test]
    fn a_limit_is_put_in_words() {
        assert_eq!(limit(1), "每人限领1张");
    }

    #[test]
    fn a_benefit_is_put_in_words() {
        for (given, text) in [
            (Benefit::Amount { off_fen: 2000 }, "立减20元"),
            (Benefit::Percent { off_basis_points: 2000, cap_fen: None }, "8折"),
            (
                Benefit::Percent { off_basis_points: 1500, cap_fen: Some(5000) },
                "8.5折（最多减50元）",
            ),
            (Benefit::Percent { off_basis_points: 10_000, cap_fen: None }, "全额减免"),
            (Benefit::FreeShipping { cap_fen: None }, "免运费"),
            (Benefit::Exchange, "凭券兑换"),
            (Benefit::GroupBuy { price_fen: 9900 }, "团购价99元"),
        ] {
            assert_eq!(benefit(&given), text);
        }
    }

    #[test]
    fn a_validity_is_put_in_words() {
        let at = |text: &str| text.parse().unwrap();
        let fixed = ValidityRule::Fixed {
            from: at("2026-11-11T00:00:00+08:00"),
            until: at("2026-11-12T00:00:00+08:00"),
        };
        let later = ValidityRule::AfterClaim { days: 7, starts_after_days: 2 };

        assert_eq!(validity(&fixed), "2026-11-11 00:00至2026-11-12 00:00可用");
        assert_eq!(validity(&later), "领取2天后生效，7天内可用");
        let whole = "立减20元，满100元可用。每人限领1张。领取后7天内可用。";
        assert_eq!(introduction(&sample()), whole);
    }
}
