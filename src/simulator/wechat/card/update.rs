//! `POST /card/update`.

use serde_json::{Map, Value, json};

use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;
use super::base::{self, Change};
use super::create::refuse_web_links;
use super::{Card, CardStatus, Dates, dates, jump, review};

/// What a change makes of a card.
struct Changed {
    base: Map<String, Value>,
    dates: Dates,
    is_reviewed: bool,
}

/// Changes what may be changed, on coupons that were taken as well.
pub(in super::super) fn update(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    let card_id = fields.text("card_id")?.to_owned();
    let changed = change(turn, &fields, &card_id);
    turn.tally(EffectKind::Update, &card_id, &changed);
    let Changed { base, dates, is_reviewed } = changed?;
    let now = turn.now;
    let card = turn.card_mut(&card_id)?;
    card.base = base;
    card.updated = now;
    let is_wider = card.dates != dates;
    card.dates = dates;
    if is_reviewed {
        card.status = CardStatus::NotVerify;
    }
    if is_wider && let Dates::Range { begin, end } = dates {
        let theirs = turn.state.coupons.values_mut().filter(|coupon| coupon.card_id == card_id);
        theirs.for_each(|coupon| (coupon.begin, coupon.end) = (begin, end));
    }
    if is_reviewed {
        review::when_automatic(turn.state, now, &card_id);
    }
    Ok(json!({ "send_check": is_reviewed }))
}

fn change(turn: &mut Turn<'_>, fields: &Fields<'_>, card_id: &str) -> Result<Changed, Trouble> {
    let key = turn.card(card_id).map(|card| card.kind.key())?;
    let own = fields.object(key)?;
    let info = own.object("base_info")?;
    turn.note_undocumented(fields, &["card_id", key]);
    if let Some(name) = own.map.keys().find(|name| *name != "base_info") {
        return Err(Trouble::format(format!("{name} cannot be changed")));
    }
    let is_reviewed = check_changes(turn, &info)?;
    base::check(&info, false)?;
    refuse_web_links(turn, &info)?;
    base::check_values(&info)?;
    let card = turn.living_card(card_id)?;
    let dates = match info.find_object("date_info")? {
        Some(sent) => dates::widen(&sent, card.dates, turn.now)?,
        None => card.dates,
    };
    let base = merged(card, &info);
    let owner = turn.state.apps.get(&turn.appid).ok_or_else(Trouble::no_card)?;
    jump::check(&base, owner, &turn.state.apps.values())?;
    Ok(Changed { base, dates, is_reviewed })
}

/// Whether a change needs a new review; refused when something cannot be changed at all.
fn check_changes(turn: &mut Turn<'_>, info: &Fields<'_>) -> Result<bool, Trouble> {
    let mut is_reviewed = false;
    let mut unknown = Vec::new();
    for name in info.map.keys() {
        match base::rule_of(name).map(|rule| rule.change) {
            Some(Change::Never) => {
                return Err(Trouble::format(format!("{} cannot be changed", info.path_of(name))));
            }
            Some(Change::Review) => is_reviewed = true,
            Some(Change::Free) => {}
            None => unknown.push(name.as_str()),
        }
    }
    let known: Vec<&str> =
        info.map.keys().map(String::as_str).filter(|name| !unknown.contains(name)).collect();
    turn.note_undocumented(info, &known);
    Ok(is_reviewed)
}

/// An empty text takes a field away, and so does a nought instead of a list.
fn merged(card: &Card, info: &Fields<'_>) -> Map<String, Value> {
    let mut base = card.base.clone();
    for (name, value) in info.map {
        let is_cleared =
            value.as_str() == Some("") || (name == "location_id_list" && value.as_i64() == Some(0));
        if name == "date_info" || value.is_null() {
            continue;
        }
        if is_cleared {
            base.remove(name);
        } else {
            base.insert(name.clone(), value.clone());
        }
    }
    base
}
