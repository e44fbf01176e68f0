//! What can be told of a card that is there, what has to pass a review, and what can never be told.

use super::*;
use crate::platform::wechat::{
    form::tests::{groupon, member_card},
    json::Fields,
    member_card::Activation,
};

fn changed(change: impl FnOnce(&mut NewCard)) -> NewCard {
    let mut card = groupon();
    change(&mut card);
    card
}

fn told(change: impl FnOnce(&mut NewCard)) -> Value {
    let change = CardChange::between(&groupon(), &changed(change));
    change.body("p-1")["groupon"]["base_info"].clone()
}

fn params(change: impl FnOnce(&mut NewCard)) -> Vec<&'static str> {
    let problems = unchangeable(&groupon(), &changed(change));
    problems.iter().map(|problem| problem.param).collect()
}

fn shown() -> ShownCard {
    let text = include_str!("../../../../tests/fixtures/wechat/get_groupon.json");
    let answer: Value = serde_json::from_str(text).unwrap();
    ShownCard::read(Fields(answer["card"].as_object().unwrap())).unwrap()
}

#[test]
fn nothing_is_told_of_what_stays() {
    for change in
        [CardChange::between(&groupon(), &groupon()), CardChange::of_shown(&shown(), &groupon())]
    {
        assert!(change.is_empty() && !change.needs_review(), "{change:?}");
    }
    assert!(unchangeable(&groupon(), &groupon()).is_empty());
}

#[test]
fn only_what_changes_is_told_and_some_of_it_is_reviewed() {
    type Change = fn(&mut NewCard);
    let changes: [(Change, Value, &[&str]); 9] = [
        (|c| c.base.logo_url = "u".into(), json!({ "logo_url": "u" }), &["logo_url"]),
        (|c| c.base.notice = "n".into(), json!({ "notice": "n" }), &["notice"]),
        (|c| c.base.description = "d".into(), json!({ "description": "d" }), &["description"]),
        (
            |c| c.base.colour = super::super::colour::COLOURS.read("Color020").unwrap(),
            json!({ "color": "Color020" }),
            &["color"],
        ),
        (|c| c.base.service_phone = Some("1".into()), json!({ "service_phone": "1" }), &[]),
        (|c| c.base.places = Places::Some(vec![1]), json!({ "location_id_list": [1] }), &[]),
        (|c| c.base.get_limit = 5, json!({ "get_limit": 5 }), &[]),
        (|c| c.base.can_share = false, json!({ "can_share": false }), &[]),
        (|c| c.base.can_give_friend = false, json!({ "can_give_friend": false }), &[]),
    ];
    for (change, body, reviewed) in changes {
        let change = CardChange::between(&groupon(), &changed(change));
        assert_eq!(
            change.body("p-1"),
            json!({ "card_id": "p-1", "groupon": { "base_info": body } })
        );
        assert_eq!(
            (change.review_fields(), change.needs_review()),
            (reviewed.to_vec(), !reviewed.is_empty())
        );
    }
}

#[test]
fn a_row_is_told_whole() {
    let body = told(|card| card.base.custom.as_mut().unwrap().page = "pages/new".to_owned());

    assert_eq!(
        body,
        json!({
            "custom_url_name": "门店", "custom_url_sub_title": "附近3家",
            "custom_app_brand_user_name": "gh_86a091e50ad4@app", "custom_app_brand_pass": "pages/new",
        })
    );
    let without = told(|card| card.base.custom.as_mut().unwrap().sub_label = None);
    assert_eq!(without["custom_url_sub_title"], "");
    assert_eq!(params(|card| card.base.center = None), ["card.center"]);
}

#[test]
fn what_was_set_can_be_wiped() {
    let mut old = groupon();
    old.base.service_phone = Some("1".to_owned());
    old.base.places = Places::Some(vec![1]);

    let change = CardChange::between(&old, &groupon());

    let body = json!({ "service_phone": "", "location_id_list": 0 });
    assert_eq!(change.body("p-1")["groupon"]["base_info"], body);
}

