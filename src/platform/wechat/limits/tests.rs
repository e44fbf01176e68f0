//! Each text to the byte, each number to the unit.

use super::*;
use crate::{
    domain::problem::Problem,
    platform::wechat::{
        form::{
            CardKind, CodeMode, DateInfo, NewCard, Places, UseCondition,
            tests::{groupon, member_card},
        },
        look::CardLook,
    },
};

fn params(found: Result<(), Vec<Problem>>) -> Vec<&'static str> {
    found.err().into_iter().flatten().map(|problem| problem.param).collect()
}

fn with(change: impl FnOnce(&mut NewCard)) -> Vec<&'static str> {
    let mut card = groupon();
    change(&mut card);
    params(check_card(&card))
}

#[test]
fn each_text_fits_to_the_byte() {
    type Field = fn(&mut NewCard) -> &mut String;
    let fields: [(&str, usize, Field); 12] = [
        ("title", 27, |card| &mut card.base.title),
        ("texts.introduction", 3072, |card| &mut card.base.description),
        ("card.brand_name", 36, |card| &mut card.base.brand_name),
        ("card.notice", 48, |card| &mut card.base.notice),
        ("card.service_phone", 24, |card| card.base.service_phone.get_or_insert_default()),
        ("card.source", 36, |card| card.base.source.get_or_insert_default()),
        ("card.center", 18, |card| &mut card.base.center.as_mut().unwrap().label),
        ("card.center", 24, |card| {
            card.base.center.as_mut().unwrap().sub_label.get_or_insert_default()
        }),
        ("card.custom", 15, |card| &mut card.base.custom.as_mut().unwrap().label),
        ("card.promotion", 18, |card| {
            card.base.promotion.as_mut().unwrap().sub_label.get_or_insert_default()
        }),
        ("card.promotion", 128, |card| &mut card.base.promotion.as_mut().unwrap().page),
        ("card.deal_detail", 3072, |card| {
            let CardKind::Groupon { deal_detail } = &mut card.kind else { unreachable!() };
            deal_detail
        }),
    ];
    for (param, most, field) in fields {
        let fits = |text: String| with(|card| *field(card) = text).is_empty();
        assert!(fits("a".repeat(most)) && fits("券".repeat(most / 3)), "{param}");
        for bad in ["a".repeat(most + 1), "券".repeat(most / 3 + 1), String::new(), "\u{7}".into()]
        {
            assert_eq!(with(|card| *field(card) = bad), [param]);
        }
    }
    assert_eq!(with(|card| card.base.title = "a\nb".to_owned()), ["title"]);
}

#[test]
fn numbers_and_spans_are_bounded() {
    for (quantity, right) in [(1, true), (100_000_000, true), (0, false), (100_000_001, false)] {
        assert_eq!(with(|card| card.base.quantity = quantity).is_empty(), right, "{quantity}");
    }
    let deposited = |quantity| {
        with(|card| {
            card.base.code_mode = CodeMode::Deposit;
            card.base.quantity = quantity;
        })
    };
    assert_eq!((deposited(0), deposited(1)), (vec![], vec!["quantity"]));
    for (limit, right) in [(1, true), (50, true), (0, false), (51, false)] {
        assert_eq!(with(|card| card.base.get_limit = limit).is_empty(), right, "{limit}");
    }
    for date in [
        DateInfo::Range { begin: 2, end: 2 },
        DateInfo::Range { begin: 0, end: 2 },
        DateInfo::Term { days: 0, starts_after_days: 0 },
        DateInfo::Permanent,
    ] {
        assert_eq!(with(|card| card.base.date = date), ["validity"], "{date:?}");
    }
    assert_eq!(params(check_card(&member_card())), Vec::<&str>::new());
    let mut card = groupon();
    card.base.places = Places::Some(vec![0]);
    assert_eq!(params(check_card(&card)), ["card.location_id_list"]);
}

