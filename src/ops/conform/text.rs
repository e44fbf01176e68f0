//! JSON as it was written: the order of members, and the very text of each; a reader into a tree would lose both.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of an object in the order in which they stand, each as it was written.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads an object.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The text of one.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.get())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// What is wrong with a text that is to be written as Yoho's digest needs it: compact, members by their names, none of
/// them null, nothing escaped that need not be.
pub fn odd(text: &str) -> Option<String> {
    if text.starts_with('{') {
        let members = Members::read(text)?;
        let names = members.names();
        if !names.is_sorted() {
            return Some(format!("members out of order: {}", names.join(", ")));
        }
        let odd_inside = members.0.iter().find_map(|(name, value)| match value.get() {
            "null" => Some(format!("`{name}` is null and not left out")),
            value => odd(value),
        });
        return odd_inside.or_else(|| odd_blank(text));
    }
    if text.starts_with('[') {
        let items: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
        return items.iter().find_map(|item| odd(item.get())).or_else(|| odd_blank(text));
    }
    odd_escape(text)
}

/// Something that has an escape and needs none.
fn odd_escape(text: &str) -> Option<String> {
    if text.contains("\\/") {
        return Some("an escaped slash".to_owned());
    }
    let codes = text.split("\\u").skip(1).filter_map(|rest| rest.get(..4));
    let low = codes.filter_map(|code| u32::from_str_radix(code, 16).ok()).all(|code| code < 32);
    (!low).then(|| "an escaped letter".to_owned())
}

/// A blank between the parts.
fn odd_blank(text: &str) -> Option<String> {
    let (mut inside, mut escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            blank if !inside && blank.is_ascii_whitespace() => {
                return Some("blanks between the parts".to_owned());
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_text() {
        let members = Members::read(r#"{"b":50.00,"a":"\u4e00"}"#).unwrap();

        assert_eq!(members.names(), ["b", "a"]);
        assert_eq!(members.text("b"), Some("50.00"));
        assert_eq!(members.text("a"), Some(r#""\u4e00""#));
        assert!(Members::read("[]").is_none());
    }

    #[test]
    fn only_one_spelling_is_not_odd() {
        for plain in ["[]", "{}", "3", r#""a/b 券 \" \\ \n""#, r#"[{"a":50.00,"b":["x y"]}]"#] {
            assert_eq!(odd(plain), None, "{plain}");
        }
        for strange in [
            r#"{"b":1,"a":2}"#,
            r#"[{"a":[{"d":1,"c":2}]}]"#,
            r#"{"a":null}"#,
            r#"{"a": 1}"#,
            "[1, 2]",
            r#""a\/b""#,
            r#""\u5238""#,
            r#"{"a":"\u0041"}"#,
        ] {
            assert!(odd(strange).is_some(), "{strange}");
        }
        assert_eq!(odd(r#""\u0001""#), None);
    }
}
