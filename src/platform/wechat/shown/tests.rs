//! Cards as `card/get` answers them, today and years ago.

use serde_json::{Value, json};

use super::*;

fn read(answer: &Value) -> Option<ShownCard> {
    ShownCard::read(Fields(answer["card"].as_object()?))
}

fn today() -> Value {
    serde_json::from_str(include_str!("../../../../tests/fixtures/wechat/get_groupon.json"))
        .unwrap()
}

fn of_2014() -> Value {
    let text = include_str!("../../../../tests/fixtures/wechat/get_discount_2014.json");
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_card_of_today_is_read_with_what_is_left_of_it() {
    let card = read(&today()).unwrap();

    assert_eq!(card.id.as_deref(), Some("pFS7Fjg8kV1IdDz01r4SQwMkuCKc"));
    assert_eq!((card.card_type.as_str(), &card.status), ("GROUPON", &CardStatus::Passed));
    assert_eq!((card.quantity, card.total_quantity), (Some(499_990), Some(500_000)));
    assert_eq!(card.known_colour().map(Colour::name), Some("Color010"));
    assert_eq!(card.kind, Some(CardKind::Groupon { deal_detail: "以下锅底2选1…".to_owned() }));
    assert_eq!(card.center.unwrap().page, "pages/use/index");
    // A place that is called zero is none.
    assert_eq!(card.location_id_list, Vec::<i64>::new());
    assert_eq!(card.created_at.unwrap().timestamp(), 1_400_000_000);
}

#[test]
fn a_card_of_old_is_read_in_its_own_spelling() {
    let card = read(&of_2014()).unwrap();

    assert_eq!(card.status, CardStatus::Failed);
    assert_eq!(card.date, Some(DateInfo::Range { begin: 1_397_577_600, end: 1_422_724_261 }));
    assert_eq!(card.kind, Some(CardKind::Discount { discount: 20 }));
    assert_eq!((card.get_limit, card.quantity, card.total_quantity), (Some(3), Some(0), None));
    assert_eq!((card.can_share, card.can_give_friend), (Some(true), Some(false)));
    assert_eq!(card.location_id_list, [123, 12_321, 345_345]);
    // In no table; and a row that leads to a web page is none of ours.
    assert_eq!((card.known_colour(), card.custom, card.updated_at), (None, None, None));
}

#[test]
fn modes_dates_and_types_are_told_apart() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut answer = today();
        change(&mut answer["card"]["groupon"]["base_info"]);
        read(&answer).unwrap()
    };

    let ours = with(&|base| base["use_custom_code"] = json!(true));
    let deposit = with(&|base| {
        base["use_custom_code"] = json!(true);
        base["get_custom_code_mode"] = json!("GET_CUSTOM_CODE_MODE_DEPOSIT");
    });
    let term = with(&|base| {
        base["date_info"] = json!({ "type": 2, "fixed_term": "15" });
    });
    let odd = with(&|base| base["date_info"] = json!({ "type": "DATE_TYPE_NEW" }));

    assert_eq!((ours.code_mode, deposit.code_mode), (CodeMode::Custom, CodeMode::Deposit));
    assert_eq!(term.date, Some(DateInfo::Term { days: 15, starts_after_days: 0 }));
    assert_eq!(odd.date, None);
    let ticket = json!({ "card": { "card_type": "MOVIE_TICKET",
        "movie_ticket": { "base_info": { "title": "x", "status": "NEW" } } } });
    let ticket = read(&ticket).unwrap();
    assert_eq!((ticket.kind, ticket.status), (None, CardStatus::Other("NEW".to_owned())));
}

#[test]
fn what_is_no_card_is_none() {
    for answer in [
        json!({ "card": {} }),
        json!({ "card": { "card_type": "CASH" } }),
        json!({ "card": { "card_type": "CASH", "cash": {} } }),
        json!({ "card": { "card_type": "CASH", "gift": { "base_info": {} } } }),
    ] {
        assert_eq!(read(&answer), None, "{answer}");
    }
}
