//! `POST /rest/2.0/smartapp/coupon/create`: a new template. Not idempotent, as documented.

use serde_json::Value;
use url::Url;

use crate::simulator::fields::Fields;
use crate::simulator::gate::depart;
use crate::simulator::reply::{Trouble, with_data};
use crate::simulator::state::World;
use crate::simulator::target;
use crate::simulator::template::{Colour, ColourShown, Template, Terms};
use crate::simulator::width::{Count, fits};

/// Unix seconds have fewer digits; what is above was counted in milliseconds.
const LATEST: i64 = 100_000_000_000;

/// Checks the terms, keeps them, and shows them as kept.
pub(in crate::simulator) fn create(
    world: &World,
    app_key: &str,
    fields: &Fields,
) -> Result<Value, Trouble> {
    let terms = terms(world, fields)?;
    let now = world.now().timestamp();
    let mut state = world.lock();
    state.last_template_id += 1;
    let template = Template {
        id: state.last_template_id,
        app_key: app_key.to_owned(),
        app_id: state.apps.get(app_key).map_or(0, |app| app.app_id),
        terms,
        stock: 0,
        created: now,
        updated: now,
        deleted: false,
    };
    let reply = with_data(&template.shown(ColourShown::Name));
    state.templates.insert(template.id, template);
    Ok(reply)
}

/// Reads the terms; types are looked at before ranges.
fn terms(world: &World, fields: &Fields) -> Result<Terms, Trouble> {
    let coupon_type = fields.get_integer("couponType")?;
    let effect_time = fields.get_integer("effectTime")?;
    let expire_time = fields.get_integer("expireTime")?;
    let count = world.lock().switches.count();

    let terms = Terms {
        colour: colour(world, fields.get("bgColor")?)?,
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
    check_callback(world, &terms.callback_url)?;
    Ok(terms)
}

fn colour(world: &World, name: &str) -> Result<Colour, Trouble> {
    if let Some(colour) = Colour::named(name) {
        return Ok(colour);
    }
    let unknown = || Trouble::parameter("bgColor is none of the seventeen");
    let colour = Colour::sloppily_named(name).ok_or_else(unknown)?;
    depart(world, "sloppy colour")?;
    Ok(colour)
}

fn short(text: &str, name: &str, limit: usize, count: Count) -> Result<String, Trouble> {
    if fits(text, limit, count) {
        return Ok(text.to_owned());
    }
    Err(Trouble::parameter(format!("{name} is longer than {limit} 汉字")))
}

fn check_callback(world: &World, text: &str) -> Result<(), Trouble> {
    let Ok(url) = Url::parse(text) else {
        return depart(world, "callbackUrl is not absolute");
    };
    target::check(&url, &world.settings.allowed_callback_hosts)
        .map_err(|refusal| Trouble::parameter(format!("callbackUrl: {refusal}")))
}
