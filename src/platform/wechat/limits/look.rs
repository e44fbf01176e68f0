//! How cards look, as it is set for an account or a placement.

use super::{
    BRAND_NAME, DETAIL, NOTICE, PHONE, SOURCE, card::check_member_card, expect, expect_advanced,
    expect_jump, expect_picture, expect_places, expect_text,
};
use crate::{
    domain::problem::{Problem, Problems},
    platform::wechat::look::CardLook,
};

/// All that WeChat would refuse about a look, whatever the terms of the card.
pub fn check_look(look: &CardLook) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    for (param, text, room) in [
        ("card.brand_name", &look.brand_name, BRAND_NAME),
        ("card.notice", &look.notice, NOTICE),
        ("card.service_phone", &look.service_phone, PHONE),
        ("card.deal_detail", &look.deal_detail, DETAIL),
        ("card.source", &look.source, SOURCE),
    ] {
        if let Some(text) = text {
            expect_text(&mut problems, param, text, room);
        }
    }
    if let Some(url) = &look.logo_url {
        expect_picture(&mut problems, "card.logo_url", url);
    }
    if let Some(places) = &look.location_id_list {
        expect_places(&mut problems, places);
        let all = look.use_all_locations == Some(true);
        let texts = ("指定门店与全部门店只能选一", "some places or all of them, not both");
        expect(&mut problems, !all || places.is_empty(), "card.use_all_locations", texts);
    }
    for (param, jump) in [
        ("card.center", &look.center),
        ("card.custom", &look.custom),
        ("card.promotion", &look.promotion),
    ] {
        if let Some(jump) = jump {
            expect_jump(&mut problems, param, jump, param == "card.center");
        }
    }
    if let Some(advanced) = &look.advanced_info {
        expect_advanced(&mut problems, advanced);
    }
    if let Some(card) = &look.member_card {
        check_member_card(card, &mut problems);
    }
    problems.into_result()
}
