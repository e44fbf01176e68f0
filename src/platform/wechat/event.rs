//! What WeChat's messages say, in our words. After "卡券事件推送".

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use super::xml::{Fields, Malformed};
use crate::domain::card::{CardEvent, Happening, Taken, Till};

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// Something has happened.
    Event(Box<Told>),
    /// Somebody has written to the account: none of our business.
    Ordinary,
}

/// What is kept of something that has happened.
#[derive(PartialEq, Eq)]
pub struct Told {
    /// Who did it, by the account's names; of reviews, somebody at the merchant's.
    pub open_id: String,
    /// By WeChat's clock, to the second.
    pub at: DateTime<Utc>,
    /// WeChat's word for what happened, in lower case: one of its pages writes one otherwise.
    pub kind: String,
    /// Empty where it is about no card.
    pub card_ref: String,
    /// Empty where it is about no card of somebody's.
    pub code: String,
    /// What it means for coupons; `None` when it means nothing to them, or nothing that we know of.
    pub event: Option<CardEvent>,
}

/// Longer than anything that names somebody or something there; what is longer could not be told apart in the database.
const LONGEST_NAME: usize = 128;
/// What is for people or comes back to us is cut here.
const LONGEST_TEXT: usize = 500;

/// Reads a message.
///
/// # Errors
/// When it says who, when or what in no way that WeChat does.
pub fn read(fields: &Fields) -> Result<Message, Malformed> {
    if fields.get("MsgType").ok_or(Malformed)? != "event" {
        return Ok(Message::Ordinary);
    }
    let name = |field| name(fields, field);
    let kind = name("Event")?.ok_or(Malformed)?.to_ascii_lowercase();
    let open_id = name("FromUserName")?.ok_or(Malformed)?;
    let at = fields.get("CreateTime").and_then(moment).ok_or(Malformed)?;
    let (card_ref, code) = (name("CardId")?, name("UserCardCode")?);
    let what = card_ref.and_then(|_| happening(&kind, fields, code));
    if what.is_none() && concerns_coupons(&kind) {
        tracing::warn!(kind, "A push lacks what it is about");
    }
    let event = what.zip(card_ref).map(|(what, card_ref)| CardEvent {
        at,
        card_ref: card_ref.to_owned(),
        open_id: open_id.to_owned(),
        what,
    });
    Ok(Message::Event(Box::new(Told {
        open_id: open_id.to_owned(),
        at,
        kind,
        card_ref: card_ref.unwrap_or_default().to_owned(),
        code: code.unwrap_or_default().to_owned(),
        event,
    })))
}

fn concerns_coupons(kind: &str) -> bool {
    matches!(
        kind,
        "card_pass_check"
            | "card_not_pass_check"
            | "user_get_card"
            | "user_gifting_card"
            | "user_del_card"
            | "user_consume_card"
            | "card_sku_remind"
    )
}

/// What happened, in our words; `None` for what concerns no coupon, or does not say which.
fn happening(kind: &str, fields: &Fields, code: Option<&str>) -> Option<Happening> {
    let code = || code.map(str::to_owned);
    let is = |field| fields.get(field) == Some("1");
    Some(match kind {
        "card_pass_check" => Happening::Reviewed { refusal: None },
        "card_not_pass_check" => {
            Happening::Reviewed { refusal: Some(text(fields, "RefuseReason").unwrap_or_default()) }
        }
        "user_get_card" => Happening::Taken(Taken {
            code: code()?,
            gift: is("IsGiveByFriend"),
            old_code: fields.get("OldUserCardCode").map(str::to_owned),
            reference: text(fields, "OuterStr"),
            union_id: name(fields, "UnionId").ok().flatten().map(str::to_owned),
        }),
        "user_gifting_card" if is("IsReturnBack") => Happening::Returned { code: code()? },
        "user_gifting_card" => Happening::Gifting { code: code()? },
        "user_del_card" => Happening::Deleted { code: code()? },
        "user_consume_card" => Happening::Used { code: code()?, till: till(fields) },
        "card_sku_remind" => {
            Happening::StockLow { detail: text(fields, "Detail").unwrap_or_default() }
        }
        _ => return None,
    })
}

/// Only we make the call; people at the merchant's use cards by WeChat's own tools.
fn till(fields: &Fields) -> Till {
    let source = match fields.get("ConsumeSource") {
        None | Some("") => return Till::Unknown,
        Some("FROM_API") => return Till::Ours,
        Some(source) => source,
    };
    let place = [Some(source), fields.get("LocationName")];
    let name = place.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Till::Theirs { name: cut(&name) }
}

/// A text that names somebody or something.
fn name<'a>(fields: &'a Fields, field: &str) -> Result<Option<&'a str>, Malformed> {
    let found = fields.get(field);
    let is_name =
        |text: &str| text.len() <= LONGEST_NAME && text.bytes().all(|byte| byte.is_ascii_graphic());
    if found.is_none_or(is_name) { Ok(found) } else { Err(Malformed) }
}

fn text(fields: &Fields, field: &str) -> Option<String> {
    fields.get(field).map(cut)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// Seconds, in digits.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let is_plain = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    DateTime::from_timestamp(is_plain.then_some(text)?.parse().ok()?, 0)
}

/// Who it was is nobody's business in a log.
impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told")
            .field("at", &self.at)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
