//! `POST /card/user/getcardlist`.

use serde_json::{Value, json};

use super::super::coupon::CouponStatus;
use super::super::fields::Fields;
use super::super::request::Incoming;
use super::super::trouble::Trouble;
use super::super::turn::Turn;

/// What a person can use, now or later, of one card or of all.
pub(in super::super) fn list(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["openid", "card_id"]);
    let openid = fields.find_text("openid")?.filter(|openid| !openid.is_empty());
    let openid = openid.ok_or_else(|| Trouble::new(41009, "missing openid"))?;
    let card_id = fields.find_text("card_id")?.filter(|card_id| !card_id.is_empty());
    if let Some(card_id) = card_id {
        turn.card(card_id)?;
    }
    if !turn.state.openids.contains_key(&(turn.appid.clone(), openid.to_owned())) {
        return Err(Trouble::new(40003, "invalid openid"));
    }
    let theirs = turn.state.coupons.values().filter(|coupon| {
        coupon.appid == turn.appid
            && coupon.openid == openid
            && card_id.is_none_or(|card_id| coupon.card_id == card_id)
            && coupon.status(turn.now) == CouponStatus::Normal
    });
    let list: Vec<Value> =
        theirs.map(|coupon| json!({ "code": coupon.code, "card_id": coupon.card_id })).collect();
    Ok(json!({ "card_list": list, "has_share_card": false }))
}
