//! `POST /card/delete`.

use serde_json::{Value, json};

use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;
use super::CardStatus;

/// Ends a card for those who have none yet; what was taken stays good.
pub(in super::super) fn delete(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["card_id"]);
    let card_id = fields.text("card_id")?.to_owned();
    let found = turn.living_card(&card_id).map(drop);
    turn.tally(EffectKind::Delete, &card_id, &found);
    found?;
    let now = turn.now;
    let card = turn.card_mut(&card_id)?;
    card.status = CardStatus::Delete;
    card.updated = now;
    Ok(json!({}))
}
