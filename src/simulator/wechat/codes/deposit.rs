//! `POST /card/code/deposit`, `/card/code/getdepositcount` and `/card/code/checkcode`.

use serde_json::{Value, json};

use super::super::card::{Card, CardStatus, CodeMode};
use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;

/// Puts codes into the pool; those that were ever in it are named as duplicates.
pub(in super::super) fn deposit(
    turn: &mut Turn<'_>,
    incoming: &Incoming,
) -> Result<Value, Trouble> {
    let (card_id, codes) = read(turn, incoming)?;
    if pool_of(turn, &card_id)?.status != CardStatus::VerifyOk {
        return Err(Trouble::card_status("not reviewed"));
    }
    if codes.iter().any(|code| !super::is_code(code)) {
        return Err(Trouble::new(40116, "invalid code"));
    }
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for code in codes {
        let is_taken = turn.state.by_code.contains_key(&(card_id.clone(), code.clone()));
        let card = turn.card_mut(&card_id)?;
        let is_new = !is_taken && card.pool.insert(code.clone());
        card.deposited += i64::from(is_new);
        let name = format!("{card_id}/{code}");
        let came = if is_new { Ok(()) } else { Err(Trouble::no_code()) };
        turn.tally(EffectKind::Deposit, &name, &came);
        if is_new { &mut fresh } else { &mut known }.push(code);
    }
    let none: [&str; 0] = [];
    Ok(json!({ "succ_code": fresh, "duplicate_code": known, "fail_code": none }))
}

/// How many codes were ever deposited.
pub(in super::super) fn count(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["card_id"]);
    let count = pool_of(turn, fields.text("card_id")?)?.deposited;
    Ok(json!({ "count": count }))
}

/// Which codes are known, whether or not somebody has them by now.
pub(in super::super) fn check(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let (card_id, codes) = read(turn, incoming)?;
    pool_of(turn, &card_id)?;
    let is_known = |code: &String| {
        let is_taken = turn.state.by_code.contains_key(&(card_id.clone(), code.clone()));
        is_taken || turn.state.cards.get(&card_id).is_some_and(|card| card.pool.contains(code))
    };
    let (known, unknown): (Vec<_>, Vec<_>) = codes.into_iter().partition(is_known);
    Ok(json!({ "exist_code": known, "not_exist_code": unknown }))
}

fn read(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<(String, Vec<String>), Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["card_id", "code"]);
    let card_id = fields.text("card_id")?.to_owned();
    let codes = fields.texts("code")?;
    if !(1..=100).contains(&codes.len()) || codes.iter().any(|code| code.is_empty()) {
        return Err(Trouble::new(40109, "invalid number of codes"));
    }
    Ok((card_id, codes.into_iter().map(str::to_owned).collect()))
}

fn pool_of<'a>(turn: &'a Turn<'_>, card_id: &str) -> Result<&'a Card, Trouble> {
    let card = turn.living_card(card_id)?;
    if card.mode == CodeMode::Deposit { Ok(card) } else { Err(Trouble::card_status("no deposits")) }
}
