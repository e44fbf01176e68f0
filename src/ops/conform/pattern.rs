//! What an answer is held against: JSON in which some texts, and objects of one member, stand for many values.
//!
//! | pattern | fits |
//! | --- | --- |
//! | `"~any"`, `"~int"`, `"~text"`, `"~digits"`, `"~local"` | anything; a whole number; a text that is not empty; one of digits; one like `2026-11-11 12:00:00` |
//! | `{"~one": […]}` | any of these |
//! | `{"~each": …}` | a list of which each item fits |
//! | `{"~has": […]}` | a list in which each of these fits some item |
//! | `{"~lacks": […]}` | a list in which none of these fits any item |
//! | `{"~length": 2}` | a list of so many |
//! | `{"~all": […]}` | what fits each of these |
//!
//! An object fits one with the same members and no others, unless it has the member `"~more": true`; a member whose
//! pattern is `"~absent"` must not be there.

use serde_json::{Map, Value};

/// Where a value does not fit, with the way to it; empty when it fits.
pub fn differences(pattern: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(pattern, value, "", &mut found);
    found
}

fn fits(pattern: &Value, value: &Value) -> bool {
    differences(pattern, value).is_empty()
}

fn compare(pattern: &Value, value: &Value, way: &str, found: &mut Vec<String>) {
    match (pattern, value) {
        (Value::String(word), _) if word.starts_with('~') => {
            if !stands_for(word, value) {
                found.push(format!("{way}: {value} is not {}", &word[1..]));
            }
        }
        (Value::Object(members), _) if members.keys().any(|name| is_rule(name)) => {
            for (rule, of) in members {
                compare_by(rule, of, value, way, found);
            }
        }
        (Value::Object(members), Value::Object(there)) => {
            compare_members(members, there, way, found);
        }
        (Value::Array(items), Value::Array(there)) if items.len() == there.len() => {
            for ((item, there), place) in items.iter().zip(there).zip(0..) {
                compare(item, there, &format!("{way}/{place}"), found);
            }
        }
        _ if pattern == value => {}
        _ => found.push(format!("{way}: {value} and not {pattern}")),
    }
}

fn is_rule(name: &str) -> bool {
    name.starts_with('~') && name != "~more"
}

fn stands_for(word: &str, value: &Value) -> bool {
    let text = value.as_str();
    match word {
        "~any" => true,
        "~int" => value.is_i64() || value.is_u64(),
        "~text" => text.is_some_and(|text| !text.is_empty()),
        "~digits" => text
            .is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())),
        "~local" => text.is_some_and(is_local),
        _ => false,
    }
}

fn is_local(text: &str) -> bool {
    let shape = "dddd-dd-dd dd:dd:dd";
    text.len() == shape.len()
        && text.chars().zip(shape.chars()).all(|(letter, kind)| {
            if kind == 'd' { letter.is_ascii_digit() } else { letter == kind }
        })
}

fn compare_members(
    members: &Map<String, Value>,
    there: &Map<String, Value>,
    way: &str,
    found: &mut Vec<String>,
) {
    for (name, pattern) in members.iter().filter(|(name, _)| *name != "~more") {
        match there.get(name) {
            Some(_) if pattern == "~absent" => found.push(format!("{way}: `{name}` is there")),
            Some(value) => compare(pattern, value, &format!("{way}/{name}"), found),
            None if pattern == "~absent" => {}
            None => found.push(format!("{way}: no `{name}`")),
        }
    }
    if !members.contains_key("~more") {
        let more = there.keys().filter(|name| !members.contains_key(*name));
        found.extend(more.map(|name| format!("{way}: `{name}` is too much")));
    }
}

fn compare_by(rule: &str, of: &Value, value: &Value, way: &str, found: &mut Vec<String>) {
    let (list, items) = (of.as_array(), value.as_array());
    let patterns = list.map(Vec::as_slice).unwrap_or_default();
    let told = |what: &str| format!("{way}: {value} {what} {of}");
    match (rule, items) {
        ("~all", _) => patterns.iter().for_each(|pattern| compare(pattern, value, way, found)),
        ("~one", _) if patterns.iter().any(|pattern| fits(pattern, value)) => {}
        ("~one", _) => found.push(told("is none of")),
        ("~each", Some(items)) => {
            for (item, place) in items.iter().zip(0..) {
                compare(of, item, &format!("{way}/{place}"), found);
            }
        }
        ("~has", Some(items)) => {
            let absent = patterns.iter().filter(|wanted| !items.iter().any(|i| fits(wanted, i)));
            found.extend(absent.map(|wanted| format!("{way}: {wanted} is not in {value}")));
        }
        ("~lacks", Some(items)) => {
            let there = patterns.iter().filter(|unwanted| items.iter().any(|i| fits(unwanted, i)));
            found.extend(there.map(|unwanted| format!("{way}: {unwanted} is in {value}")));
        }
        ("~length", Some(items)) if of.as_u64() == u64::try_from(items.len()).ok() => {}
        ("~length", Some(_)) => found.push(told("has not the length")),
        _ => found.push(told(&format!("is not what `{rule}` is for:"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_fits_itself_and_what_stands_for_it() {
        for (pattern, value) in [
            (json!({ "a": [1, "x"] }), json!({ "a": [1, "x"] })),
            (json!({ "a": "~int", "b": "~text" }), json!({ "a": 1, "b": "x" })),
            (json!({ "a": 1, "~more": true }), json!({ "a": 1, "b": 2 })),
            (json!({ "a": "~absent" }), json!({})),
            (json!("~local"), json!("2026-11-11 12:00:00")),
            (json!({ "~one": [1, 2] }), json!(2)),
            (json!({ "~each": { "a": "~int" } }), json!([{ "a": 1 }, { "a": 2 }])),
            (json!({ "~has": [2], "~lacks": [3], "~length": 2 }), json!([1, 2])),
            (json!({ "~all": [{ "~has": [1] }, { "~has": [2] }] }), json!([1, 2])),
        ] {
            assert_eq!(differences(&pattern, &value), [""; 0], "{pattern} {value}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_the_way_to_it() {
        for (pattern, value, told) in [
            (json!(1), json!("1"), ": \"1\" and not 1"),
            (json!({ "a": { "b": 1 } }), json!({ "a": { "b": 2 } }), "/a/b: 2 and not 1"),
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), ": `b` is too much"),
            (json!({ "a": 1 }), json!({}), ": no `a`"),
            (json!({ "a": "~absent", "~more": true }), json!({ "a": null }), ": `a` is there"),
            (json!([1]), json!([1, 2]), ": [1,2] and not [1]"),
            (json!("~int"), json!(1.5), ": 1.5 is not int"),
            (json!("~text"), json!(""), ": \"\" is not text"),
            (json!("~digits"), json!("1x"), ": \"1x\" is not digits"),
            (
                json!("~local"),
                json!("2026-11-11T12:00:00"),
                ": \"2026-11-11T12:00:00\" is not local",
            ),
            (json!({ "~has": [3] }), json!([1]), ": 3 is not in [1]"),
            (json!({ "~lacks": [1] }), json!([1]), ": 1 is in [1]"),
            (json!({ "~each": 1 }), json!([1, 2]), "/1: 2 and not 1"),
            (json!({ "~length": 1 }), json!([]), ": [] has not the length 1"),
            (json!({ "~has": [1] }), json!({}), ": {} is not what `~has` is for: [1]"),
            (json!({ "~one": [1] }), json!(2), ": 2 is none of [1]"),
        ] {
            assert_eq!(differences(&pattern, &value), [told]);
        }
    }
}
