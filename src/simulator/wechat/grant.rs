//! A person takes a coupon, whichever way: what must hold, what it changes, and whom it tells.

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;

use super::card::{Card, CardStatus, CodeMode, Dates};
use super::coupon::{Coupon, Life, Origin};
use super::fact::What;
use super::letter::Letter;
use super::state::State;
use super::trouble::Trouble;

/// One coupon that somebody wants.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub card_id: String,
    pub person: String,
    pub origin: Origin,
    /// The merchant's code, where the merchant names it.
    pub code: Option<String>,
    pub outer_str: String,
    pub outer_id: i64,
    /// The first second of a term that the merchant named.
    pub begins: Option<i64>,
}

/// Hands out a coupon and says its code.
pub(super) fn grant(state: &mut State, now: DateTime<Utc>, wish: &Wish) -> Result<String, Trouble> {
    let card = state.cards.get(&wish.card_id).ok_or_else(Trouble::no_card)?;
    let appid = card.appid.clone();
    let openid = state.openid(&appid, &wish.person);
    let checked = check(state, now, wish);
    let drawn = checked.and_then(|()| draw_code(state, wish));
    if drawn.is_ok()
        && let Some(card) = state.cards.get_mut(&wish.card_id)
    {
        card.left -= 1;
    }
    remind(state, now, &wish.card_id);
    let code = drawn?;
    let dates = state.cards.get(&wish.card_id).map_or(Dates::Permanent, |card| card.dates);
    let (begin, end) = dates.of_coupon(now, wish.begins);
    let coupon = Coupon {
        card_id: wish.card_id.clone(),
        appid,
        code: code.clone(),
        person: wish.person.clone(),
        openid: openid.clone(),
        begin,
        end,
        outer_str: wish.outer_str.clone(),
        taken: now,
        origin: wish.origin,
        life: Life::Normal,
    };
    keep(state, coupon.clone());
    state.note_fact(now, What::Receive, &wish.card_id, &openid);
    tell(state, now, &coupon, None, wish.outer_id);
    Ok(code)
}

/// What must hold, in WeChat's order.
fn check(state: &State, now: DateTime<Utc>, wish: &Wish) -> Result<(), Trouble> {
    let card = state.cards.get(&wish.card_id).ok_or_else(Trouble::no_card)?;
    let trusted = state.white_lists.get(&card.appid);
    let is_trusted = trusted.is_some_and(|names| names.contains(&wish.person));
    match card.status {
        CardStatus::VerifyOk => {}
        CardStatus::NotVerify | CardStatus::VerifyFail if is_trusted => {}
        CardStatus::NotVerify | CardStatus::VerifyFail => {
            return Err(Trouble::card_status("not reviewed"));
        }
        CardStatus::Delete => return Err(Trouble::card_status("deleted")),
    }
    if matches!(card.dates, Dates::Range { end, .. } if now.timestamp() > end) {
        return Err(Trouble::new(40079, "invalid time: the card is over"));
    }
    if card.left < 1 || (card.mode == CodeMode::Deposit && card.pool.is_empty()) {
        return Err(Trouble::new(45031, "stock is zero"));
    }
    let taken = state.coupons.values().filter(|coupon| {
        let is_theirs = coupon.card_id == wish.card_id && coupon.person == wish.person;
        is_theirs && coupon.origin != Origin::Gift
    });
    if i64::try_from(taken.count()).unwrap_or(i64::MAX) >= card.get_limit() {
        return Err(Trouble::new(45033, "user get limit"));
    }
    Ok(())
}

fn draw_code(state: &mut State, wish: &Wish) -> Result<String, Trouble> {
    let mode = state.cards.get(&wish.card_id).map(|card| card.mode);
    match mode.ok_or_else(Trouble::no_card)? {
        CodeMode::Wechat => Ok(fresh_code(state)),
        CodeMode::Custom => {
            let code = wish.code.clone().ok_or_else(Trouble::no_code)?;
            if state.by_code.contains_key(&(wish.card_id.clone(), code.clone())) {
                return Err(Trouble::new(40080, "invalid card ext: the code was taken"));
            }
            Ok(code)
        }
        CodeMode::Deposit => {
            let card = state.cards.get_mut(&wish.card_id).ok_or_else(Trouble::no_card)?;
            draw_deposited(card, state.rng.random_range(0..card.pool.len().max(1)))
        }
    }
}

fn draw_deposited(card: &mut Card, place: usize) -> Result<String, Trouble> {
    let code = card.pool.iter().nth(place).cloned();
    let code = code.ok_or_else(|| Trouble::new(45031, "stock is zero"))?;
    card.pool.remove(&code);
    Ok(code)
}

/// Twelve digits that no coupon has yet.
pub(super) fn fresh_code(state: &mut State) -> String {
    loop {
        let code = state.digits(12);
        if !state.by_code.keys().any(|(_, known)| *known == code) {
            return code;
        }
    }
}

/// Puts a coupon into a wallet; a code that somebody had before is theirs no more.
pub(super) fn keep(state: &mut State, coupon: Coupon) {
    state.last_coupon += 1;
    let serial = state.last_coupon;
    state.by_code.insert((coupon.card_id.clone(), coupon.code.clone()), serial);
    state.coupons.insert(serial, coupon);
}

/// Where a coupon came from when it was a gift: the giver and the code it had.
#[derive(Debug, Clone)]
pub(super) struct Giver {
    pub openid: String,
    pub old_code: String,
}

/// Pushes `user_get_card`.
pub(super) fn tell(
    state: &mut State,
    now: DateTime<Utc>,
    coupon: &Coupon,
    giver: Option<&Giver>,
    outer_id: i64,
) {
    let (friend, old) =
        giver.map_or(("", ""), |giver| (giver.openid.as_str(), giver.old_code.as_str()));
    let mut letter = Letter::new(&coupon.appid, "user_get_card", &coupon.openid, &coupon.card_id)
        .flag("IsGiveByFriend", giver.is_some())
        .code(&coupon.code)
        .text("FriendUserName", friend)
        .number("OuterId", outer_id)
        .text("OldUserCardCode", old)
        .text("OuterStr", &coupon.outer_str)
        .flag("IsRestoreMemberCard", false)
        .flag("IsRecommendByFriend", false);
    let union_id = state.union_id(&coupon.appid, &coupon.person);
    if let Some(union_id) = union_id.filter(|_| state.switches.union_id_in_events) {
        letter = letter.text("UnionId", &union_id);
    }
    state.push(now, letter);
}

/// Warns the account that a large stock runs out, twice a day at most.
fn remind(state: &mut State, now: DateTime<Utc>, card_id: &str) {
    let Some(card) = state.cards.get_mut(card_id) else { return };
    let is_recent = card.reminded.is_some_and(|at| now - at < TimeDelta::hours(12));
    if card.total <= 200 || card.left > 100 || is_recent {
        return;
    }
    card.reminded = Some(now);
    let (appid, left) = (card.appid.clone(), card.left);
    let from = format!("o{}", super::person::derived(&[&state.key, "reviewer", &appid], 27));
    let detail = if left == 0 {
        "the card's quantity is equal to 0"
    } else {
        "the card's quantity is less than or equal to 100"
    };
    state.push(now, Letter::new(&appid, "card_sku_remind", &from, card_id).text("Detail", detail));
}
