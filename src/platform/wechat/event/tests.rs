//! Each event of the documents, and messages that say too little.

use super::{super::xml, *};

const CLAIM: &str = include_str!("../../../../tests/fixtures/wechat/claim.xml");

/// What a message says that has these fields beside those that all have.
fn told(event: &str, fields: &[(&str, &str)]) -> Told {
    let fields = fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
    let fields = fields.collect::<Vec<_>>().concat();
    let text = format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o-1</FromUserName><CreateTime>1700000123</CreateTime>\
         <MsgType>event</MsgType><Event>{event}</Event>{fields}</xml>"
    );
    match read(&xml::read(text.as_bytes()).unwrap()).unwrap() {
        Message::Event(told) => *told,
        Message::Ordinary => panic!("{event}"),
    }
}

const CARD: [(&str, &str); 2] = [("CardId", "p-1"), ("UserCardCode", "226009850808")];

/// The same of the card of these tests.
fn happened(event: &str, fields: &[(&str, &str)]) -> Option<Happening> {
    told(event, &[&CARD, fields].concat()).event.map(|event| event.what)
}

fn code() -> String {
    "226009850808".to_owned()
}

fn taken() -> Taken {
    Taken { code: code(), gift: false, old_code: None, reference: None, union_id: None }
}

#[test]
fn the_platforms_own_claim_is_understood() {
    let message = read(&xml::read(CLAIM.as_bytes()).unwrap()).unwrap();

    let at = DateTime::from_timestamp(1_700_000_123, 0).unwrap();
    let reference = Some("poster-7".to_owned());
    let event = CardEvent {
        at,
        card_ref: "pSIM0000000000000000000000AA".to_owned(),
        open_id: "oUSER000000000000000000000AA".to_owned(),
        what: Happening::Taken(Taken { reference, ..taken() }),
    };
    let expected = Told {
        open_id: event.open_id.clone(),
        at,
        kind: "user_get_card".to_owned(),
        card_ref: event.card_ref.clone(),
        code: code(),
        event: Some(event),
    };
    assert!(message == Message::Event(Box::new(expected)));
}

#[test]
fn each_event_of_a_card_has_its_meaning() {
    let used = |till| Some(Happening::Used { code: code(), till });
    let theirs = |name: &str| used(Till::Theirs { name: name.to_owned() });
    let gift = Taken { gift: true, old_code: Some("1".to_owned()), ..taken() };
    let bonded = Taken { union_id: Some("u-1".to_owned()), ..taken() };
    let cases = [
        ("user_get_card", vec![("IsGiveByFriend", "0")], Some(Happening::Taken(taken()))),
        ("User_Get_Card", vec![], Some(Happening::Taken(taken()))),
        ("user_get_card", vec![("UnionId", "u-1")], Some(Happening::Taken(bonded))),
        (
            "user_get_card",
            vec![("IsGiveByFriend", "1"), ("FriendUserName", "o-2"), ("OldUserCardCode", "1")],
            Some(Happening::Taken(gift)),
        ),
        (
            "user_gifting_card",
            vec![("IsReturnBack", "0")],
            Some(Happening::Gifting { code: code() }),
        ),
        ("user_gifting_card", vec![], Some(Happening::Gifting { code: code() })),
        (
            "user_gifting_card",
            vec![("IsReturnBack", "1")],
            Some(Happening::Returned { code: code() }),
        ),
        ("user_del_card", vec![], Some(Happening::Deleted { code: code() })),
        (
            "user_consume_card",
            vec![("ConsumeSource", "FROM_API"), ("LocationName", "x")],
            used(Till::Ours),
        ),
        (
            "user_consume_card",
            vec![("ConsumeSource", "FROM_MOBILE_HELPER"), ("LocationName", "门店一")],
            theirs("FROM_MOBILE_HELPER 门店一"),
        ),
        (
            "user_consume_card",
            vec![("ConsumeSource", "FROM_MP"), ("LocationName", "")],
            theirs("FROM_MP"),
        ),
        ("user_consume_card", vec![("ConsumeSource", "")], used(Till::Unknown)),
        ("user_consume_card", vec![("LocationName", "门店一")], used(Till::Unknown)),
        ("card_pass_check", vec![], Some(Happening::Reviewed { refusal: None })),
        (
            "card_not_pass_check",
            vec![("RefuseReason", "非法代制")],
            Some(Happening::Reviewed { refusal: Some("非法代制".to_owned()) }),
        ),
        ("card_not_pass_check", vec![], Some(Happening::Reviewed { refusal: Some(String::new()) })),
        (
            "card_sku_remind",
            vec![("Detail", "the card's quantity is equal to 0")],
            Some(Happening::StockLow { detail: "the card's quantity is equal to 0".to_owned() }),
        ),
        ("user_view_card", vec![], None),
        ("user_enter_session_from_card", vec![], None),
        ("User_pay_from_pay_cell", vec![("Fee", "100")], None),
        ("update_member_card", vec![], None),
        ("card_pay_order", vec![], None),
        ("submit_membercard_user_info", vec![], None),
        ("subscribe", vec![], None),
        ("something_new", vec![], None),
    ];
    for (event, fields, expected) in cases {
        assert!(happened(event, &fields) == expected, "{event} {fields:?}");
    }
}

