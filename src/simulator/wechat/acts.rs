//! What people and tills do with a coupon that somebody has.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::card::CodeMode;
use super::coupon::{Coupon, CouponStatus, Life, Origin};
use super::fact::What;
use super::grant::{self, Giver, fresh_code};
use super::letter::Letter;
use super::state::State;
use super::trouble::{Refused, Trouble};

/// Who redeems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Till {
    /// The merchant, through the API.
    Api,
    /// The merchant, in the console on the web.
    Console,
    /// A member of staff, with the helper on a phone.
    Helper {
        /// The member's open id.
        staff: String,
    },
    /// The person alone.
    SelfService {
        /// What was typed in.
        verify_code: String,
        /// The amount that was noted.
        remark_amount: String,
    },
}

/// The coupon that a person has under a code.
pub(super) fn held_by(state: &State, person: &str, code: &str) -> Result<u64, Refused> {
    let mut theirs = state.coupons.iter().rev().filter(|(_, coupon)| {
        coupon.person == person && coupon.code == code && coupon.life != Life::GivenAway
    });
    theirs.next().map(|(serial, _)| *serial).ok_or(Refused::NoSuch("coupon"))
}

fn coupon(state: &State, serial: u64) -> Result<Coupon, Refused> {
    state.coupons.get(&serial).cloned().ok_or(Refused::NoSuch("coupon"))
}

fn set(state: &mut State, serial: u64, life: Life) {
    if let Some(coupon) = state.coupons.get_mut(&serial) {
        coupon.life = life;
    }
}

fn letter(coupon: &Coupon, event: &'static str) -> Letter {
    Letter::new(&coupon.appid, event, &coupon.openid, &coupon.card_id).code(&coupon.code)
}

/// The person sends it to a friend, named or not, or to a group.
pub(super) fn gift(
    state: &mut State,
    now: DateTime<Utc>,
    serial: u64,
    friend: Option<&str>,
    is_chat_room: bool,
) -> Result<(), Refused> {
    let coupon = coupon(state, serial)?;
    let may = state.cards.get(&coupon.card_id).is_some_and(|card| card.flag("can_give_friend"));
    if !may {
        return Err(Refused::Input("the card cannot be given away".to_owned()));
    }
    if coupon.status(now) != CouponStatus::Normal {
        return Err(Trouble::unusable().into());
    }
    let friend = friend.map(|name| state.openid(&coupon.appid, name)).unwrap_or_default();
    set(state, serial, Life::Gifting { since: now });
    let letter = letter(&coupon, "user_gifting_card")
        .flag("IsReturnBack", false)
        .text("FriendUserName", &friend)
        .flag("IsChatRoom", is_chat_room);
    state.push(now, letter);
    Ok(())
}

/// A friend takes what is on its way; WeChat's own codes change with the owner.
pub(super) fn accept(
    state: &mut State,
    now: DateTime<Utc>,
    friend: &str,
    code: &str,
) -> Result<String, Refused> {
    let offered = state
        .coupons
        .iter()
        .find(|(_, coupon)| coupon.code == code && coupon.status(now) == CouponStatus::Gifting);
    let serial = offered.map(|(serial, _)| *serial).ok_or(Refused::NoSuch("gift"))?;
    let old = coupon(state, serial)?;
    let mode = state.cards.get(&old.card_id).map(|card| card.mode);
    let code = if mode == Some(CodeMode::Wechat) { fresh_code(state) } else { old.code.clone() };
    let openid = state.openid(&old.appid, friend);
    set(state, serial, Life::GivenAway);
    let new = Coupon {
        code: code.clone(),
        person: friend.to_owned(),
        openid,
        taken: now,
        origin: Origin::Gift,
        life: Life::Normal,
        ..old.clone()
    };
    grant::keep(state, new.clone());
    state.note_fact(now, What::Given, &old.card_id, &old.openid);
    let giver = Giver { openid: old.openid, old_code: old.code };
    grant::tell(state, now, &new, Some(&giver), 0);
    Ok(code)
}