#[test]
fn a_span_can_be_widened_and_nothing_else() {
    let to = |begin, end| move |card: &mut NewCard| card.base.date = DateInfo::Range { begin, end };
    let (begin, end) = (1_397_577_600, 1_472_724_261);

    let body = told(to(begin - 1, end + 1));

    assert_eq!(body["date_info"]["end_timestamp"], end + 1);
    assert_eq!(params(to(begin - 1, end + 1)), Vec::<&str>::new());
    assert_eq!(params(to(begin, end - 1)), ["validity"]);
    assert_eq!(params(to(begin + 1, end)), ["validity"]);
    let term = DateInfo::Term { days: 1, starts_after_days: 0 };
    assert_eq!(params(|card| card.base.date = term), ["validity"]);
    assert_eq!(told(|card| card.base.date = term), json!(null));
    let term_card = changed(|card| card.base.date = term);
    let longer = changed(|card| card.base.date = DateInfo::Term { days: 2, starts_after_days: 0 });
    assert_eq!(unchangeable(&term_card, &longer)[0].param, "validity");
}

#[test]
fn what_never_changes_is_told_to_the_writer_and_not_to_wechat() {
    type Change = fn(&mut NewCard);
    let changes: [(Change, &str); 8] = [
        (|c| c.base.title = "x".into(), "title"),
        (|c| c.base.brand_name = "x".into(), "card.brand_name"),
        (|c| c.base.source = Some("x".into()), "card.source"),
        (|c| c.base.code_mode = super::super::form::CodeMode::Custom, "code_mode"),
        (|c| c.base.places = Places::All, "card.use_all_locations"),
        (
            |c| {
                c.advanced.use_condition = Some(UseCondition {
                    can_use_with_other_discount: Some(true),
                    ..UseCondition::default()
                });
            },
            "card.advanced_info",
        ),
        (|c| c.kind = CardKind::Groupon { deal_detail: "x".into() }, "card.deal_detail"),
        (|c| c.kind = CardKind::Gift { gift: "x".into() }, "kind"),
    ];
    for (change, param) in changes {
        assert_eq!(params(change), [param]);
        assert_eq!(told(change), json!(null), "{param}");
    }
    // How many there are is for another call, and is no obstacle.
    assert_eq!(params(|card| card.base.quantity = 1), Vec::<&str>::new());
    assert_eq!(told(|card| card.base.quantity = 1), json!(null));
}

#[test]
fn money_and_threshold_of_a_cash_coupon_stay() {
    let cash = |least_cost, reduce_cost| {
        changed(|card| card.kind = CardKind::Cash { least_cost, reduce_cost })
    };
    let params = |old, new| {
        let problems = unchangeable(&old, &new);
        problems.iter().map(|problem| problem.param).collect::<Vec<_>>()
    };

    assert_eq!(params(cash(1, 2), cash(3, 2)), ["threshold"]);
    assert_eq!(params(cash(1, 2), cash(1, 3)), ["benefit"]);
}

#[test]
fn what_a_member_card_promises_is_reviewed_and_how_it_comes_to_life_stays() {
    let mut new = member_card();
    let CardKind::MemberCard(card) = &mut new.kind else { unreachable!() };
    card.prerogative = "会员七折".to_owned();

    let change = CardChange::between(&member_card(), &new);

    let body = json!({ "card_id": "p-1", "member_card": { "prerogative": "会员七折" } });
    assert_eq!((change.body("p-1"), change.review_fields()), (body, vec!["prerogative"]));
    let CardKind::MemberCard(card) = &mut new.kind else { unreachable!() };
    card.activation = Activation::Auto;
    assert_eq!(unchangeable(&member_card(), &new)[0].param, "card.member_card");
}

#[test]
fn what_stands_at_wechat_is_changed_to_what_should_stand_there() {
    let mut shown = shown();
    shown.notice = "请出示".to_owned();
    shown.colour = "#cf3e36".to_owned();
    shown.service_phone = Some("1".to_owned());

    let change = CardChange::of_shown(&shown, &groupon());

    let body = json!({ "notice": "使用时向服务员出示此券", "service_phone": "" });
    assert_eq!(change.body("p-1")["groupon"]["base_info"], body);
}
