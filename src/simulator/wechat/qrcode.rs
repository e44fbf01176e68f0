//! `POST /card/qrcode/create`, and what happens when somebody scans the picture.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::card::{CardStatus, CodeMode};
use super::codes::is_code;
use super::coupon::Origin;
use super::fields::Fields;
use super::grant::{Wish, grant};
use super::request::Incoming;
use super::state::State;
use super::trouble::{Refused, Trouble};
use super::turn::Turn;

/// The documents say a year, a captured answer said this.
const LIVES: i64 = 7_776_000;
const MOST_CARDS: usize = 5;

/// A picture that leads to cards.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    url: String,
    expires: DateTime<Utc>,
    offers: Vec<Offer>,
}

#[derive(Debug, Clone)]
struct Offer {
    card_id: String,
    code: Option<String>,
    openid: Option<String>,
    outer_str: String,
    outer_id: i64,
    is_once: bool,
    is_used: bool,
}

fn bad_action() -> Trouble {
    Trouble::new(40053, "invalid actioninfo")
}

/// Makes a picture for one card or several.
pub(super) fn create(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["action_name", "expire_seconds", "action_info"]);
    let action = fields.text("action_name")?;
    let info = fields.object("action_info")?;
    let seconds = fields.find_integer("expire_seconds")?;
    let offers = match action {
        "QR_CARD" => vec![offer(turn, &info.find_object("card")?.ok_or_else(bad_action)?)?],
        "QR_MULTIPLE_CARD" => {
            let several = info.find_object("multiple_card")?.ok_or_else(bad_action)?;
            let list = several.find_list("card_list")?.ok_or_else(bad_action)?;
            if !(1..=MOST_CARDS).contains(&list.len()) {
                return Err(bad_action());
            }
            let one = |item: &Value| {
                let card = item.as_object().ok_or_else(bad_action)?;
                offer(turn, &Fields::root(card))
            };
            list.iter().map(one).collect::<Result<_, _>>()?
        }
        _ => return Err(bad_action()),
    };
    if seconds.is_some_and(|seconds| !(60..=1800).contains(&seconds)) {
        return Err(Trouble::parameter("expire_seconds"));
    }
    let seconds = seconds.unwrap_or(LIVES);
    let ticket = format!("gQ{}/+{}==", turn.state.alphanumeric(60), turn.state.alphanumeric(30));
    let url = format!("http://weixin.qq.com/q/{}", turn.state.alphanumeric(20));
    let expires = turn.now + TimeDelta::seconds(seconds);
    turn.state.pictures.insert(ticket.clone(), Picture { url: url.clone(), expires, offers });
    let shown = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("ticket", &ticket)
        .finish();
    let show = format!("https://mp.weixin.qq.com/cgi-bin/showqrcode?{shown}");
    // The blank at the end is in the official sample.
    let url = format!("{url} ");
    Ok(json!({
        "ticket": ticket, "expire_seconds": seconds, "url": url, "show_qrcode_url": show,
    }))
}

fn offer(turn: &mut Turn<'_>, fields: &Fields<'_>) -> Result<Offer, Trouble> {
    let known = ["card_id", "code", "openid", "is_unique_code", "outer_str", "outer_id"];
    turn.note_undocumented(fields, &known);
    let text = |name| -> Result<Option<String>, Trouble> {
        Ok(fields.find_text(name)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let card_id = text("card_id")?.ok_or_else(|| Trouble::missing("card_id"))?;
    let (code, openid) = (text("code")?, text("openid")?);
    let is_unique = fields.find_flag("is_unique_code")?.unwrap_or(false);
    let card = turn.living_card(&card_id)?;
    let named = match (card.mode, code.as_deref()) {
        (CodeMode::Custom, Some(code)) => is_code(code),
        (CodeMode::Custom, None) | (CodeMode::Wechat | CodeMode::Deposit, Some(_)) => false,
        (CodeMode::Wechat | CodeMode::Deposit, None) => true,
    };
    if !named || card.flag("bind_openid") != openid.is_some() {
        return Err(bad_action());
    }
    if is_unique && card.status != CardStatus::VerifyOk {
        return Err(Trouble::card_status("not reviewed"));
    }
    if is_unique && card.left < 1 {
        return Err(Trouble::new(45031, "stock is zero"));
    }
    Ok(Offer {
        is_once: is_unique || code.is_some() || openid.is_some(),
        card_id,
        code,
        openid,
        outer_str: text("outer_str")?.unwrap_or_default(),
        outer_id: fields.find_integer("outer_id")?.unwrap_or(0),
        is_used: false,
    })
}

/// Somebody scans a picture, named by its ticket or its address, and takes everything it offers.
pub(super) fn scan(
    state: &mut State,
    now: DateTime<Utc>,
    person: &str,
    picture: &str,
) -> Result<Vec<String>, Refused> {
    let named = |(ticket, kept): &(&String, &Picture)| {
        ticket.as_str() == picture || kept.url == picture.trim()
    };
    let found =
        state.pictures.iter().find(named).map(|(ticket, kept)| (ticket.clone(), kept.clone()));
    let (ticket, mut kept) = found.ok_or(Refused::NoSuch("picture"))?;
    if now >= kept.expires {
        return Err(Refused::Input("the picture is over".to_owned()));
    }
    let mut codes = Vec::new();
    for offer in &mut kept.offers {
        let card = state.cards.get(&offer.card_id).ok_or(Refused::NoSuch("card"))?;
        let appid = card.appid.clone();
        let theirs = state.openid(&appid, person);
        if offer.is_used || offer.openid.as_ref().is_some_and(|openid| *openid != theirs) {
            return Err(Refused::Input("the picture was used, or is somebody else's".to_owned()));
        }
        let wish = Wish {
            card_id: offer.card_id.clone(),
            person: person.to_owned(),
            origin: Origin::Link,
            code: offer.code.clone(),
            outer_str: offer.outer_str.clone(),
            outer_id: offer.outer_id,
            begins: None,
        };
        codes.push(grant(state, now, &wish)?);
        offer.is_used = offer.is_once;
    }
    state.pictures.insert(ticket, kept);
    Ok(codes)
}

/// Somebody takes a card by its public link, without any mini-program.
pub(super) fn take(
    state: &mut State,
    now: DateTime<Utc>,
    person: &str,
    card_id: &str,
) -> Result<String, Refused> {
    let wish = Wish {
        card_id: card_id.to_owned(),
        person: person.to_owned(),
        origin: Origin::Link,
        code: None,
        outer_str: String::new(),
        outer_id: 0,
        begins: None,
    };
    Ok(grant(state, now, &wish)?)
}