#[test]
fn what_does_not_say_which_card_it_is_about_is_kept_without_a_meaning() {
    for (event, fields) in [
        ("user_get_card", &[("UserCardCode", "1")][..]),
        ("user_get_card", &[("CardId", "p-1")]),
        ("user_del_card", &[("CardId", "p-1"), ("UserCardCode", "")]),
        ("card_pass_check", &[]),
    ] {
        let told = told(event, fields);
        assert!(told.event.is_none(), "{event}");
        assert_eq!(told.kind, event);
    }
}

#[test]
fn what_names_nobody_or_no_time_is_refused() {
    let good = "<FromUserName>o-1</FromUserName><CreateTime>1700000123</CreateTime>\
                <MsgType>event</MsgType><Event>user_del_card</Event><CardId>p-1</CardId>";
    let read = |text: &str| read(&xml::read(format!("<xml>{text}</xml>").as_bytes()).unwrap());
    assert!(read(good).is_ok());
    for (part, instead) in [
        ("<MsgType>event</MsgType>", String::new()),
        ("user_del_card", String::new()),
        ("user_del_card", "user del card".to_owned()),
        ("o-1", String::new()),
        ("o-1", "o 1".to_owned()),
        ("o-1", "o\u{fe0f}1".to_owned()),
        ("o-1", "o".repeat(129)),
        ("p-1", "p".repeat(129)),
        ("1700000123", String::new()),
        ("1700000123", "-1".to_owned()),
        ("1700000123", "+1".to_owned()),
        ("1700000123", "1.5".to_owned()),
        ("1700000123", "99999999999".to_owned()),
        ("1700000123", "now".to_owned()),
    ] {
        assert!(read(&good.replace(part, &instead)) == Err(Malformed), "{part} -> {instead}");
    }
}

#[test]
fn what_somebody_writes_is_none_of_our_business() {
    let text = "<xml><ToUserName>gh_1</ToUserName><FromUserName>o-1</FromUserName><CreateTime>1</CreateTime>\
                <MsgType>text</MsgType><Content>你好</Content><MsgId>1</MsgId></xml>";

    assert!(read(&xml::read(text.as_bytes()).unwrap()) == Ok(Message::Ordinary));
}

#[test]
fn texts_for_people_are_cut() {
    let long = "长".repeat(600);

    let told = happened("card_not_pass_check", &[("RefuseReason", &long)]);

    let Some(Happening::Reviewed { refusal: Some(reason) }) = told else { panic!() };
    assert_eq!(reason.chars().count(), 500);
}