#[test]
fn a_row_leads_into_a_mini_program() {
    for (user_name, page, right) in [
        ("gh_86a091e50ad4@app", "pages/use/index?id=1&from=券", true),
        ("gh_86a091e50ad4@app", "API/cardPage", true),
        ("gh_86A091@app", "p", false),
        ("gh_86a091e50ad4", "p", false),
        ("wx123@app", "p", false),
        ("gh_@app", "p", false),
        ("gh_1@app", "", false),
        ("gh_1@app", "a b", false),
        ("gh_1@app", "https://m.example/", false),
        ("gh_1@app", "//m.example/", false),
    ] {
        let found = with(|card| {
            let jump = card.base.custom.as_mut().unwrap();
            (jump.user_name, jump.page) = (user_name.to_owned(), page.to_owned());
        });
        assert_eq!(found.is_empty(), right, "{user_name} {page}");
    }
}

#[test]
fn pictures_live_with_wechat() {
    for (url, right) in [
        ("http://mmbiz.qpic.cn/mmbiz/x/0", true),
        ("https://mmbiz.qpic.cn/mmbiz_png/x/0?wx_fmt=png", true),
        ("https://mmbiz.qlogo.cn/x", true),
        ("https://m.example/logo.png", false),
        ("https://mmbiz.qpic.cn.example/x", false),
        ("ftp://mmbiz.qpic.cn/x", false),
        ("/x", false),
        ("", false),
        (&format!("http://mmbiz.qpic.cn/{}", "x".repeat(108)), false),
    ] {
        let found = with(|card| card.base.logo_url = url.to_owned());
        assert_eq!(found.is_empty(), right, "{url}");
    }
}

#[test]
fn conditions_are_for_the_types_that_have_them() {
    let cash = CardKind::Cash { least_cost: 0, reduce_cost: 1 };
    let gift = CardKind::Gift { gift: "x".to_owned() };
    let text = || Some("鞋".to_owned());
    let category = || UseCondition { accept_category: text(), ..UseCondition::default() };
    let goods = || UseCondition { object_use_for: text(), ..UseCondition::default() };
    let cost = || UseCondition { least_cost: Some(1), ..UseCondition::default() };
    for (kind, condition, right) in [
        (groupon().kind, category(), false),
        (groupon().kind, goods(), false),
        (groupon().kind, cost(), false),
        (cash.clone(), category(), true),
        (cash.clone(), cost(), true),
        (cash, goods(), false),
        (gift.clone(), goods(), true),
        (gift.clone(), cost(), true),
        (gift, category(), false),
    ] {
        let found = with(|card| {
            card.kind = kind;
            card.advanced.use_condition = Some(condition);
        });
        assert_eq!(found.is_empty(), right, "{found:?}");
    }
}

#[test]
fn worth_is_above_nothing() {
    for (kind, param) in [
        (CardKind::Cash { least_cost: 0, reduce_cost: 0 }, "benefit.off_fen"),
        (CardKind::Cash { least_cost: -1, reduce_cost: 1 }, "threshold.fen"),
        (CardKind::Discount { discount: 0 }, "benefit.off_basis_points"),
        (CardKind::Discount { discount: 100 }, "benefit.off_basis_points"),
    ] {
        assert_eq!(with(|card| card.kind = kind), [param]);
    }
}

#[test]
fn all_problems_of_a_look_are_told_at_once_in_two_languages() {
    let look: CardLook = serde_json::from_value(serde_json::json!({
        "brand_name": "店".repeat(13), "logo_url": "https://m.example/x", "notice": "",
        "location_id_list": [1], "use_all_locations": true,
        "center": { "label": "用", "user_name": "gh_1", "page": "p" },
        "advanced_info": { "time_limit": [{ "type": "MONDAY", "begin_hour": 25 }] },
    }))
    .unwrap();

    let problems = check_look(&look).unwrap_err();

    assert_eq!(
        problems[0].message,
        "须为 1 至 36 字节（至多 12 个汉字），不含控制字符 · \
         1 to 36 bytes (up to 12 Chinese characters), no control characters"
    );
    let expected = [
        "card.brand_name",
        "card.notice",
        "card.logo_url",
        "card.use_all_locations",
        "card.center",
        "card.advanced_info",
    ];
    assert_eq!(params(Err(problems)), expected);
}
