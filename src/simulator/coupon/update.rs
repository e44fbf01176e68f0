//! `POST /rest/2.0/smartapp/coupon/update`: every field of a template, anew.

use serde_json::Value;

use super::terms::{self, ColourWord};
use super::{check_own, create};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::turn::Turn;

/// Replaces the terms whole; the page calls the id optional, which cannot be meant.
pub(in crate::simulator) fn update(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let id = sent.fields.get_integer("couponTemplateId")?;
    let terms = terms::read(turn, &sent.fields, ColourWord::NameOrLook)?;
    check_own(turn, id)?;
    create::forget(turn, id);
    let now = turn.now.timestamp();
    if let Some(template) = turn.state.templates.get_mut(&id) {
        template.terms = terms;
        template.updated = now;
    }
    let template = turn.state.templates.get(&id).ok_or_else(Trouble::no_coupon)?;
    Ok(terms::shown_later(turn, template))
}
