//! The Chinese on a card: what the merchant wrote, and what stands in for what they left unwritten.

use chrono::{DateTime, FixedOffset, Utc};

use crate::domain::{
    benefit::Benefit,
    figure::{tenths_left, yuan},
    terms::Terms,
    validity::ValidityRule,
};

/// What holders are told to do at a till.
pub const NOTICE: &str = "使用时向服务员出示此券";

/// All there is to say about using it, line by line: the threshold too, for which most types of cards have no field.
pub fn description(terms: &Terms) -> String {
    let texts = &terms.texts;
    let limit = || format!("每人限领{}张", terms.per_person_limit);
    let introduction = || format!("{}。{}。", worth(terms), validity(&terms.validity));
    let lines = [
        texts.description.trim().to_owned(),
        terms.threshold_text(),
        written(&texts.introduction, introduction),
        written(&texts.limit, limit),
    ];
    let mut told: Vec<String> = Vec::new();
    for line in lines.into_iter().filter(|line| !line.is_empty()) {
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told.join("\n")
}

/// What the holder gets, for the types of cards that say it in words.
pub fn detail(terms: &Terms) -> String {
    format!("{}：{}", terms.title, worth(terms))
}

/// What the merchant wrote, or what stands in for it.
fn written(text: &str, otherwise: impl FnOnce() -> String) -> String {
    if text.trim().is_empty() { otherwise() } else { text.trim().to_owned() }
}

fn worth(terms: &Terms) -> String {
    let capped = |text: String, cap_fen: Option<i64>| match cap_fen {
        None => text,
        Some(fen) => format!("{text}（最多减{}元）", yuan(fen)),
    };
    match &terms.benefit {
        Benefit::Amount { off_fen } => format!("立减{}元", yuan(*off_fen)),
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
