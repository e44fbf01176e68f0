//! `POST /card/create`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::kind::CardKind;
use super::super::request::Incoming;
use super::super::switches::Profile;
use super::super::trouble::Trouble;
use super::super::turn::Turn;
use super::{Card, CardStatus, CodeMode, Dates, advanced, base, dates, jump, review};

const MOST_STOCK: i64 = 100_000_000;

/// Makes a card, which nobody can take before its review.
pub(in super::super) fn create(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let made = read(turn, incoming);
    let title = made.as_ref().map(|card| card.text("title").to_owned()).unwrap_or_default();
    let digest = Sha256::digest(Value::Object(incoming.json.clone()).to_string());
    let name = format!("{title} {}", hex::encode(digest.get(..4).unwrap_or_default()));
    turn.tally(EffectKind::Create, &name, &made);
    let card = made?;
    let card_id = card.card_id.clone();
    turn.state.cards.insert(card_id.clone(), card);
    review::when_automatic(turn.state, turn.now, &card_id);
    Ok(json!({ "card_id": card_id }))
}

fn read(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Card, Trouble> {
    let root = Fields::root(&incoming.json);
    turn.note_undocumented(&root, &["card"]);
    let card = root.object("card")?;
    let kind = kind(turn, card.text("card_type")?)?;
    turn.note_undocumented(&card, &["card_type", kind.key()]);
    let own = card.object(kind.key())?;
    let info = own.object("base_info")?;
    note_undocumented(turn, kind, &own, &info);
    check_own(kind, &own)?;
    if kind == CardKind::MemberCard {
        // The page of 2018 shows no more than the fields that were new, and so do its readers.
        turn.notes.push("undocumented: an excerpt of a member card is a card".to_owned());
    } else {
        base::check_required(&info)?;
    }
    base::check(&info, true)?;
    refuse_web_links(turn, &info)?;
    base::check_values(&info)?;
    let mode = mode(turn, &info)?;
    let left = quantity(kind, mode, &info)?;
    let dates = match info.find_object("date_info")? {
        Some(sent) => dates::read(&sent, kind, turn.now)?,
        None => Dates::Permanent,
    };
    let owner = turn.state.apps.get(&turn.appid).ok_or_else(Trouble::no_card)?;
    jump::check(info.map, owner, &turn.state.apps.values())?;
    let mut kept = Map::clone(info.map);
    kept.retain(|name, value| !["date_info", "sku"].contains(&name.as_str()) && !value.is_null());
    let mut own = Map::clone(own.map);
    own.remove("base_info");
    Ok(Card {
        card_id: format!("p{}", turn.state.alphanumeric(27)),
        appid: turn.appid.clone(),
        kind,
        own,
        base: kept,
        dates,
        mode,
        status: CardStatus::NotVerify,
        left,
        total: left,
        pool: BTreeSet::new(),
        deposited: 0,
        created: turn.now,
        updated: turn.now,
        reminded: None,
    })
}

fn kind(turn: &Turn<'_>, name: &str) -> Result<CardKind, Trouble> {
    let kind = CardKind::parse(name);
    let is_old = turn.state.switches.profile == Profile::Legacy2018;
    kind.filter(|kind| *kind != CardKind::MemberCard || is_old)
        .ok_or_else(|| Trouble::new(40071, "invalid card type"))
}

fn note_undocumented(turn: &mut Turn<'_>, kind: CardKind, own: &Fields<'_>, info: &Fields<'_>) {
    if kind == CardKind::MemberCard {
        return;
    }
    let mut known = vec!["base_info", "advanced_info"];
    known.extend(kind.own().iter().map(|own| own.name));
    turn.note_undocumented(own, &known);
    let known: Vec<&str> = base::RULES.iter().map(|rule| rule.name).collect();
    turn.note_undocumented(info, &known);
}

/// What the kind has of its own.
fn check_own(kind: CardKind, own: &Fields<'_>) -> Result<(), Trouble> {
    for field in kind.own() {
        let is_there = if field.most.is_some() {
            own.find_text(field.name)?.is_some_and(|text| !text.is_empty())
        } else {
            own.find_integer(field.name)?.is_some()
        };
        if field.is_required && !is_there {
            return Err(own.missing(field.name));
        }
    }
    for field in kind.own() {
        let text = own.find(field.name).and_then(Value::as_str).unwrap_or_default();
        if field.most.is_some_and(|most| text.len() > most) {
            return Err(Trouble::too_long(&own.path_of(field.name)));
        }
        let number = own.find(field.name).and_then(Value::as_i64).unwrap_or(0);
        let most = if kind == CardKind::Discount { 100 } else { i64::MAX };
        if !(0..=most).contains(&number) {
            return Err(Trouble::parameter(own.path_of(field.name)));
        }
    }
    match own.find_object("advanced_info")? {
        Some(info) => advanced::check(&info),
        None => Ok(()),
    }
}

/// Since 2019 a link to a web page, even an empty one, makes the call fail.
pub(in super::super) fn refuse_web_links(
    turn: &Turn<'_>,
    info: &Fields<'_>,
) -> Result<(), Trouble> {
    let is_modern = turn.state.switches.profile == Profile::Modern;
    if is_modern && base::WEB_LINKS.iter().any(|name| info.map.contains_key(*name)) {
        let words = "不再支持配置网页链接跳转,请选择小程序替代";
        return Err(Trouble::new(40035, words));
    }
    Ok(())
}

fn mode(turn: &Turn<'_>, info: &Fields<'_>) -> Result<CodeMode, Trouble> {
    let is_custom = info.find_flag("use_custom_code")?.unwrap_or(false);
    let deposits = match info.find_text("get_custom_code_mode")? {
        None | Some("") => false,
        Some("GET_CUSTOM_CODE_MODE_DEPOSIT") => true,
        Some(_) => return Err(Trouble::parameter("get_custom_code_mode")),
    };
    let may = turn.state.apps.get(&turn.appid).is_some_and(|app| app.custom_code_permission);
    if is_custom && !may {
        return Err(Trouble::new(43009, "no permission to use custom code"));
    }
    match (is_custom, deposits) {
        (false, false) => Ok(CodeMode::Wechat),
        (true, false) => Ok(CodeMode::Custom),
        (true, true) => Ok(CodeMode::Deposit),
        (false, true) => Err(Trouble::parameter("get_custom_code_mode without use_custom_code")),
    }
}

fn quantity(kind: CardKind, mode: CodeMode, info: &Fields<'_>) -> Result<i64, Trouble> {
    let Some(sku) = info.find_object("sku")? else {
        return Ok(if kind == CardKind::MemberCard { MOST_STOCK } else { 0 });
    };
    let quantity = sku.integer("quantity")?;
    let allowed = if mode == CodeMode::Deposit { 0..=0 } else { 1..=MOST_STOCK };
    if !allowed.contains(&quantity) {
        return Err(Trouble::stock("sku.quantity"));
    }
    Ok(quantity)
}
