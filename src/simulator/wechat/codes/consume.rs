//! `POST /card/code/consume`.

use serde_json::{Value, json};

use super::super::acts;
use super::super::coupon::{CouponStatus, Life};
use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;

/// Redeems a coupon for good.
pub(in super::super) fn consume(
    turn: &mut Turn<'_>,
    incoming: &Incoming,
) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["code", "card_id"]);
    fields.text("code")?;
    let serial = super::find(turn, &fields)?;
    let coupon = super::coupon(turn, serial)?;
    let name = format!("{}/{}", coupon.card_id, coupon.code);
    let may = allowed(turn, serial);
    turn.tally(EffectKind::Consume, &name, &may);
    may?;
    let coupon = super::coupon(turn, serial)?;
    let answer = json!({ "card": { "card_id": coupon.card_id }, "openid": coupon.openid });
    acts::consumed(turn.state, turn.now, serial, &acts::Till::Api);
    Ok(answer)
}

fn allowed(turn: &Turn<'_>, serial: u64) -> Result<(), Trouble> {
    let coupon = super::coupon(turn, serial)?;
    match coupon.status(turn.now) {
        CouponStatus::GivenAway => return Err(Trouble::no_code()),
        CouponStatus::Consumed => return Err(Trouble::consumed()),
        CouponStatus::Normal if coupon.can_consume(turn.now) => {}
        CouponStatus::Normal
        | CouponStatus::Expire
        | CouponStatus::Gifting
        | CouponStatus::GiftTimeout
        | CouponStatus::Delete
        | CouponStatus::Unavailable => return Err(Trouble::unusable()),
    }
    let used = turn.state.coupons.values().filter(|other| {
        other.card_id == coupon.card_id
            && other.openid == coupon.openid
            && other.life == Life::Consumed
    });
    let limit = turn.card(&coupon.card_id)?.use_limit();
    if i64::try_from(used.count()).unwrap_or(i64::MAX) >= limit {
        return Err(Trouble::new(45033, "user use limit"));
    }
    Ok(())
}
