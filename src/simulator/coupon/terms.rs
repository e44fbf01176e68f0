//! What a developer says about a template, read and checked: the same for create and update.

use md5::{Digest, Md5};
use serde_json::{Value, json};
use url::Url;

use crate::simulator::fields::Fields;
use crate::simulator::reply::Trouble;
use crate::simulator::target;
use crate::simulator::template::{Colour, ColourShown, Template, Terms};
use crate::simulator::turn::Turn;
use crate::simulator::width::{Count, fits};

/// Unix seconds have fewer digits; what is above was counted in milliseconds.
const LATEST: i64 = 100_000_000_000;

/// Whether a colour may come as it looks: update calls it a code and shows it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColourWord {
    Name,
    NameOrLook,
}

/// Reads the terms; types are looked at before ranges.
pub(super) fn read(
    turn: &mut Turn<'_>,
    fields: &Fields,
    word: ColourWord,
) -> Result<Terms, Trouble> {
    let coupon_type = fields.get_integer("couponType")?;
    let effect_time = fields.get_integer("effectTime")?;
    let expire_time = fields.get_integer("expireTime")?;
    let count = turn.state.switches.count();

    let terms = Terms {
        colour: colour(turn, fields.get("bgColor")?, word)?,
        coupon_type,
        title: short(fields.get("title")?, "title", 10, count)?,
        description: short(fields.find("description").unwrap_or(""), "description", 20, count)?,
        effect_time,
        expire_time,
        introduce: short(fields.get("introduce")?, "introduce", 500, count)?,
        sill: short(fields.get("sill")?, "sill", 20, count)?,
        take_limit: short(fields.get("takeLimit")?, "takeLimit", 20, count)?,
        callback_url: fields.get("callbackUrl")?.to_owned(),
    };
    if !(1..=5).contains(&coupon_type) {
        return Err(Trouble::parameter("couponType is not 1 to 5"));
    }
    if effect_time <= 0 || expire_time <= effect_time || expire_time >= LATEST {
        return Err(Trouble::parameter("effectTime and expireTime are not a span in seconds"));
    }
    check_callback(turn, &terms.callback_url)?;
    Ok(terms)
}

/// The template as update and list show it; the samples differ from create's.
pub(super) fn shown_later(turn: &Turn<'_>, template: &Template) -> Value {
    let hex = turn.state.switches.bgcolor_hex_in_update_and_list;
    json!(template.shown(if hex { ColourShown::Look } else { ColourShown::Name }))
}

/// How the effects ledger knows a template: its title, and a digest of every field.
pub(super) fn name(terms: &Terms) -> String {
    let all = format!("{terms:?}");
    format!("{} {}", terms.title, hex::encode(Md5::digest(all)))
}

fn colour(turn: &mut Turn<'_>, text: &str, word: ColourWord) -> Result<Colour, Trouble> {
    let looks = if word == ColourWord::NameOrLook { Colour::looking(text) } else { None };
    if let Some(colour) = Colour::named(text).or(looks) {
        return Ok(colour);
    }
    let unknown = || Trouble::parameter("bgColor is none of the seventeen");
    let colour = Colour::sloppily_named(text).ok_or_else(unknown)?;
    turn.depart("sloppy colour")?;
    Ok(colour)
}

fn short(text: &str, name: &str, limit: usize, count: Count) -> Result<String, Trouble> {
    if fits(text, limit, count) {
        return Ok(text.to_owned());
    }
    Err(Trouble::parameter(format!("{name} is longer than {limit} 汉字")))
}

fn check_callback(turn: &mut Turn<'_>, text: &str) -> Result<(), Trouble> {
    let Ok(url) = Url::parse(text) else {
        return turn.depart("callbackUrl is not absolute");
    };
    target::check(&url, &turn.settings.allowed_callback_hosts)
        .map_err(|refusal| Trouble::parameter(format!("callbackUrl: {refusal}")))
}
