//! What an answer must not keep: who has a card, and the codes that are worth money to whoever reads them.

use serde_json::{Map, Value};

/// What stands under these keys is kept of no answer, at whatever depth.
const KEYS: [&str; 19] = [
    "access_token",
    "ticket",
    "session_key",
    "openid",
    "unionid",
    "nickname",
    "code",
    "new_code",
    "succ_code",
    "duplicate_code",
    "fail_code",
    "exist_code",
    "not_exist_code",
    "membership_number",
    "success_openid",
    "success_username",
    "show_qrcode_url",
    "user_info",
    "encrypt_code",
];

/// The texts that are nobody's to read, of a reply that was understood.
pub fn find(reply: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    walk(reply, &mut found);
    // What is that short would blank half of the answer, and says little.
    found.retain(|text| text.len() >= 4);
    found
}

fn walk(object: &Map<String, Value>, found: &mut Vec<String>) {
    for (key, value) in object {
        if KEYS.contains(&key.as_str()) {
            gather(value, found);
        } else {
            descend(value, found);
        }
    }
}

fn descend(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => walk(object, found),
        Value::Array(values) => values.iter().for_each(|value| descend(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(values) => values.iter().for_each(|value| gather(value, found)),
        Value::Object(object) => object.values().for_each(|value| gather(value, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_and_codes_are_found_at_any_depth() {
        let reply = json!({
            "errcode": 0, "openid": "o-person", "card": { "card_id": "p-card", "code": "110201201245" },
            "succ_code": ["11111", 22222], "card_list": [{ "code": "736052543512" }, { "code": "1" }],
        });

        let mut found = find(reply.as_object().unwrap());

        found.sort();
        assert_eq!(found, ["110201201245", "11111", "22222", "736052543512", "o-person"]);
    }
}
