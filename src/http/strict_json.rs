//! JSON without the two things that readers disagree about: a key that stands twice, and NUL inside a text.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize,
    de::{DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, error::Category};

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON at all.
    #[error("not JSON: {0}")]
    Syntax(serde_json::Error),
    /// JSON, but not of the shape that is expected here.
    #[error("{message}")]
    Shape {
        /// The field, with dots into nested ones; `None` for the body as a whole.
        path: Option<String>,
        /// What is wrong there.
        message: String,
    },
}

/// Reads a whole body, which must be an object.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice::<Plain>(body).map_err(|error| match error.classify() {
        Category::Data => Unreadable::Shape { path: None, message: error.to_string() },
        Category::Syntax | Category::Eof | Category::Io => Unreadable::Syntax(error),
    })?;
    // A list in the order of the fields would do for a derived reader, and is nothing that anybody should rely on.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Unreadable::Shape { path: None, message: "not an object".to_owned() });
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader).map_err(misshapen)
}

/// Reads what is already a value, with the same words for what is wrong with it.
pub fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(value).map_err(misshapen)
}

fn misshapen(error: serde_path_to_error::Error<serde_json::Error>) -> Unreadable {
    let path = error.path().to_string();
    let path = (path != ".").then_some(path);
    Unreadable::Shape { path, message: error.into_inner().to_string() }
}

/// Looks at everything and keeps nothing.
struct Plain;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self, E> {
        // Postgres cannot store it, and nobody means it.
        if text.contains('\0') { Err(E::custom("a text contains NUL")) } else { Ok(self) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some((key, _)) = entries.next_entry::<String, Self>()? {
            if key.contains('\0') {
                return Err(A::Error::custom("a key contains NUL"));
            }
            if let Some(key) = seen.replace(key) {
                return Err(A::Error::custom(format!("`{key}` stands twice")));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        for body in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#, r#"{"a":"\u0000"}"#] {
            let answer = read::<Value>(body.as_bytes());
            assert!(matches!(answer, Err(Unreadable::Shape { .. })), "{body}: {answer:?}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_from_what_is_not_expected() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            #[expect(dead_code, reason = "only read")]
            count: u32,
        }
        let read = |text: &str| read::<std::collections::HashMap<String, Inner>>(text.as_bytes());

        assert!(matches!(read("{"), Err(Unreadable::Syntax(_))));
        assert!(matches!(read("{} {}"), Err(Unreadable::Syntax(_))));
        let Err(Unreadable::Shape { path, .. }) = read(r#"{"a":{"count":"1"}}"#) else { panic!() };
        assert_eq!(path.as_deref(), Some("a.count"));
    }
}
