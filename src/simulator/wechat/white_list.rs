//! `POST /card/testwhitelist/set`: people who may take cards before their review.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::Fields;
use super::request::Incoming;
use super::trouble::Trouble;
use super::turn::Turn;

const MOST_PEOPLE: usize = 10;

/// Replaces the whole list; a WeChat name is a person's name here.
pub(super) fn set(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["openid", "username"]);
    let list = |name| if fields.find(name).is_some() { fields.texts(name) } else { Ok(Vec::new()) };
    let (openids, names) = (list("openid")?, list("username")?);
    if openids.len() + names.len() > MOST_PEOPLE {
        return Err(Trouble::parameter("more than ten people"));
    }
    let mut trusted = BTreeSet::new();
    let (mut known_ids, mut known_names) = (Vec::new(), Vec::new());
    for openid in openids {
        let key = (turn.appid.clone(), openid.to_owned());
        if let Some(person) = turn.state.openids.get(&key) {
            trusted.insert(person.clone());
            known_ids.push(openid);
        }
    }
    for name in names.into_iter().filter(|name| turn.state.people.contains_key(*name)) {
        trusted.insert(name.to_owned());
        known_names.push(name);
    }
    let size = trusted.len();
    turn.state.white_lists.insert(turn.appid.clone(), trusted);
    Ok(json!({
        "white_list_size": size, "success_openid": known_ids, "success_username": known_names,
    }))
}
