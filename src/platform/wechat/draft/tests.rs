//! Terms of every kind as cards, and what cannot be one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{
        code::CodePrefix,
        terms::{Texts, tests::sample},
    },
    platform::wechat::{
        form::UseCondition,
        look::merge,
        placing::{self, PlacementSettings},
        settings::{self, Settings},
    },
};

fn look() -> CardLook {
    CardLook {
        brand_name: Some("微信餐厅".to_owned()),
        logo_url: Some("http://mmbiz.qpic.cn/mmbiz/x/0".to_owned()),
        ..CardLook::default()
    }
}

/// Terms whose title is short enough in bytes.
fn terms() -> Terms {
    sample()
}

fn of(benefit: Benefit) -> Terms {
    Terms { benefit, ..terms() }
}

fn draft_of(terms: &Terms) -> NewCard {
    draft(terms, &look(), CodeMode::Wechat, 100).unwrap()
}

fn params(terms: &Terms, look: &CardLook, mode: CodeMode, quantity: i64) -> Vec<&'static str> {
    let problems = draft(terms, look, mode, quantity).err().unwrap_or_default();
    problems.iter().map(|problem| problem.param).collect()
}

#[test]
fn each_benefit_has_its_type_of_card() {
    let detail = |text: &str| format!("满 100 减 20：{text}");
    for (benefit, kind) in [
        (
            Benefit::Amount { off_fen: 2000 },
            CardKind::Cash { least_cost: 10_000, reduce_cost: 2000 },
        ),
        // Percent taken off, not percent to pay.
        (
            Benefit::Percent { off_basis_points: 3000, cap_fen: None },
            CardKind::Discount { discount: 30 },
        ),
        (Benefit::Exchange, CardKind::Gift { gift: detail("凭券兑换") }),
        (
            Benefit::FreeShipping { cap_fen: Some(800) },
            CardKind::GeneralCoupon { default_detail: detail("免运费（最多减8元）") },
        ),
        (
            Benefit::GroupBuy { price_fen: 9900 },
            CardKind::Groupon { deal_detail: detail("团购价99元") },
        ),
    ] {
        assert_eq!(draft_of(&of(benefit)).kind, kind);
    }
}

#[test]
fn a_threshold_stands_where_its_type_of_card_has_a_place_for_it() {
    let mut pieces = terms();
    pieces.threshold = Threshold::Pieces { count: 3 };
    pieces.texts.threshold = String::new();

    let (cash, gift) = (draft_of(&pieces), draft_of(&of(Benefit::Exchange)));

    assert_eq!(cash.kind, CardKind::Cash { least_cost: 0, reduce_cost: 2000 });
    assert!(cash.base.description.contains("满3件可用"));
    let condition = UseCondition { least_cost: Some(10_000), ..UseCondition::default() };
    assert_eq!(gift.advanced.use_condition, Some(condition));
}

#[test]
fn texts_limit_and_colour_come_from_the_terms() {
    let mut terms = terms();
    terms.per_person_limit = 500;

    let base = draft_of(&terms).base;

    assert_eq!(base.description, "全场通用\n满 100 元可用\n下单时选用，一单一张。\n每人限领 1 张");
    assert_eq!((base.get_limit, base.colour.name()), (50, "Color050"));
    assert_eq!((base.title.as_str(), base.brand_name.as_str()), ("满 100 减 20", "微信餐厅"));
    terms.texts = Texts::default();
    terms.per_person_limit = 2;
    let base = draft_of(&terms).base;
    assert_eq!(base.description, "满100元可用\n立减20元。领取后7天内可用。\n每人限领2张");
    assert_eq!((base.get_limit, base.notice.as_str()), (2, "使用时向服务员出示此券"));
}

#[test]
fn a_fixed_span_ends_with_its_last_second_and_days_are_days() {
    let mut terms = terms();
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let until = at("2026-12-24T00:00:00+08:00");
    terms.validity = ValidityRule::Fixed { from: terms.claim_from, until };

    let fixed = draft_of(&terms).base.date;

    let end = at("2026-12-23T23:59:59+08:00").timestamp();
    assert_eq!(fixed, DateInfo::Range { begin: terms.claim_from.timestamp(), end });
    terms.validity = ValidityRule::AfterClaim { days: 7, starts_after_days: 2 };
    let days = draft_of(&terms).base.date;
    assert_eq!(days, DateInfo::Term { days: 7, starts_after_days: 2 });
}

#[test]
fn what_is_for_some_is_not_passed_on_unless_the_merchant_wishes_so() {
    let mut some = terms();
    some.audience = Audience::MemberClasses { any_of: vec!["gold".to_owned()] };
    let wish = CardLook { can_give_friend: Some(true), ..look() };

    let (all, some, wished) =
        (draft_of(&terms()), draft_of(&some), draft(&some, &wish, CodeMode::Wechat, 1).unwrap());

    assert_eq!((all.base.can_share, all.base.can_give_friend), (true, true));
    assert_eq!((some.base.can_share, some.base.can_give_friend), (false, false));
    assert_eq!((wished.base.can_share, wished.base.can_give_friend), (false, true));
}

