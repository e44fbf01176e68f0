//! The body of `card/create` for each type of card, beside what the card pages show.

use super::*;
use crate::platform::wechat::{colour::COLOURS, limits, member_card::Activation};

const PICTURE: &str =
    "http://mmbiz.qpic.cn/mmbiz/p98FjXy8LacgHxp3sJ3vn97bGLz0ib0Sfz1bjiaoOYA027iasqSG0sj/0";
const LOGO: &str = "http://mmbiz.qpic.cn/mmbiz/iaL1LJM1mF9aRKPZJkmG8xXhiaHqkKSVMMWeN3hLut7X7hicFNjakmxibMLGWpXrEXB33367o7zHN0CwngnQY7zb7g/0";
const MINI: &str = "gh_86a091e50ad4@app";

fn jump(label: &str, sub_label: Option<&str>, page: &str) -> Jump {
    Jump {
        label: label.to_owned(),
        sub_label: sub_label.map(str::to_owned),
        user_name: MINI.to_owned(),
        page: page.to_owned(),
    }
}

/// As the sample of the card pages has it.
pub fn base() -> BaseInfo {
    BaseInfo {
        logo_url: LOGO.to_owned(),
        brand_name: "微信餐厅".to_owned(),
        code_type: CodeType::Text,
        title: "132元双人火锅套餐".to_owned(),
        colour: COLOURS.0[0],
        notice: "使用时向服务员出示此券".to_owned(),
        description: "不可与其他优惠同享\n仅限堂食".to_owned(),
        date: DateInfo::Range { begin: 1_397_577_600, end: 1_472_724_261 },
        quantity: 500_000,
        code_mode: CodeMode::Wechat,
        service_phone: None,
        places: Places::Unsaid,
        center: None,
        custom: None,
        promotion: None,
        get_limit: 3,
        can_share: true,
        can_give_friend: true,
        source: None,
    }
}

pub fn groupon() -> NewCard {
    NewCard {
        base: BaseInfo {
            center: Some(jump("立即使用", Some("到店出示"), "pages/use/index")),
            custom: Some(jump("门店", Some("附近3家"), "pages/shops/index")),
            promotion: Some(jump("更多优惠", None, "pages/home/index")),
            ..base()
        },
        advanced: AdvancedInfo::default(),
        kind: CardKind::Groupon { deal_detail: "以下锅底2选1…".to_owned() },
    }
}

fn cash() -> NewCard {
    let time = |day, begin_hour, begin_minute, end_hour, end_minute| TimeLimit {
        day,
        begin_hour,
        begin_minute,
        end_hour,
        end_minute,
    };
    NewCard {
        base: BaseInfo {
            code_mode: CodeMode::Custom,
            service_phone: Some("020-88888888".to_owned()),
            places: Places::Some(vec![123, 12_321]),
            ..base()
        },
        advanced: AdvancedInfo {
            use_condition: Some(UseCondition {
                accept_category: Some("鞋类".to_owned()),
                reject_category: Some("阿迪达斯".to_owned()),
                can_use_with_other_discount: Some(true),
                ..UseCondition::default()
            }),
            summary: Some(Summary {
                text: "微信餐厅新菜品".to_owned(),
                icon_url_list: vec![PICTURE.to_owned()],
            }),
            text_image_list: vec![TextImage {
                image_url: PICTURE.to_owned(),
                text: "此菜品精选食材".to_owned(),
            }],
            time_limit: vec![
                time(Day::Monday, Some(0), Some(10), Some(10), Some(59)),
                time(Day::Holiday, None, None, None, None),
            ],
            business_service: vec![
                Service::Wifi,
                Service::Pets,
                Service::Parking,
                Service::Delivery,
            ],
        },
        kind: CardKind::Cash { least_cost: 1000, reduce_cost: 100 },
    }
}

fn discount() -> NewCard {
    NewCard {
        base: BaseInfo { date: DateInfo::Term { days: 15, starts_after_days: 0 }, ..base() },
        advanced: AdvancedInfo::default(),
        kind: CardKind::Discount { discount: 30 },
    }
}

