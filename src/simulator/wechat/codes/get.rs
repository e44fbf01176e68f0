//! `POST /card/code/get` and `POST /card/code/decrypt`.

use serde_json::{Value, json};

use super::super::coupon::CouponStatus;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;

/// Where a coupon stands; with `check_consume` only when it can be redeemed.
pub(in super::super) fn get(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["code", "card_id", "check_consume"]);
    fields.text("code")?;
    let checks = fields.find_flag("check_consume")?.unwrap_or(true);
    let serial = super::find(turn, &fields)?;
    let (now, coupon) = (turn.now, super::coupon(turn, serial)?);
    let (status, can_consume) = (coupon.status(now), coupon.can_consume(now));
    if status == CouponStatus::GivenAway {
        return Err(Trouble::no_code());
    }
    if checks && status == CouponStatus::Consumed {
        return Err(Trouble::consumed());
    }
    if checks && !can_consume {
        return Err(Trouble::unusable());
    }
    Ok(json!({
        "card": {
            "card_id": coupon.card_id, "code": coupon.code,
            "begin_time": coupon.begin, "end_time": coupon.end,
        },
        "openid": coupon.openid, "can_consume": can_consume,
        "outer_str": coupon.outer_str, "user_card_status": status.name(),
    }))
}

/// The code that an encrypted one stands for.
pub(in super::super) fn decrypt(
    turn: &mut Turn<'_>,
    incoming: &Incoming,
) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["encrypt_code"]);
    let sealed = fields.text("encrypt_code")?;
    if sealed.len() > 128 {
        return Err(Trouble::too_long("encrypt_code"));
    }
    let code = turn.state.encrypted.get(&(turn.appid.clone(), sealed.to_owned()));
    let code = code.ok_or_else(|| Trouble::new(40075, "invalid encrypt code"))?;
    Ok(json!({ "code": code }))
}
