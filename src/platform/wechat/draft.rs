//! A template's terms as WeChat is to be told of them.

#[cfg(test)]
mod tests;

use chrono::TimeDelta;

use super::{
    colour::COLOURS,
    form::{AdvancedInfo, BaseInfo, CardKind, CodeMode, DateInfo, NewCard, Places},
    limits::{self, LONGEST_CODE, MOST_PER_USER, problem},
    look::CardLook,
    wording,
};
use crate::domain::{
    audience::Audience,
    benefit::{Benefit, Threshold},
    code::CouponCode,
    problem::{Problem, Problems},
    terms::{CodeSource, Terms},
    validity::ValidityRule,
};

/// The card for these terms, or all that WeChat would refuse about it. `look` is the account's with what the placement says
/// otherwise. Where codes are deposited a card begins without stock, whatever `quantity`.
pub fn draft(
    terms: &Terms,
    look: &CardLook,
    mode: CodeMode,
    quantity: i64,
) -> Result<NewCard, Vec<Problem>> {
    let kind = kind(terms, look);
    let card = NewCard {
        base: base(terms, look, mode, quantity),
        advanced: advanced(terms, look, &kind),
        kind,
    };
    let mut problems = Problems::default();
    problems.join(check_codes(terms, mode));
    problems.join(check_benefit(terms, &card.kind));
    problems.join(limits::check_card(&card));
    problems.into_result().map(|()| card)
}

/// All that WeChat would refuse about these terms, whatever the account and the placement add to them.
pub fn check(terms: &Terms) -> Result<(), Vec<Problem>> {
    let look = CardLook {
        brand_name: Some("店".to_owned()),
        logo_url: Some("http://mmbiz.qpic.cn/mmbiz/x/0".to_owned()),
        ..CardLook::default()
    };
    draft(terms, &look, CodeMode::Wechat, 1).map(drop)
}

fn base(terms: &Terms, look: &CardLook, mode: CodeMode, quantity: i64) -> BaseInfo {
    // What is for some is not passed on, unless the merchant wishes so.
    let for_all = terms.audience == Audience::Everyone && terms.birth_month.is_none();
    BaseInfo {
        logo_url: look.logo_url.clone().unwrap_or_default(),
        brand_name: look.brand_name.clone().unwrap_or_default(),
        code_type: look.code_type.unwrap_or_default(),
        title: terms.title.clone(),
        colour: COLOURS.nearest(terms.colour.as_deref()),
        notice: look.notice.clone().unwrap_or_else(|| wording::NOTICE.to_owned()),
        description: wording::description(terms),
        date: date(&terms.validity),
        quantity: if mode == CodeMode::Deposit { 0 } else { quantity },
        code_mode: mode,
        service_phone: look.service_phone.clone(),
        places: places(look),
        center: look.center.clone(),
        custom: look.custom.clone(),
        promotion: look.promotion.clone(),
        get_limit: i64::from(terms.per_person_limit).min(MOST_PER_USER),
        can_share: look.can_share.unwrap_or(for_all),
        can_give_friend: look.can_give_friend.unwrap_or(for_all),
        source: look.source.clone(),
    }
}

fn places(look: &CardLook) -> Places {
    match &look.location_id_list {
        Some(places) if !places.is_empty() => Places::Some(places.clone()),
        Some(_) | None if look.use_all_locations == Some(true) => Places::All,
        Some(_) | None => Places::Unsaid,
    }
}

/// WeChat names the last second at which a card can be used; we the first at which it is over.
fn date(rule: &ValidityRule) -> DateInfo {
    match *rule {
        ValidityRule::Fixed { from, until } => DateInfo::Range {
            begin: from.timestamp(),
            end: (until - TimeDelta::nanoseconds(1)).timestamp(),
        },
        ValidityRule::AfterClaim { days, starts_after_days } => {
            DateInfo::Term { days, starts_after_days }
        }
    }
}

fn kind(terms: &Terms, look: &CardLook) -> CardKind {
    if let Some(card) = &look.member_card {
        return CardKind::MemberCard(card.clone());
    }
    let detail = || look.deal_detail.clone().unwrap_or_else(|| wording::detail(terms));
    match terms.benefit {
        Benefit::Amount { off_fen } => {
            let least_cost = least_cost(terms).unwrap_or_default();
            CardKind::Cash { least_cost, reduce_cost: off_fen }
        }
        Benefit::Percent { off_basis_points, .. } => {
            CardKind::Discount { discount: i64::from(off_basis_points / 100) }
        }
        Benefit::Exchange => CardKind::Gift { gift: detail() },
        Benefit::FreeShipping { .. } => CardKind::GeneralCoupon { default_detail: detail() },
        Benefit::GroupBuy { .. } => CardKind::Groupon { deal_detail: detail() },
    }
}

/// A threshold of pieces is for the description to tell.
const fn least_cost(terms: &Terms) -> Option<i64> {
    match terms.threshold {
        Threshold::Amount { fen } => Some(fen),
        Threshold::None | Threshold::Pieces { .. } => None,
    }
}

fn advanced(terms: &Terms, look: &CardLook, kind: &CardKind) -> AdvancedInfo {
    let mut advanced = look.advanced_info.clone().unwrap_or_default();
    if let (CardKind::Gift { .. }, Some(fen)) = (kind, least_cost(terms)) {
        advanced.use_condition.get_or_insert_default().least_cost.get_or_insert(fen);
    }
    advanced
}

/// Codes that we choose have to fit.
fn check_codes(terms: &Terms, mode: CodeMode) -> Result<(), Vec<Problem>> {
    let CodeSource::Generated { prefix } = &terms.codes else { return Ok(()) };
    let long = CouponCode::generate(prefix, [0; 10]).as_str().len();
    if mode == CodeMode::Wechat || long <= LONGEST_CODE {
        return Ok(());
    }
    let texts = (
        "微信券码最多 20 个字符，前缀最多 3 个字符",
        "codes at WeChat have up to 20 characters, which leaves 3 for the prefix",
    );
    Err(vec![problem("codes.prefix", texts)])
}

fn check_benefit(terms: &Terms, kind: &CardKind) -> Result<(), Vec<Problem>> {
    let whole = match (&terms.benefit, kind) {
        (Benefit::Percent { off_basis_points, .. }, CardKind::Discount { .. }) => {
            off_basis_points % 100 == 0
        }
        _ => true,
    };
    if whole {
        return Ok(());
    }
    let texts = ("微信折扣券只支持整数百分比", "WeChat takes whole percentages only");
    Err(vec![problem("benefit.off_basis_points", texts)])
}
