//! `POST /rest/2.0/smartapp/coupon/create`: a new template. Not idempotent, as documented.

use serde_json::{Value, json};

use super::terms::{self, ColourWord};
use crate::simulator::days::Days;
use crate::simulator::effects::{Came, EffectKind, Identity};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::template::{ColourShown, Template};
use crate::simulator::turn::Turn;

/// Checks the terms, keeps them, and shows them as kept.
pub(in crate::simulator) fn create(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let terms = terms::read(turn, &sent.fields, ColourWord::Name)?;
    let (name, now) = (terms::name(&terms), turn.now.timestamp());
    turn.tally(EffectKind::Template, &name, &Ok(Came::Applied));

    let app_key = turn.app_key.clone();
    let state = &mut *turn.state;
    state.last_template_id += 1;
    let mut template = Template {
        id: state.last_template_id,
        app_id: state.apps.get(&app_key).map_or(0, |app| app.app_id),
        app_key: app_key.clone(),
        terms,
        stock: 0,
        days: Days::default(),
        banner: None,
        created: now,
        updated: now,
        deleted: false,
    };
    template.set_stock(0, turn.now);
    let shown = json!(template.shown(ColourShown::Name));
    let earlier = state.made.insert(format!("{app_key} {name}"), template.id);
    state.templates.insert(template.id, template);
    if earlier.is_some() {
        turn.happened_twice(Identity { kind: EffectKind::Template, app_key, name });
    }
    Ok(shown)
}

/// Lets the same fields be created anew, since the template that had them has them no longer.
pub(super) fn forget(turn: &mut Turn<'_>, template_id: i64) {
    let Some(template) = turn.state.templates.get(&template_id) else { return };
    let key = format!("{} {}", template.app_key, terms::name(&template.terms));
    if turn.state.made.get(&key) == Some(&template_id) {
        turn.state.made.remove(&key);
    }
}
