//! Calls about codes: what is asked of one coupon, and of the pool of deposited ones.

use super::card::CodeMode;
use super::coupon::Coupon;
use super::fields::Fields;
use super::trouble::Trouble;
use super::turn::Turn;

pub(super) mod consume;
pub(super) mod deposit;
pub(super) mod get;
pub(super) mod list;
pub(super) mod rename;
pub(super) mod void;

/// The number of a coupon that a call names, by code and, where the merchant picks codes, by card.
fn find(turn: &mut Turn<'_>, fields: &Fields<'_>) -> Result<u64, Trouble> {
    let code = fields.text("code")?;
    let card_id = match fields.find_text("card_id")? {
        Some("") if !turn.is_strict() => {
            turn.tolerate("an empty card_id");
            None
        }
        card_id => card_id,
    };
    if let Some(card_id) = card_id {
        turn.card(card_id)?;
        let serial = turn.state.by_code.get(&(card_id.to_owned(), code.to_owned()));
        return serial.copied().ok_or_else(Trouble::no_code);
    }
    let mine = |coupon: &Coupon| coupon.appid == turn.appid && coupon.code == code;
    let mut found = turn.state.coupons.iter().filter(|(_, coupon)| mine(coupon));
    let found = found.next().map(|(serial, coupon)| (*serial, coupon.card_id.clone()));
    let (serial, card_id) = found.ok_or_else(Trouble::no_code)?;
    if turn.card(&card_id)?.mode != CodeMode::Wechat {
        turn.tolerate("a code of the merchant's without card_id");
        return Err(Trouble::no_code());
    }
    Ok(serial)
}

/// A coupon that is somebody's; a code that was given away is nobody's.
fn coupon<'a>(turn: &'a Turn<'_>, serial: u64) -> Result<&'a Coupon, Trouble> {
    turn.state.coupons.get(&serial).ok_or_else(Trouble::no_code)
}

/// Whether a code is one that the documents allow.
pub(super) fn is_code(code: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=20).contains(&code.len()) && code.bytes().all(allowed)
}
