//! What stands at WeChat beside what should stand there.
//!
//! Finds the card again whose creation went unanswered, and notices what somebody changed by hand.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{
    form::{CardKind, NewCard, Places},
    shown::ShownCard,
};

/// The fields that differ, as the merchant knows them. Colours are shown by looks that are not those of the table, and
/// what is left changes by itself, so neither can differ.
pub fn differences(shown: &ShownCard, card: &NewCard) -> Vec<&'static str> {
    let base = &card.base;
    let same = [
        ("kind", shown.card_type == card.kind.name()),
        ("benefit", same_worth(shown.kind.as_ref(), &card.kind)),
        ("title", shown.title == base.title),
        ("texts", shown.description.trim() == base.description.trim()),
        ("validity", shown.date == Some(base.date)),
        ("per_person_limit", shown.get_limit.is_none_or(|limit| limit == base.get_limit)),
        ("code_mode", shown.code_mode == base.code_mode),
        ("card.brand_name", shown.brand_name == base.brand_name),
        ("card.logo_url", shown.logo_url == base.logo_url),
        ("card.notice", shown.notice.trim() == base.notice.trim()),
        ("card.code_type", shown.code_type == base.code_type.name()),
        ("card.service_phone", shown.service_phone == base.service_phone),
        ("card.can_share", shown.can_share.is_none_or(|said| said == base.can_share)),
        (
            "card.can_give_friend",
            shown.can_give_friend.is_none_or(|said| said == base.can_give_friend),
        ),
        ("card.location_id_list", same_places(shown, &base.places)),
        ("card.center", shown.center == base.center),
        ("card.custom", shown.custom == base.custom),
        ("card.promotion", shown.promotion == base.promotion),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// What people see of a card, by the names of our terms; what changes by itself is left out.
pub fn seen(shown: &ShownCard) -> Value {
    json!({
        "kind": shown.card_type,
        "title": shown.title,
        "texts": shown.description,
        "per_person_limit": shown.get_limit,
        "colour": shown.colour,
        "card.brand_name": shown.brand_name,
        "card.logo_url": shown.logo_url,
        "card.notice": shown.notice,
        "card.code_type": shown.code_type,
        "card.service_phone": shown.service_phone,
        "card.can_share": shown.can_share,
        "card.can_give_friend": shown.can_give_friend,
    })
}

fn same_worth(shown: Option<&CardKind>, told: &CardKind) -> bool {
    // A member card is shown with much that we never told.
    match (shown, told) {
        (Some(CardKind::MemberCard(shown)), CardKind::MemberCard(told)) => {
            shown.prerogative == told.prerogative
        }
        (shown, told) => shown == Some(told),
    }
}

fn same_places(shown: &ShownCard, told: &Places) -> bool {
    match told {
        Places::Unsaid => true,
        Places::All => shown.use_all_locations,
        Places::Some(places) => shown.location_id_list == *places,
    }
}
