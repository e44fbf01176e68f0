//! Parameters as they came over the wire, read the way the documents say.

use std::collections::HashSet;

use serde_json::Value;

use super::json;
use super::reply::Trouble;

/// Names and values in the order they were sent; no name comes twice.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query or a form body.
    pub fn from_form(text: &str) -> Result<Self, Trouble> {
        let mut fields = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.0.push((decode(name)?, decode(value)?));
        }
        fields.without_repeats()
    }

    /// One value alone, for what is looked at before the rest is read; `None` unless sent once.
    pub fn only(text: &str, name: &str) -> Option<String> {
        let mut sent = text.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = sent.find(|(known, _)| *known == name)?;
        if sent.any(|(known, _)| known == name) {
            return None;
        }
        decode(value).ok()
    }

    /// Reads a JSON object as if it were a form; what is inside an inner object has a dotted name.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Trouble> {
        json::object(bytes).map(|body| Self::from_leaves(&body))
    }

    /// The same from an object that was read before.
    pub fn from_leaves(body: &Value) -> Self {
        Self(json::leaves(body))
    }

    /// Both together; a name that is in both is a repeat.
    pub fn and(mut self, other: Self) -> Result<Self, Trouble> {
        self.0.extend(other.0);
        self.without_repeats()
    }

    fn without_repeats(self) -> Result<Self, Trouble> {
        let mut seen = HashSet::new();
        match self.0.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            Some((name, _)) => Err(Trouble::parameter(format!("{name} was sent twice"))),
            None => Ok(self),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value, unless it is missing or empty.
    pub fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of a required parameter.
    pub fn get(&self, name: &str) -> Result<&str, Trouble> {
        self.find(name).ok_or_else(|| Trouble::parameter(format!("{name} is missing")))
    }

    /// A whole number that may be left out.
    pub fn find_integer(&self, name: &str) -> Result<Option<i64>, Trouble> {
        self.find(name).map(|text| integer(name, text)).transpose()
    }

    /// A whole number that is required.
    pub fn get_integer(&self, name: &str) -> Result<i64, Trouble> {
        integer(name, self.get(name)?)
    }
}

fn integer(name: &str, text: &str) -> Result<i64, Trouble> {
    let wrong = || Trouble::wrong_type(format!("{name} is not an integer"));
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// Undoes percent-encoding; what was not encoded properly is refused, not repaired.
fn decode(text: &str) -> Result<String, Trouble> {
    let garbled = || Trouble::parameter("percent-encoding is broken or not UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (pair, tail) = rest.split_at_checked(2).ok_or_else(garbled)?;
                bytes.extend(hex::decode(pair).map_err(|_| garbled())?);
                rest = tail;
            }
            plain => bytes.push(*plain),
        }
    }
    String::from_utf8(bytes).map_err(|_| garbled())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let fields = Fields::from_form("title=%E5%88%B8+1&a=&b").unwrap();

        assert_eq!(fields.find("title"), Some("券 1"));
        assert_eq!(fields.find("a"), None);
        assert_eq!(fields.names().collect::<Vec<_>>(), ["title", "a", "b"]);
    }

    #[test]
    fn a_repeated_name_is_refused_even_when_it_is_spelt_with_percents() {
        let trouble = Fields::from_form("a=1&%61=2").unwrap_err();

        assert_eq!(trouble, Trouble::parameter("a was sent twice"));
    }

    #[test]
    fn a_repeated_name_in_json_is_refused_too() {
        let trouble = Fields::from_json(br#"{"a":1,"a":1}"#).unwrap_err();

        assert!(matches!(trouble, Trouble::Business(40001, _)));
    }

    #[test]
    fn broken_encoding_is_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%FF"] {
            assert!(Fields::from_form(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_plain_decimals_are_integers() {
        let fields =
            Fields::from_form("a=12&b=-3&c=%2B4&d=1.0&e=0x1&f=99999999999999999999&g=-").unwrap();

        assert_eq!(fields.get_integer("a"), Ok(12));
        assert_eq!(fields.get_integer("b"), Ok(-3));
        for name in ["c", "d", "e", "f", "g"] {
            assert!(matches!(fields.get_integer(name), Err(Trouble::Business(41000, _))), "{name}");
        }
        assert!(matches!(fields.get_integer("missing"), Err(Trouble::Business(40001, _))));
    }
}
