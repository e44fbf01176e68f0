//! JSON bodies read as strictly as the gateway reads them: an object in which no name comes twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::reply::Trouble;

/// Reads an object; at any depth, a repeated name is refused instead of swallowed.
pub(super) fn object(bytes: &[u8]) -> Result<Value, Trouble> {
    let read = serde_json::from_slice::<Unique>(bytes);
    match read.map(|Unique(value)| value) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Trouble::parameter("the body is not a JSON object")),
        Err(error) => Err(Trouble::parameter(format!("the body is not as documented: {error}"))),
    }
}

/// Each value that holds no others, under its path: `coupon.record_id`.
pub(super) fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    gather(value, String::new(), &mut found);
    found
}

fn gather(value: &Value, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, inner) in map {
                let dot = if path.is_empty() { "" } else { "." };
                gather(inner, format!("{path}{dot}{name}"), found);
            }
        }
        Value::Null => found.push((path, String::new())),
        Value::String(text) => found.push((path, text.clone())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            found.push((path, value.to_string()));
        }
    }
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Collect).map(Self)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Unique(value))) = pairs.next_entry::<String, Unique>()? {
            if map.contains_key(&name) {
                return Err(Error::custom("a name was sent twice"));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_name_is_refused_at_any_depth() {
        assert!(object(br#"{"a":1,"a":1}"#).is_err());
        assert!(object(br#"{"a":{"b":1,"b":2}}"#).is_err());
        assert!(object(br#"{"a":[{"b":1,"b":2}]}"#).is_err());
        assert!(object(br#"{"a":{"b":1},"b":2}"#).is_ok());
    }

    #[test]
    fn only_an_object_is_a_body() {
        for body in ["", "[]", "1", "null", "{", r#""a""#] {
            assert!(object(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn leaves_carry_their_paths() {
        let body =
            object(br#"{"openid":"o","coupon":{"code":"A","n":1,"x":null},"e":{}}"#).unwrap();

        let mut found = leaves(&body);

        found.sort();
        let pairs: Vec<_> = found.iter().map(|(path, text)| (&**path, &**text)).collect();
        let expected = [
            ("coupon.code", "A"),
            ("coupon.n", "1"),
            ("coupon.x", ""),
            ("e", "{}"),
            ("openid", "o"),
        ];
        assert_eq!(pairs, expected);
    }
}
