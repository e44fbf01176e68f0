//! `GET /rest/2.0/smartapp/coupon/list`: an app's templates, page by page.

use serde_json::{Value, json};

use crate::simulator::fields::Fields;
use crate::simulator::reply::{Trouble, with_data};
use crate::simulator::state::World;
use crate::simulator::template::ColourShown;

const USUAL_SIZE: i64 = 20;
const MOST_SIZE: i64 = 100;

/// Shows one page of what was not deleted, oldest first.
pub(in crate::simulator) fn list(
    world: &World,
    app_key: &str,
    fields: &Fields,
) -> Result<Value, Trouble> {
    let coupon_type = fields.find_integer("couponType")?;
    let page = fields.find_integer("page")?.unwrap_or(0);
    let size = fields.find_integer("pageSize")?.unwrap_or(USUAL_SIZE);
    if coupon_type.is_some_and(|kind| !(1..=5).contains(&kind)) {
        return Err(Trouble::parameter("couponType is not 1 to 5"));
    }
    if page < 0 || !(1..=MOST_SIZE).contains(&size) {
        return Err(Trouble::parameter("page or pageSize is out of range"));
    }

    let state = world.lock();
    let tolerant = state.switches.first_page_tolerance && page > 0;
    let skipped = (if tolerant { page - 1 } else { page }).saturating_mul(size);
    let shown = if state.switches.bgcolor_hex_in_update_and_list {
        ColourShown::Look
    } else {
        ColourShown::Name
    };
    let ours: Vec<_> = state
        .templates
        .values()
        .filter(|template| template.app_key == app_key && !template.deleted)
        .filter(|template| coupon_type.is_none_or(|kind| template.terms.coupon_type == kind))
        .collect();
    let first = usize::try_from(skipped).unwrap_or(usize::MAX);
    let many = usize::try_from(size).unwrap_or_default();
    let on_page: Vec<_> =
        ours.iter().skip(first).take(many).map(|template| template.shown(shown)).collect();
    Ok(with_data(&json!({ "dataList": on_page, "pageNo": page, "total": ours.len() })))
}
