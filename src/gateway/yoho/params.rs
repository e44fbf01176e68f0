//! The parameters of a request: query and form together, as the original's server merged them.

use std::borrow::Cow;

/// Decoded names and values, each name once. Where a name repeats, its first value counts, the query before the form.
#[derive(Debug, Default)]
pub struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// What cannot be read, by the name to complain of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub Cow<'static, str>);

/// All that is looked at anywhere.
const MEANT: [&str; 20] = [
    "client_secret",
    "client_type",
    "contentCode",
    "couponCode",
    "couponId",
    "couponIds",
    "couponType",
    "coupon_send_token",
    "id",
    "limit",
    "lockSeconds",
    "method",
    "orderCode",
    "page",
    "private_key",
    "status",
    "storeSn",
    "timestamp",
    "type",
    "uid",
];
/// What the original's developers looked at: not read, whatever it says, and not signed.
const IGNORED: [&str; 2] = ["q", "debug_data"];
/// Clients send about a dozen.
const MOST_PARAMS: usize = 200;

impl<'a> Params<'a> {
    /// Merges the two.
    ///
    /// The signature joins names and values without quoting them, so that one value can sign like several parameters. One
    /// that would do so for a parameter that means something is not taken, also where no operation looks at it.
    pub fn read(query: &'a str, form: &'a [u8]) -> Result<Self, Unreadable> {
        let mut params = Self(Vec::with_capacity(16));
        params.add(query.as_bytes(), "query")?;
        params.add(form, "body")?;
        Ok(params)
    }

    /// The value; present and empty is not absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// All of them, in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    fn add(&mut self, text: &'a [u8], place: &'static str) -> Result<(), Unreadable> {
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match equals {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let name = decode(name).filter(|name| is_name(name));
            let name = name.ok_or(Unreadable(Cow::Borrowed(place)))?;
            if IGNORED.contains(&&*name) || self.get(&name).is_some() {
                continue;
            }
            let value = decode(value).filter(|value| !hides_another(value));
            let value = value.ok_or_else(|| Unreadable(shown(&name, place)))?;
            if self.0.len() == MOST_PARAMS {
                return Err(Unreadable(Cow::Borrowed(place)));
            }
            self.0.push((name, value));
        }
        Ok(())
    }
}

/// Whether a value can be read as one that ends earlier, with a parameter behind it that means something.
fn hides_another(value: &str) -> bool {
    let pairs = value.split('&').skip(1).filter_map(|pair| pair.split_once('='));
    pairs.into_iter().any(|(name, _)| MEANT.contains(&name))
}

/// Whether a name cannot be mistaken for a pair, or for another name once blanks are gone.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter| matches!(letter, '&' | '=' | '\0'..=' '))
}

/// The name as it is complained of: not whatever somebody sends.
fn shown(name: &str, place: &'static str) -> Cow<'static, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.len() <= 64 && name.bytes().all(plain) {
        return Cow::Owned(name.to_owned());
    }
    Cow::Borrowed(place)
}

/// Without percent signs and pluses; `None` where they stand for nothing, or for no UTF-8.
fn decode(text: &[u8]) -> Option<Cow<'_, str>> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next())? << 4 | digit(rest.next())?,
            other => *other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, form: &str) -> Result<Vec<(String, String)>, String> {
        let params = Params::read(query, form.as_bytes()).map_err(|why| why.0.into_owned())?;
        Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn query_and_form_are_one_list_in_which_the_first_value_counts() {
        for (query, form, expected) in [
            ("", "", &[][..]),
            ("a=1&b=2", "", &[("a", "1"), ("b", "2")]),
            ("", "a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("a=1&a=2", "a=3&b=4&b=5", &[("a", "1"), ("b", "4")]),
            ("a=&a=2", "", &[("a", "")]),
            ("a", "", &[("a", "")]),
            ("&&a=1&", "", &[("a", "1")]),
            ("a=b=c", "", &[("a", "b=c")]),
            ("%61=%e5%88%b8+%2b", "", &[("a", "券 +")]),
            ("a=%26+%3D%26oid%3D7%26uid", "", &[("a", "& =&oid=7&uid")]),
            ("a=1&a=%ff", "", &[("a", "1")]),
            (
                "q=%ff&a=1&%71=%zz",
                "debug_data=1%26uid%3D7&b=2&debug_data",
                &[("a", "1"), ("b", "2")],
            ),
            ("Q=1&q1=2", "", &[("Q", "1"), ("q1", "2")]),
        ] {
            assert_eq!(read(query, form), Ok(pairs(expected)), "{query} {form}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_or_not_at_all_is_named() {
        for (query, form, name) in [
            ("a=%ff", "", "a"),
            ("a=%e5%88", "", "a"),
            ("a=%", "", "a"),
            ("a=%4", "", "a"),
            ("a=%zz", "", "a"),
            ("", "note=a%26uid%3D7", "note"),
            ("note=%26%26method%3D", "", "note"),
            ("%26=1", "", "query"),
            ("a%3Db=1", "", "query"),
            ("+a=1", "", "query"),
            ("=1", "", "query"),
            ("", "%ff=1", "body"),
            ("a.%22b=%ff", "", "query"),
        ] {
            assert_eq!(read(query, form), Err(name.to_owned()), "{query} {form}");
        }
        let many: Vec<_> = (0..=MOST_PARAMS).map(|number| format!("p{number}=")).collect();
        assert_eq!(read(&many.join("&"), ""), Err("query".to_owned()));
        assert!(read(&format!("{}&q=1", many[1..].join("&")), "").is_ok());
    }
}
