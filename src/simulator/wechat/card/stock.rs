//! `POST /card/modifystock`.

use serde_json::{Value, json};

use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;
use super::{CardStatus, CodeMode};

const MOST_STOCK: i64 = 100_000_000;

/// Adds to what is left and takes from it; what there ever was follows in both directions.
///
/// No document says whether a reduction lowers `total_quantity`. It does here, so that what was taken stays the difference of both.
pub(in super::super) fn modify(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["card_id", "increase_stock_value", "reduce_stock_value"]);
    let card_id = fields.text("card_id")?.to_owned();
    let more = fields.find_integer("increase_stock_value")?.unwrap_or(0);
    let less = fields.find_integer("reduce_stock_value")?.unwrap_or(0);
    let done = change(turn, &card_id, more, less);
    turn.tally(EffectKind::Stock, &card_id, &done);
    done.map(|()| json!({}))
}

fn change(turn: &mut Turn<'_>, card_id: &str, more: i64, less: i64) -> Result<(), Trouble> {
    if more < 0 || less < 0 {
        return Err(Trouble::parameter("a negative change"));
    }
    let now = turn.now;
    let card = turn.card_mut(card_id)?;
    if card.status == CardStatus::Delete {
        return Err(Trouble::card_status("deleted"));
    }
    let by = more.saturating_sub(less);
    let left = card.left.saturating_add(by);
    if !(0..=MOST_STOCK).contains(&left) {
        return Err(Trouble::stock("below nothing or above the most"));
    }
    let pooled = i64::try_from(card.pool.len()).unwrap_or(i64::MAX);
    if card.mode == CodeMode::Deposit && by > 0 && left > pooled {
        return Err(Trouble::stock("more than deposited codes"));
    }
    card.left = left;
    card.total += by;
    card.updated = now;
    Ok(())
}
