//! What people do: sign in, take, open, tap, give, throw away, redeem.

use axum::extract::{RawPathParams, State as Shared};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::super::acts::{self, Till};
use super::super::phone::{self, CardToAdd, CardToOpen};
use super::super::qrcode;
use super::super::trouble::Refused;
use super::{Answer, Sim, read, said};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    person: String,
    /// Whether their logins are refused.
    #[serde(default)]
    risky: bool,
}

/// Makes a person up, or shows a known one.
pub(super) async fn person(Shared(world): Sim, body: Bytes) -> Answer {
    let Named { person, risky } = read(&body)?;
    let known = world.act(|state, _| {
        if risky {
            state.risky.insert(person.clone());
        } else {
            state.risky.remove(&person);
        }
        state.person(&person)
    })?;
    said(&known)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    appid: String,
    person: String,
}

pub(super) async fn login(Shared(world): Sim, body: Bytes) -> Answer {
    let Login { appid, person } = read(&body)?;
    let code = world.act(|state, now| state.login_code(&appid, &person, now))?;
    said(&json!({ "js_code": code }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddCard {
    mp_appid: String,
    person: String,
    #[serde(rename = "cardList")]
    card_list: Vec<CardToAdd>,
}

pub(super) async fn add_card(Shared(world): Sim, body: Bytes) -> Answer {
    let AddCard { mp_appid, person, card_list } = read(&body)?;
    said(&world.act(|state, now| phone::add_card(state, now, &mp_appid, &person, &card_list)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenCard {
    mp_appid: String,
    person: String,
    #[serde(rename = "cardList")]
    card_list: Vec<CardToOpen>,
}

pub(super) async fn open_card(Shared(world): Sim, body: Bytes) -> Answer {
    let OpenCard { mp_appid, person, card_list } = read(&body)?;
    let said_so = phone::open_card(&world.lock(), &mp_appid, &person, &card_list);
    said(&json!({ "errMsg": said_so }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    person: String,
    card_id: String,
}

pub(super) async fn take(Shared(world): Sim, body: Bytes) -> Answer {
    let Take { person, card_id } = read(&body)?;
    let code = world.act(|state, now| qrcode::take(state, now, &person, &card_id))?;
    said(&json!({ "code": code }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    person: String,
    ticket: String,
}

pub(super) async fn scan(Shared(world): Sim, body: Bytes) -> Answer {
    let Scan { person, ticket } = read(&body)?;
    let codes = world.act(|state, now| qrcode::scan(state, now, &person, &ticket))?;
    said(&json!({ "codes": codes }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    person: String,
    code: String,
    entry: String,
}

pub(super) async fn tap(Shared(world): Sim, body: Bytes) -> Answer {
    let Tap { person, code, entry } = read(&body)?;
    let jump = world.act(|state, now| {
        let serial = acts::held_by(state, &person, &code)?;
        phone::tap(state, serial, &entry, now)
    })?;
    said(&jump)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    person: String,
    code: String,
    #[serde(default)]
    friend: Option<String>,
    #[serde(default)]
    is_chat_room: bool,
    #[serde(default)]
    staff: Option<String>,
    #[serde(default)]
    verify_code: String,
    #[serde(default)]
    remark_amount: String,
}

/// `/__sim/user/{gift,accept,return,delete,view,enter,self_consume,console_consume}`.
pub(super) async fn act(Shared(world): Sim, path: RawPathParams, body: Bytes) -> Answer {
    let act = path.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
    let deed: Deed = read(&body)?;
    let (person, code) = (deed.person.as_str(), deed.code.as_str());
    let till = match act.as_str() {
        "console_consume" => {
            deed.staff.clone().map_or(Till::Console, |staff| Till::Helper { staff })
        }
        _ => Till::SelfService {
            verify_code: deed.verify_code.clone(),
            remark_amount: deed.remark_amount.clone(),
        },
    };
    let new_code = world.act(|state, now| {
        if act == "accept" {
            return acts::accept(state, now, person, code);
        }
        let serial = acts::held_by(state, person, code)?;
        match act.as_str() {
            "gift" => acts::gift(state, now, serial, deed.friend.as_deref(), deed.is_chat_room),
            "return" => acts::return_gift(state, now, serial),
            "delete" => acts::delete(state, now, serial),
            "view" => acts::view(state, now, serial),
            "enter" => acts::enter_session(state, now, serial),
            "self_consume" | "console_consume" => acts::consume(state, now, serial, &till),
            _ => Err(Refused::NoSuch("act")),
        }?;
        Ok(code.to_owned())
    })?;
    said(&json!({ "code": new_code }))
}
