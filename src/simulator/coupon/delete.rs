//! `POST /rest/2.0/smartapp/coupon/delete`: a template goes, its coupons stay.

use serde_json::{Value, json};

use super::{check_own, create};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::turn::Turn;

/// Marks the template as deleted; whoever holds one of its coupons may still use it.
pub(in crate::simulator) fn delete(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let id = sent.fields.get_integer("couponTemplateId")?;
    check_own(turn, id)?;
    create::forget(turn, id);
    let now = turn.now.timestamp();
    if let Some(template) = turn.state.templates.get_mut(&id) {
        template.deleted = true;
        template.updated = now;
    }
    Ok(json!(true))
}
