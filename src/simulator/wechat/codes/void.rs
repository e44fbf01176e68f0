//! `POST /card/code/unavailable`.

use serde_json::{Value, json};

use super::super::coupon::{CouponStatus, Life};
use super::super::effects::EffectKind;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;

/// Ends a coupon for good, as after a refund; one that is over may be voided, too.
pub(in super::super) fn void(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["code", "card_id", "reason"]);
    fields.text("code")?;
    fields.find_text("reason")?;
    let serial = super::find(turn, &fields)?;
    let coupon = super::coupon(turn, serial)?;
    let name = format!("{}/{}", coupon.card_id, coupon.code);
    let may = match coupon.status(turn.now) {
        CouponStatus::GivenAway => Err(Trouble::no_code()),
        CouponStatus::Consumed => Err(Trouble::consumed()),
        CouponStatus::Normal | CouponStatus::Expire | CouponStatus::GiftTimeout => Ok(()),
        CouponStatus::Gifting | CouponStatus::Delete | CouponStatus::Unavailable => {
            Err(Trouble::unusable())
        }
    };
    turn.tally(EffectKind::Void, &name, &may);
    may?;
    if let Some(coupon) = turn.state.coupons.get_mut(&serial) {
        coupon.life = Life::Unavailable;
    }
    Ok(json!({}))
}
