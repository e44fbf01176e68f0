//! `POST /rest/2.0/smartapp/coupon/addStock`: more of a template, once for each name.

use serde_json::Value;

use crate::simulator::fields::Fields;
use crate::simulator::reply::{Trouble, plain_success};
use crate::simulator::state::{Addition, World};

/// Adds to the stock; the same name with the same values changes nothing.
pub(in crate::simulator) fn add_stock(
    world: &World,
    app_key: &str,
    fields: &Fields,
) -> Result<Value, Trouble> {
    let addition = Addition {
        coupon_template_id: fields.get_integer("couponTemplateId")?,
        stock: fields.get_integer("stock")?,
        create_time: fields.get_integer("createTime")?,
    };
    let name = fields.get("stockName")?.to_owned();
    if addition.stock <= 0 || !(1..100_000_000_000).contains(&addition.create_time) {
        return Err(Trouble::parameter("stock or createTime is out of range"));
    }

    let mut state = world.lock();
    let template = state.templates.get(&addition.coupon_template_id);
    if !template.is_some_and(|template| template.app_key == app_key && !template.deleted) {
        return Err(Trouble::Business(70001, "优惠券不存在".to_owned()));
    }
    let key = (app_key.to_owned(), name);
    if let Some(earlier) = state.additions.get(&key) {
        // The time is when the developer asked; a retry may ask later.
        let same = earlier.coupon_template_id == addition.coupon_template_id
            && earlier.stock == addition.stock;
        let taken = || Trouble::Business(40000, "stockName was used with other values".to_owned());
        return if same { Ok(plain_success()) } else { Err(taken()) };
    }
    if let Some(template) = state.templates.get_mut(&addition.coupon_template_id) {
        template.stock = template.stock.saturating_add(addition.stock);
    }
    state.additions.insert(key, addition);
    Ok(plain_success())
}
