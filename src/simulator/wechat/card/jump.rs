//! The entries on a card that lead into a mini-program.

use serde_json::{Map, Value};

use super::super::app::{App, AppKind};
use super::super::trouble::Trouble;

/// An entry and the field that labels it.
pub(in super::super) const ENTRIES: [(&str, &str); 3] = [
    ("center", "center_title"),
    ("custom", "custom_url_name"),
    ("promotion", "promotion_url_name"),
];

fn text<'a>(base: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    base.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The mini-program's name and page of an entry.
pub(in super::super) fn of(base: &Map<String, Value>, entry: &str) -> Option<(String, String)> {
    let user_name = text(base, &format!("{entry}_app_brand_user_name"))?;
    let path = text(base, &format!("{entry}_app_brand_pass"))?;
    Some((user_name.to_owned(), path.to_owned()))
}

/// Both members of a pair, a label, and a mini-program that is bound to the account.
pub(in super::super) fn check<'a>(
    base: &Map<String, Value>,
    owner: &App,
    apps: &(impl Iterator<Item = &'a App> + Clone),
) -> Result<(), Trouble> {
    for (entry, label) in ENTRIES {
        let user_name = format!("{entry}_app_brand_user_name");
        let path = format!("{entry}_app_brand_pass");
        let (named, leads) = (text(base, &user_name), text(base, &path));
        let Some(named) = named else {
            if leads.is_some() {
                return Err(Trouble::parameter(format!("{path} without {user_name}")));
            }
            continue;
        };
        if leads.is_none() {
            return Err(Trouble::parameter(format!("{user_name} without {path}")));
        }
        if !is_user_name(named) {
            return Err(Trouble::parameter(user_name));
        }
        if text(base, label).is_none() {
            return Err(Trouble::parameter(format!("{user_name} without {label}")));
        }
        let meant = |app: &&App| app.kind == AppKind::Mp && app.user_name() == named;
        if !apps.clone().filter(meant).any(|app| app.is_bound_to(owner)) {
            return Err(Trouble::parameter(format!("{user_name} is not bound to the account")));
        }
    }
    Ok(())
}

fn is_user_name(name: &str) -> bool {
    let inside = name.strip_prefix("gh_").and_then(|rest| rest.strip_suffix("@app"));
    let allowed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'_';
    inside.is_some_and(|inside| !inside.is_empty() && inside.bytes().all(allowed))
}