fn gift() -> NewCard {
    let condition = UseCondition {
        least_cost: Some(10_000),
        object_use_for: Some("火锅".to_owned()),
        ..UseCondition::default()
    };
    NewCard {
        base: BaseInfo { code_mode: CodeMode::Deposit, quantity: 0, places: Places::All, ..base() },
        advanced: AdvancedInfo { use_condition: Some(condition), ..AdvancedInfo::default() },
        kind: CardKind::Gift { gift: "可兑换音乐木盒一个".to_owned() },
    }
}

fn general_coupon() -> NewCard {
    NewCard {
        base: BaseInfo {
            source: Some("大众点评".to_owned()),
            code_type: CodeType::OnlyQrcode,
            colour: COLOURS.read("Color102").unwrap(),
            ..base()
        },
        advanced: AdvancedInfo::default(),
        kind: CardKind::GeneralCoupon { default_detail: "音乐木盒优惠".to_owned() },
    }
}

pub fn member_card() -> NewCard {
    let page = MiniPage { user_name: MINI.to_owned(), page: "API/cardPage".to_owned() };
    NewCard {
        base: BaseInfo {
            date: DateInfo::Permanent,
            custom: Some(jump("立即使用", Some("6个汉字tips"), "API/cardPage")),
            promotion: Some(jump("更多优惠", None, "API/cardPage")),
            ..base()
        },
        advanced: AdvancedInfo::default(),
        kind: CardKind::MemberCard(MemberCard {
            prerogative: "会员八折".to_owned(),
            supply_bonus: true,
            supply_balance: false,
            bonus_cleared: None,
            bonus_rules: Some("一元一分".to_owned()),
            balance_rules: None,
            activation: Activation::Form { then: Some(page) },
        }),
    }
}

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../../../tests/fixtures/wechat/",
            $name
        )))
        .unwrap()
    };
}

#[test]
fn each_type_of_card_is_told_as_the_pages_show_it() {
    for (card, body) in [
        (groupon(), fixture!("create_groupon.json")),
        (cash(), fixture!("create_cash.json")),
        (discount(), fixture!("create_discount.json")),
        (gift(), fixture!("create_gift.json")),
        (general_coupon(), fixture!("create_general_coupon.json")),
        (member_card(), fixture!("create_member_card.json")),
    ] {
        assert_eq!(card.body(), body, "{}", card.kind.name());
        assert_eq!(limits::check_card(&card), Ok(()), "{}", card.kind.name());
    }
}

#[test]
fn a_body_has_chinese_as_it_is_and_no_escaped_slash() {
    let text = groupon().body().to_string();

    assert!(text.contains("132元双人火锅套餐") && text.contains("http://mmbiz.qpic.cn/"));
    assert!(!text.contains("\\u") && !text.contains("\\/"));
}

/// What the page of 2018 says about mini-programs stands where it says; what it says about web pages stands nowhere.
#[test]
fn the_sample_of_2018_has_its_place_without_its_links() {
    let mut sample = fixture!("linked_pages_2018.json");
    let base_info = sample["card"]["member_card"]["base_info"].as_object_mut().unwrap();
    for link in ["custom_url", "promotion_url"] {
        assert!(base_info.remove(link).is_some());
    }

    let body = member_card().body();

    let told = &body["card"]["member_card"];
    for (key, value) in base_info {
        assert_eq!(&told["base_info"][key], value, "{key}");
    }
    assert_eq!(told["activate_app_brand_pass"], "API/cardPage");
    assert!(told["base_info"].get("activate_app_brand_pass").is_none());
    assert!(!body.to_string().contains("http://www.qq.com"));
}

#[test]
fn a_member_card_comes_to_life_in_one_of_three_ways() {
    let page = MiniPage { user_name: MINI.to_owned(), page: "p".to_owned() };
    let of = |activation| {
        let CardKind::MemberCard(card) = member_card().kind else { unreachable!() };
        MemberCard { activation, ..card }.wire()
    };

    let (auto, form) = (of(Activation::Auto), of(Activation::Form { then: None }));
    let ours = of(Activation::Page { page });

    let ways =
        ["auto_activate", "wx_activate", "wx_activate_after_submit", "activate_app_brand_pass"];
    let told = |wire: &Map<String, Value>| ways.map(|key| wire.contains_key(key));
    assert_eq!(told(&auto), [true, false, false, false]);
    assert_eq!(told(&form), [false, true, false, false]);
    assert_eq!(told(&ours), [false, false, false, true]);
}
