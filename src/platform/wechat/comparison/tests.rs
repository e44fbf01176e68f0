//! A card beside what it should be.

use serde_json::{Value, json};

use super::*;
use crate::platform::wechat::{form::tests::groupon, json::Fields};

fn shown(change: impl FnOnce(&mut Value)) -> ShownCard {
    let text = include_str!("../../../../tests/fixtures/wechat/get_groupon.json");
    let mut answer: Value = serde_json::from_str(text).unwrap();
    change(&mut answer["card"]["groupon"]);
    ShownCard::read(Fields(answer["card"].as_object().unwrap())).unwrap()
}

#[test]
fn a_card_as_it_was_told_differs_in_nothing_whatever_its_colour_and_stock() {
    for colour in ["#63b359", "#55bd47", "#10AD61", "Color010", "#cf3e36"] {
        let shown = shown(|card| {
            card["base_info"]["color"] = json!(colour);
            card["base_info"]["sku"]["quantity"] = json!(7);
        });
        assert_eq!(differences(&shown, &groupon()), Vec::<&str>::new(), "{colour}");
    }
}

#[test]
fn each_field_is_looked_at() {
    for (key, value, field) in [
        ("title", json!("x"), "title"),
        ("description", json!("x"), "texts"),
        ("date_info", json!({ "type": "DATE_TYPE_PERMANENT" }), "validity"),
        ("get_limit", json!(4), "per_person_limit"),
        ("use_custom_code", json!(true), "code_mode"),
        ("brand_name", json!("x"), "card.brand_name"),
        ("logo_url", json!("x"), "card.logo_url"),
        ("notice", json!("x"), "card.notice"),
        ("code_type", json!("CODE_TYPE_NONE"), "card.code_type"),
        ("service_phone", json!("1"), "card.service_phone"),
        ("can_share", json!(false), "card.can_share"),
        ("can_give_friend", json!(false), "card.can_give_friend"),
        ("center_title", json!("x"), "card.center"),
        ("custom_app_brand_pass", json!("x"), "card.custom"),
        ("promotion_url_sub_title", json!("x"), "card.promotion"),
    ] {
        let shown = shown(|card| card["base_info"][key] = value);
        assert_eq!(differences(&shown, &groupon()), [field], "{key}");
    }
    let other = shown(|card| card["deal_detail"] = json!("x"));
    assert_eq!(differences(&other, &groupon()), ["benefit"]);
}

#[test]
fn places_differ_only_where_some_were_told() {
    let shown = shown(|card| card["base_info"]["location_id_list"] = json!([1, 2]));
    let mut card = groupon();

    assert_eq!(differences(&shown, &card), Vec::<&str>::new());
    card.base.places = Places::Some(vec![1, 2]);
    assert_eq!(differences(&shown, &card), Vec::<&str>::new());
    card.base.places = Places::Some(vec![1]);
    assert_eq!(differences(&shown, &card), ["card.location_id_list"]);
    card.base.places = Places::All;
    assert_eq!(differences(&shown, &card), ["card.location_id_list"]);
}
