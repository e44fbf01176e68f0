//! The body of the legacy callback, read strictly: the exact texts matter, because the sign covers them.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::people::{OpenId, Record};

/// What Baidu sends when a user takes a coupon.
#[derive(Debug)]
pub struct Taken {
    /// The claim record: the idempotency key.
    pub record: Record,
    /// Who took it.
    pub open_id: OpenId,
    /// Which template, as received.
    pub coupon_template_id: String,
    /// When, in seconds, as received.
    pub timestamp: String,
    /// The same, as a number.
    pub seconds: i64,
    /// 32 lower-case hexadecimal digits.
    pub sign: String,
}

/// The body is not what Baidu sends; names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not one JSON object in UTF-8, or a key stands twice.
    #[error("the body is not one JSON object with each key once")]
    Json,
    /// A field is missing or has another shape.
    #[error("{0} is missing or malformed")]
    Field(&'static str),
}

#[derive(Default)]
struct Fields<'a> {
    record_id: Option<Cow<'a, str>>,
    open_id: Option<Cow<'a, str>>,
    coupon_template_id: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
    sign: Option<&'a RawValue>,
}

/// Reads a callback's body.
pub fn read(body: &[u8]) -> Result<Taken, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::Json)?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|_| Malformed::Json)?;
    let record = fields.record_id.and_then(|text| Record::parse(&text).ok());
    let open_id = fields.open_id.and_then(|text| OpenId::parse(&text).ok());
    let coupon_template_id = fields
        .coupon_template_id
        .and_then(lexeme)
        .filter(|text| template_id(text).is_some())
        .ok_or(Malformed::Field("couponTemplateId"))?;
    let timestamp = fields.timestamp.and_then(lexeme).ok_or(Malformed::Field("timestamp"))?;
    let seconds = seconds(timestamp).ok_or(Malformed::Field("timestamp"))?;
    let sign = fields.sign.and_then(string).filter(|text| is_sign(text));
    Ok(Taken {
        record: record.ok_or(Malformed::Field("recordId"))?,
        open_id: open_id.ok_or(Malformed::Field("openId"))?,
        coupon_template_id: coupon_template_id.to_owned(),
        timestamp: timestamp.to_owned(),
        seconds,
        sign: sign.ok_or(Malformed::Field("sign"))?.to_owned(),
    })
}

/// A `couponTemplateId` as a number, if the text is one in its plain decimal form.
pub fn template_id(text: &str) -> Option<i64> {
    decimal(text).and_then(|text| text.parse().ok())
}

/// Seconds have ten digits from 2001 to 2286; anything else is milliseconds or a slip.
fn seconds(text: &str) -> Option<i64> {
    decimal(text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok())
}

/// Digits without sign, point, exponent or leading zero: the one form in which both sides sign a number.
fn decimal(text: &str) -> Option<&str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then_some(text)
}

fn is_sign(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A number as it stands, or what stands between the quotes; both forms occur for the same field.
fn lexeme(raw: &RawValue) -> Option<&str> {
    string(raw)
        .or_else(|| Some(raw.get()).filter(|text| !text.starts_with(['{', '[', 'n', 't', 'f'])))
}

/// What stands between the quotes. An escape in a value that needs none is refused by whoever checks the characters.
fn string(raw: &RawValue) -> Option<&str> {
    raw.get().strip_prefix('"')?.strip_suffix('"')
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

/// More keys than anybody sends.
const MOST_KEYS: usize = 64;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        let mut seen: Vec<Cow<'de, str>> = Vec::with_capacity(8);
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            if seen.contains(&key) || seen.len() >= MOST_KEYS {
                return Err(A::Error::custom("a key stands twice, or there are too many"));
            }
            match &*key {
                "recordId" => fields.record_id = text(map.next_value()?),
                "openId" => fields.open_id = text(map.next_value()?),
                "couponTemplateId" => fields.coupon_template_id = Some(map.next_value()?),
                "timestamp" => fields.timestamp = Some(map.next_value()?),
                "sign" => fields.sign = Some(map.next_value()?),
                // Platforms add fields; those are theirs.
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            seen.push(key);
        }
        Ok(fields)
    }
}

/// A string without a copy where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// The text of a JSON string; anything else counts as missing.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"recordId":"r-1","openId":"k02HEREQhWhWWB5WYqYT1ITUGX","couponTemplateId":23830866,"timestamp":1574952776,"sign":"d0d7f4468d8d0a17f02d07dede6b5820"}"#;

    #[test]
    fn reads_the_documented_body() {
        let taken = read(BODY.as_bytes()).unwrap();

        assert_eq!(taken.record.as_str(), "r-1");
        assert_eq!(taken.coupon_template_id, "23830866");
        assert_eq!((taken.timestamp.as_str(), taken.seconds), ("1574952776", 1_574_952_776));
    }

    #[test]
    fn numbers_may_come_as_strings_and_new_fields_may_come_at_all() {
        let body = BODY.replace("23830866", "\"23830866\"").replace("1574952776", "\"1574952776\"");
        let body = body.replacen('{', r#"{"new":{"deep":[1,2]},"#, 1);

        assert_eq!(read(body.as_bytes()).unwrap().coupon_template_id, "23830866");
    }

    #[test]
    fn large_ids_are_exact() {
        for (id, fits) in [
            ("9007199254740993", true),
            ("9223372036854775807", true),
            ("9223372036854775808", false),
            ("0123", false),
            ("1.5", false),
            ("1e3", false),
            ("-1", false),
        ] {
            let body = BODY.replace("23830866", &format!("\"{id}\""));
            let read = read(body.as_bytes()).map(|taken| taken.coupon_template_id);
            assert_eq!(read.ok().as_deref(), fits.then_some(id), "{id}");
        }
    }

    #[test]
    fn a_key_cannot_hide_behind_many_others() {
        let others: Vec<_> = (0..64).map(|number| format!(r#""k{number}":1"#)).collect();
        let body = BODY.replacen('{', &format!("{{{},", others.join(",")), 1);

        assert_eq!(read(body.as_bytes()).unwrap_err(), Malformed::Json);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_even_when_nobody_knows_it() {
        for twice in [r#"{"recordId":"r-1","#, r#"{"new":1,"new":1,"#, r#"{"record\u0049d":"r-1","#]
        {
            let body = BODY.replacen('{', twice, 1);
            assert_eq!(read(body.as_bytes()).unwrap_err(), Malformed::Json, "{body}");
        }
    }
}
