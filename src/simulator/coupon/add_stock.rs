//! `POST /rest/2.0/smartapp/coupon/addStock`: more of a template, once for each name.

use serde_json::Value;

use super::check_own;
use crate::simulator::effects::{Came, EffectKind};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::state::Addition;
use crate::simulator::turn::Turn;

/// Adds to the stock; the same name with the same values changes nothing.
pub(in crate::simulator) fn add_stock(
    turn: &mut Turn<'_>,
    sent: &Sent<'_>,
) -> Result<Value, Trouble> {
    let fields = &sent.fields;
    let addition = Addition {
        coupon_template_id: fields.get_integer("couponTemplateId")?,
        stock: fields.get_integer("stock")?,
        create_time: fields.get_integer("createTime")?,
    };
    let name = fields.get("stockName")?;
    let came = add(turn, name, addition);
    turn.tally(EffectKind::Stock, name, &came);
    came.map(|_| Value::Null)
}

fn add(turn: &mut Turn<'_>, name: &str, addition: Addition) -> Result<Came, Trouble> {
    if addition.stock <= 0 || !(1..100_000_000_000).contains(&addition.create_time) {
        return Err(Trouble::parameter("stock or createTime is out of range"));
    }
    check_own(turn, addition.coupon_template_id)?;
    let key = (turn.app_key.clone(), name.to_owned());
    let known = turn.state.additions.get(&key).filter(|_| !turn.state.switches.forgets_stock_names);
    if let Some(earlier) = known {
        // The time is when the developer asked; a retry may ask later.
        let same = earlier.coupon_template_id == addition.coupon_template_id
            && earlier.stock == addition.stock;
        if !same {
            let words = "stockName was used with other values".to_owned();
            return Err(Trouble::Business(40000, words));
        }
        turn.undocumented("what a repeated stockName is told");
        return Ok(Came::Repeated);
    }
    if let Some(template) = turn.state.templates.get_mut(&addition.coupon_template_id) {
        template.set_stock(template.stock.saturating_add(addition.stock), turn.now);
    }
    turn.state.additions.insert(key, addition);
    Ok(Came::Applied)
}