/// A gift that nobody accepted comes back.
pub(super) fn return_gift(
    state: &mut State,
    now: DateTime<Utc>,
    serial: u64,
) -> Result<(), Refused> {
    let coupon = coupon(state, serial)?;
    if !matches!(coupon.life, Life::Gifting { .. }) {
        return Err(Refused::Input("it is not on its way to a friend".to_owned()));
    }
    set(state, serial, Life::Normal);
    let letter = letter(&coupon, "user_gifting_card")
        .flag("IsReturnBack", true)
        .text("FriendUserName", "")
        .flag("IsChatRoom", false);
    state.push(now, letter);
    Ok(())
}

/// The person throws it away.
pub(super) fn delete(state: &mut State, now: DateTime<Utc>, serial: u64) -> Result<(), Refused> {
    let coupon = coupon(state, serial)?;
    if coupon.life == Life::Deleted {
        return Err(Trouble::unusable().into());
    }
    // What was used or voided can be thrown away as well, and stays what it was.
    if matches!(coupon.life, Life::Normal | Life::Gifting { .. }) {
        set(state, serial, Life::Deleted);
    }
    state.push(now, letter(&coupon, "user_del_card"));
    Ok(())
}

/// The person looks at it; only some cards tell.
pub(super) fn view(state: &mut State, now: DateTime<Utc>, serial: u64) -> Result<(), Refused> {
    let coupon = coupon(state, serial)?;
    let card = state.cards.get(&coupon.card_id).ok_or(Refused::NoSuch("card"))?;
    let tells = card.flag("need_push_on_view");
    state.note_fact(now, What::View, &coupon.card_id, &coupon.openid);
    if tells {
        let letter = letter(&coupon, "user_view_card").text("OuterStr", &coupon.outer_str);
        state.push(now, letter);
    }
    Ok(())
}

/// The person goes from it to the account.
pub(super) fn enter_session(
    state: &mut State,
    now: DateTime<Utc>,
    serial: u64,
) -> Result<(), Refused> {
    let coupon = coupon(state, serial)?;
    state.push(now, letter(&coupon, "user_enter_session_from_card"));
    Ok(())
}

/// It is redeemed past the API.
pub(super) fn consume(
    state: &mut State,
    now: DateTime<Utc>,
    serial: u64,
    till: &Till,
) -> Result<(), Refused> {
    let coupon = coupon(state, serial)?;
    if coupon.status(now) == CouponStatus::Consumed {
        return Err(Trouble::consumed().into());
    }
    if !coupon.can_consume(now) {
        return Err(Trouble::unusable().into());
    }
    consumed(state, now, serial, till);
    Ok(())
}

/// Books a redemption that was allowed, and tells.
pub(super) fn consumed(state: &mut State, now: DateTime<Utc>, serial: u64, till: &Till) {
    set(state, serial, Life::Consumed);
    let Some(coupon) = state.coupons.get(&serial).cloned() else { return };
    state.note_fact(now, What::Verify, &coupon.card_id, &coupon.openid);
    let (source, staff, verify_code, remark) = match till {
        Till::Api => ("FROM_API", "", "", ""),
        Till::Console => ("FROM_MP", "", "", ""),
        Till::Helper { staff } => ("FROM_MOBILE_HELPER", staff.as_str(), "", ""),
        Till::SelfService { verify_code, remark_amount } => {
            ("FROM_MOBILE_HELPER", "", verify_code.as_str(), remark_amount.as_str())
        }
    };
    let letter = letter(&coupon, "user_consume_card")
        .text("ConsumeSource", source)
        .text("LocationName", "")
        .text("StaffOpenId", staff)
        .text("VerifyCode", verify_code)
        .text("RemarkAmount", remark)
        .text("OuterStr", &coupon.outer_str);
    state.push(now, letter);
}
