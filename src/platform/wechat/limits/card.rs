//! A whole card, as it is about to be created.

use super::{
    BRAND_NAME, DETAIL, MOST_PER_USER, MOST_STOCK, NOTICE, PHONE, SOURCE, expect, expect_advanced,
    expect_jump, expect_mini_page, expect_picture, expect_places, expect_text, line,
};
use crate::{
    domain::problem::{Problem, Problems},
    platform::wechat::{
        form::{BaseInfo, CardKind, CodeMode, DateInfo, NewCard, Places},
        member_card::MemberCard,
    },
};

/// All that WeChat would refuse about a card; `param` names the field as the merchant knows it.
pub fn check_card(card: &NewCard) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let base = &card.base;
    expect_text(&mut problems, "title", &base.title, line(1, 27));
    expect_text(&mut problems, "texts.introduction", &base.description, DETAIL);
    check_numbers(base, &mut problems);
    check_date(base.date, &card.kind, &mut problems);
    check_kind(&card.kind, &mut problems);
    expect_text(&mut problems, "card.brand_name", &base.brand_name, BRAND_NAME);
    expect_picture(&mut problems, "card.logo_url", &base.logo_url);
    expect_text(&mut problems, "card.notice", &base.notice, NOTICE);
    if let Some(phone) = &base.service_phone {
        expect_text(&mut problems, "card.service_phone", phone, PHONE);
    }
    if let Some(source) = &base.source {
        expect_text(&mut problems, "card.source", source, SOURCE);
    }
    if let Places::Some(places) = &base.places {
        expect_places(&mut problems, places);
    }
    for (param, jump) in [
        ("card.center", &base.center),
        ("card.custom", &base.custom),
        ("card.promotion", &base.promotion),
    ] {
        if let Some(jump) = jump {
            expect_jump(&mut problems, param, jump, param == "card.center");
        }
    }
    expect_advanced(&mut problems, &card.advanced);
    check_conditions(card, &mut problems);
    problems.into_result()
}

fn check_numbers(base: &BaseInfo, problems: &mut Problems) {
    let (least, most) = match base.code_mode {
        CodeMode::Deposit => (0, 0),
        CodeMode::Wechat | CodeMode::Custom => (1, MOST_STOCK),
    };
    let stock = (
        "库存为 1 至 1 亿张；预存券码的卡券创建时为 0",
        "stock: 1 to 100 million; 0 at first where codes are deposited",
    );
    expect(problems, (least..=most).contains(&base.quantity), "quantity", stock);
    let limit = ("每人限领 1 至 50 张", "per_person_limit: 1 to 50");
    expect(problems, (1..=MOST_PER_USER).contains(&base.get_limit), "per_person_limit", limit);
}

fn check_date(date: DateInfo, kind: &CardKind, problems: &mut Problems) {
    let (holds, texts) = match date {
        DateInfo::Range { begin, end } => (
            0 < begin && begin < end,
            ("有效期的结束必须晚于开始", "validity: the end is later than the beginning"),
        ),
        DateInfo::Term { days, .. } => {
            (days >= 1, ("有效期至少一天", "validity: at least one day"))
        }
        DateInfo::Permanent => (
            matches!(kind, CardKind::MemberCard(_)),
            ("只有会员卡可以永久有效", "validity: only member cards last for ever"),
        ),
    };
    expect(problems, holds, "validity", texts);
}

fn check_kind(kind: &CardKind, problems: &mut Problems) {
    let detail = "card.deal_detail";
    match kind {
        CardKind::Groupon { deal_detail: text }
        | CardKind::Gift { gift: text }
        | CardKind::GeneralCoupon { default_detail: text } => {
            expect_text(problems, detail, text, DETAIL);
        }
        CardKind::Cash { least_cost, reduce_cost } => {
            let texts = ("减免金额须大于零", "the amount taken off is above zero");
            expect(problems, *reduce_cost > 0, "benefit.off_fen", texts);
            let texts = ("门槛不能小于零", "the threshold is zero or more");
            expect(problems, *least_cost >= 0, "threshold.fen", texts);
        }
        CardKind::Discount { discount } => {
            let texts =
                ("折扣须为整数百分比，减 1% 至 99%", "a whole percentage is taken off, 1 to 99");
            expect(problems, (1..=99).contains(discount), "benefit.off_basis_points", texts);
        }
        CardKind::MemberCard(card) => check_member_card(card, problems),
    }
}

pub(super) fn check_member_card(card: &MemberCard, problems: &mut Problems) {
    let param = "card.member_card";
    let texts = [&card.bonus_cleared, &card.bonus_rules, &card.balance_rules];
    for text in texts.into_iter().flatten().chain([&card.prerogative]) {
        expect_text(problems, param, text, DETAIL);
    }
    if let Some(page) = card.page() {
        expect_mini_page(problems, param, page);
    }
}

/// Conditions of use are for some types only.
fn check_conditions(card: &NewCard, problems: &mut Problems) {
    let Some(condition) = &card.advanced.use_condition else { return };
    let (is_cash, is_gift) =
        (matches!(card.kind, CardKind::Cash { .. }), matches!(card.kind, CardKind::Gift { .. }));
    let categories = condition.accept_category.is_some() || condition.reject_category.is_some();
    let holds = (is_cash || !categories)
        && (is_gift || condition.object_use_for.is_none())
        && (is_cash || is_gift || condition.least_cost.is_none());
    let texts = (
        "适用与不适用商品只用于代金券，购买条件只用于兑换券，门槛只用于这两种",
        "categories are for cash coupons, goods to buy for exchange coupons, least_cost for both",
    );
    expect(problems, holds, "card.advanced_info", texts);
}
