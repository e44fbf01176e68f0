//! `GET /rest/2.0/smartapp/coupon/list`: an app's templates, page by page.

use serde_json::Value;

use super::{Page, terms};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::turn::Turn;

/// Shows one page of what was not deleted, oldest first.
pub(in crate::simulator) fn list(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let coupon_type = sent.fields.find_integer("couponType")?;
    let page = Page::of(turn, &sent.fields, "page")?;
    if coupon_type.is_some_and(|kind| !(1..=5).contains(&kind)) {
        return Err(Trouble::parameter("couponType is not 1 to 5"));
    }
    let ours: Vec<_> = turn
        .state
        .templates
        .values()
        .filter(|template| turn.owns(&template.app_key) && !template.deleted)
        .filter(|template| coupon_type.is_none_or(|kind| template.terms.coupon_type == kind))
        .collect();
    Ok(page.show(&ours, |template| terms::shown_later(turn, template)))
}
