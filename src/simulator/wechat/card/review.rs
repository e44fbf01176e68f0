//! The review of a card, by hand or automatic.

use chrono::{DateTime, Utc};

use super::super::letter::Letter;
use super::super::person::derived;
use super::super::state::State;
use super::super::trouble::Refused;
use super::CardStatus;

/// Lets a card pass, or not, and tells its account.
pub(in super::super) fn review(
    state: &mut State,
    now: DateTime<Utc>,
    card_id: &str,
    passes: bool,
    reason: &str,
) -> Result<(), Refused> {
    let card = state.cards.get_mut(card_id).ok_or(Refused::NoSuch("card"))?;
    if card.status == CardStatus::Delete {
        return Err(Refused::Input("the card is deleted".to_owned()));
    }
    card.status = if passes { CardStatus::VerifyOk } else { CardStatus::VerifyFail };
    let appid = card.appid.clone();
    // The documents name the sender no further than that it is on the merchant's side.
    let from = format!("o{}", derived(&[&state.key, "reviewer", &appid], 27));
    let letter = if passes {
        Letter::new(&appid, "card_pass_check", &from, card_id)
    } else {
        Letter::new(&appid, "card_not_pass_check", &from, card_id).text("RefuseReason", reason)
    };
    state.push(now, letter);
    Ok(())
}

/// Lets a card pass at once when the switch says so.
pub(in super::super) fn when_automatic(state: &mut State, now: DateTime<Utc>, card_id: &str) {
    if state.switches.auto_review {
        // It was made a moment ago, so it is there.
        review(state, now, card_id, true, "").ok();
    }
}