#[test]
fn stock_and_codes_follow_the_mode() {
    let of =
        |mode, quantity| draft(&short_codes(), &look(), mode, quantity).map(|c| c.base.quantity);

    assert_eq!(of(CodeMode::Wechat, 100), Ok(100));
    assert_eq!(of(CodeMode::Deposit, 100), Ok(0));
    for quantity in [0, -1, 100_000_001] {
        for mode in [CodeMode::Wechat, CodeMode::Custom] {
            assert_eq!(params(&short_codes(), &look(), mode, quantity), ["quantity"]);
        }
    }
    let mut long = terms();
    long.codes = CodeSource::Generated { prefix: CodePrefix::new("ABCD") };
    assert_eq!(params(&long, &look(), CodeMode::Custom, 1), ["codes.prefix"]);
    assert_eq!(params(&long, &look(), CodeMode::Deposit, 1), ["codes.prefix"]);
    assert_eq!(params(&long, &look(), CodeMode::Wechat, 1), Vec::<&str>::new());
}

fn short_codes() -> Terms {
    Terms { codes: CodeSource::Generated { prefix: CodePrefix::new("ABC") }, ..terms() }
}

#[test]
fn what_wechat_would_refuse_is_told_in_one_go() {
    let mut bad = of(Benefit::Percent { off_basis_points: 1550, cap_fen: None });
    bad.title = "一二三四五六七八九a".to_owned();
    bad.texts.introduction = "说".repeat(1100);

    let found = params(&bad, &CardLook::default(), CodeMode::Wechat, 0);

    let expected = [
        "benefit.off_basis_points",
        "title",
        "texts.introduction",
        "quantity",
        "card.brand_name",
        "card.logo_url",
    ];
    assert_eq!(found, expected);
    for points in [50, 10_000] {
        let bad = of(Benefit::Percent { off_basis_points: points, cap_fen: None });
        assert!(params(&bad, &look(), CodeMode::Wechat, 1).contains(&"benefit.off_basis_points"));
    }
}

#[test]
fn terms_are_looked_at_without_an_account() {
    assert_eq!(check(&terms()), Ok(()));
    let long = Terms { title: "券".repeat(10), ..terms() };
    let problems = check(&long).unwrap_err();
    assert_eq!(problems[0].param, "title");
    assert!(problems[0].message.starts_with("须为 1 至 27 字节（至多 9 个汉字）"));
}

const DEAD: [&str; 3] = ["center_url", "custom_url", "promotion_url"];

/// Any JSON key anywhere below.
fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| [vec![key.clone()], keys(value)].concat())
            .collect(),
        Value::Array(values) => values.iter().flat_map(keys).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn a_jump() -> impl Strategy<Value = Option<Value>> {
    let text =
        prop_oneof![Just("立即使用".to_owned()), Just("custom_url".to_owned()), "[a-z]{1,15}"];
    prop::option::of((text, prop::option::of("[a-z_]{1,18}"), "[a-z][a-z/?=_]{0,40}").prop_map(
        |(label, sub_label, page)| {
            json!({ "label": label, "sub_label": sub_label, "user_name": "gh_1@app", "page": page })
        },
    ))
}

fn a_look() -> impl Strategy<Value = Value> {
    let dead = prop::option::weighted(0.2, (prop::sample::select(&DEAD[..]), any::<bool>()));
    (a_jump(), a_jump(), a_jump(), prop::option::of("[a-z_]{1,36}"), dead).prop_map(
        |(center, custom, promotion, brand_name, dead)| {
            let mut look = json!({
                "center": center, "custom": custom, "promotion": promotion, "brand_name": brand_name,
                "logo_url": "http://mmbiz.qpic.cn/mmbiz/x/0",
            });
            if let Some((key, empty)) = dead {
                look[key] = if empty { json!("") } else { json!("https://m.example/") };
            }
            look
        },
    )
}

fn a_benefit() -> impl Strategy<Value = Benefit> {
    prop_oneof![
        (1..100_000_i64).prop_map(|off_fen| Benefit::Amount { off_fen }),
        (1..100_u16).prop_map(|percent| Benefit::Percent {
            off_basis_points: percent * 100,
            cap_fen: None
        }),
        Just(Benefit::Exchange),
        Just(Benefit::FreeShipping { cap_fen: None }),
        Just(Benefit::GroupBuy { price_fen: 1 }),
    ]
}

proptest! {
    /// Whatever is set and whatever the terms: no body names a web page, and what could is refused before.
    #[test]
    fn no_body_holds_a_link_into_a_web_page(
        app in a_look(), own in a_look(), benefit in a_benefit(), title in "[a-z_]{1,27}",
    ) {
        let named = |look: &Value| DEAD.iter().any(|key| look.get(key).is_some());
        let app_settings = json!({ "card": app });
        prop_assert_eq!(settings::check(&app_settings).is_err(), named(&app));
        prop_assert_eq!(placing::check(&own).is_err(), named(&own));
        // What was not checked is not believed either.
        let (app, own) = (Settings::read(&app_settings), PlacementSettings::read(&own));
        let mut look = merge(&app.card, &own);
        look.logo_url.get_or_insert("http://mmbiz.qpic.cn/mmbiz/x/0".to_owned());
        look.brand_name.get_or_insert("b".to_owned());
        let terms = Terms { title, benefit, ..terms() };

        let card = draft(&terms, &look, own.code_mode, 1).unwrap();

        let bare = draft(&terms, &CardLook { center: None, custom: None, promotion: None, ..look }, own.code_mode, 1).unwrap();
        let change = crate::platform::wechat::change::CardChange::between(&bare, &card);
        for body in [card.body(), change.body("p-1")] {
            prop_assert!(keys(&body).iter().all(|key| !DEAD.contains(&key.as_str())), "{}", body);
        }
    }
}
