//! `POST /card/get` and `POST /card/batchget`.

use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;
use super::CardStatus;

/// One card, deleted or not.
pub(in super::super) fn get(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["card_id"]);
    let card = turn.card(fields.text("card_id")?)?;
    Ok(json!({ "card": card.shown() }))
}

/// One page of the account's cards, oldest first; all of them when no status is named.
pub(in super::super) fn list(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["offset", "count", "status_list"]);
    let offset = fields.integer("offset")?;
    let count = fields.integer("count")?;
    let statuses = statuses(turn, &fields)?;
    let (Ok(offset), Ok(count @ 0..=50)) = (usize::try_from(offset), usize::try_from(count)) else {
        return Err(Trouble::parameter("offset or count"));
    };
    let mine = turn.state.cards.values().filter(|card| card.appid == turn.appid);
    let mut wanted: Vec<_> = mine
        .filter(|card| statuses.as_ref().is_none_or(|all| all.contains(&card.status.name())))
        .collect();
    wanted.sort_by_key(|card| (card.created, &card.card_id));
    let page: Vec<&str> =
        wanted.iter().skip(offset).take(count).map(|card| card.card_id.as_str()).collect();
    Ok(json!({ "card_id_list": page, "total_num": wanted.len() }))
}

fn statuses(
    turn: &mut Turn<'_>,
    fields: &Fields<'_>,
) -> Result<Option<Vec<&'static str>>, Trouble> {
    let Some(sent) = fields.find("status_list") else { return Ok(None) };
    let sent = match sent.as_str() {
        Some(alone) if !turn.is_strict() => {
            turn.tolerate("status_list is no list");
            vec![alone]
        }
        Some(_) | None => fields.texts("status_list")?,
    };
    let known = sent.into_iter().map(|name| match name {
        "CARD_STATUS_NOT_VERIFY" => Ok(CardStatus::NotVerify.name()),
        "CARD_STATUS_VERIFY_FAIL" | "CARD_STATUS_VERIFY_FALL" => Ok(CardStatus::VerifyFail.name()),
        "CARD_STATUS_VERIFY_OK" => Ok(CardStatus::VerifyOk.name()),
        "CARD_STATUS_DELETE" | "CARD_STATUS_USER_DELETE" => Ok(CardStatus::Delete.name()),
        // Nothing here was ever issued through the console.
        "CARD_STATUS_DISPATCH" | "CARD_STATUS_USER_DISPATCH" => Ok("CARD_STATUS_DISPATCH"),
        _ => Err(Trouble::parameter("status_list")),
    });
    known.collect::<Result<_, _>>().map(Some)
}
