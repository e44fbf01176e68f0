//! Values of WeChat's as they come: a number may be a text, a text may be missing.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// An integer, as JSON writes it or as a text with the same digits: `0` and `"0"`, not `"00"`, `0.0` or `true`.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Fields of an object, read leniently.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(pub &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// An integer in either form.
    pub fn integer(self, key: &str) -> Option<i64> {
        self.0.get(key).and_then(integer)
    }

    /// A text that is there and not empty; a number counts as its digits.
    pub fn text(self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// `true`, `"true"`, `1` and their opposites.
    pub fn boolean(self, key: &str) -> Option<bool> {
        match self.0.get(key)? {
            Value::Bool(said) => Some(*said),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            value @ (Value::String(_) | Value::Number(_)) => match integer(value)? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Unix seconds in either form, of this millennium.
    pub fn moment(self, key: &str) -> Option<DateTime<Utc>> {
        let seconds = self.integer(key).filter(|seconds| *seconds > 0)?;
        DateTime::from_timestamp(seconds, 0)
    }

    /// An object within.
    pub fn object(self, key: &str) -> Option<Fields<'a>> {
        self.0.get(key).and_then(Value::as_object).map(Fields)
    }

    /// A list within.
    pub fn list(self, key: &str) -> Option<&'a [Value]> {
        self.0.get(key).and_then(Value::as_array).map(Vec::as_slice)
    }

    /// A list of texts; `None` when it is missing or holds anything else.
    pub fn texts(self, key: &str) -> Option<Vec<String>> {
        let texts = self.list(key)?.iter().map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        texts.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_one_in_two_forms_only() {
        for (value, number) in [
            (json!(0), Some(0)),
            (json!("0"), Some(0)),
            (json!("-1"), Some(-1)),
            (json!(40001), Some(40001)),
            (json!("00"), None),
            (json!("+1"), None),
            (json!(" 1"), None),
            (json!(0.0), None),
            (json!(true), None),
            (json!(null), None),
            (json!(""), None),
        ] {
            assert_eq!(integer(&value), number, "{value}");
        }
    }

    #[test]
    fn a_flag_is_one_in_many_forms() {
        let flags = json!({ "a": true, "b": "true", "c": 1, "d": "0", "e": "yes", "f": null });
        let fields = Fields(flags.as_object().unwrap());

        let read = ["a", "b", "c", "d", "e", "f", "g"].map(|key| fields.boolean(key));

        assert_eq!(read, [Some(true), Some(true), Some(true), Some(false), None, None, None]);
    }
}
