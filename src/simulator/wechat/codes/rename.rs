//! `POST /card/code/update`.

use serde_json::{Value, json};

use super::super::card::CodeMode;
use super::super::coupon::CouponStatus;
use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;

/// Gives a coupon whose code the merchant picked another one.
pub(in super::super) fn rename(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["code", "card_id", "new_code"]);
    fields.text("code")?;
    let card_id = fields.text("card_id")?.to_owned();
    let new_code = fields.text("new_code")?.to_owned();
    let serial = super::find(turn, &fields)?;
    let coupon = super::coupon(turn, serial)?;
    let old = (card_id.clone(), coupon.code.clone());
    let name = format!("{card_id}/{}", coupon.code);
    let may = allowed(turn, serial, &card_id, &new_code);
    turn.tally(EffectKind::Rename, &name, &may);
    may?;
    turn.state.by_code.remove(&old);
    turn.state.by_code.insert((card_id, new_code.clone()), serial);
    if let Some(coupon) = turn.state.coupons.get_mut(&serial) {
        coupon.code = new_code;
    }
    Ok(json!({}))
}

fn allowed(turn: &Turn<'_>, serial: u64, card_id: &str, code: &str) -> Result<(), Trouble> {
    let card = turn.card(card_id)?;
    let given_away = super::coupon(turn, serial)?.status(turn.now) == CouponStatus::GivenAway;
    if card.mode == CodeMode::Wechat || given_away {
        return Err(Trouble::no_code());
    }
    let taken = turn.state.by_code.contains_key(&(card_id.to_owned(), code.to_owned()));
    if taken || card.pool.contains(code) || !super::is_code(code) {
        return Err(Trouble::new(40116, "invalid code: new_code"));
    }
    Ok(())
}
