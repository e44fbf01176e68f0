//! Bad callbacks as data: reads `tests/fixtures/baidu/callbacks.jsonl` and writes each case as bytes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::simulator::sign::{Salt, sign};
use serde::Deserialize;
use serde_json::Value;

use super::campaign_offer::Offer;

/// One line of the file; its keys are explained beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub row: u32,
    pub name: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    pub given: Option<Given>,
    #[serde(default = "post")]
    method: String,
    #[serde(default = "right_path")]
    path: String,
    head: Option<Vec<String>>,
    #[serde(default)]
    chunked: bool,
    #[serde(default)]
    open_ended: bool,
    #[serde(default)]
    age: i64,
    #[serde(default)]
    fields: BTreeMap<String, Value>,
    #[serde(default)]
    lexemes: BTreeMap<String, String>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    sign: Sign,
    body: Option<Vec<Piece>>,
    encoding: Option<Encoding>,
    pub status: u16,
    pub errno: Option<String>,
    pub msg: Option<String>,
    pub effect: Option<Effect>,
}

/// What was done to the campaign before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    Known,
    Empty,
    Draft,
    Paused,
    Ended,
    PlacementPaused,
    Withdrawn,
    PinnedDocumented,
    PinnedMirrored,
    #[serde(rename = "template_above_2_53")]
    LargeId,
    #[serde(rename = "closed_1ms_ago")]
    Closed,
    ClosesNow,
    #[serde(rename = "closes_in_1ms")]
    ClosesSoon,
    OpensNow,
    #[serde(rename = "opens_in_1ms")]
    OpensSoon,
}

/// What a case may leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Coupon,
    Refusal,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sign {
    #[default]
    V1,
    V2,
    Broken,
    Upper,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Repeat { repeat: String, times: usize },
    Hex { hex: String },
    Fill { fill: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    Utf16le,
}

/// Every case of the file.
pub fn cases() -> Vec<Case> {
    let lines = include_str!("../../fixtures/baidu/callbacks.jsonl").lines().enumerate();
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("line {}: {error}", number + 1))
    };
    lines.map(read).collect()
}

impl Case {
    /// The request, byte for byte.
    pub fn request(&self, offer: &Offer, other_token: &str, now: DateTime<Utc>) -> Vec<u8> {
        let words = Words::of(offer, other_token, now - TimeDelta::seconds(self.age));
        let fields = self.good_fields(&words);
        let inner: Vec<_> =
            fields.iter().map(|(name, text)| format!("\"{name}\":{text}")).collect();
        let inner = inner.join(",");
        let sign = fields.iter().find(|(name, _)| *name == "sign");
        let sign = sign.map_or(String::new(), |(_, text)| text.trim_matches('"').to_owned());
        let words = words
            .with("$good", &format!("{{{inner}}}"))
            .with("$inner", &inner)
            .with("$sign", &sign);
        let body = self.body(&words);

        let words = words.with("$length", &body.len().to_string());
        let path = words.fill_in(&self.path);
        let usual = ["Content-Type: application/json", "Content-Length: $length"];
        let head = self.head.clone().unwrap_or_else(|| usual.map(ToOwned::to_owned).to_vec());
        let head = words.fill_in(&head.join("\r\n"));
        let mut request = format!(
            "{} {path} HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n{head}\r\n\r\n",
            self.method
        )
        .into_bytes();
        if self.chunked {
            request.extend(format!("{:x}\r\n", body.len()).into_bytes());
        }
        request.extend(body);
        if self.chunked {
            request.extend(if self.open_ended { &b"\r\n"[..] } else { b"\r\n0\r\n\r\n" });
        }
        request
    }

    /// The documented fields with this case's changes, as raw JSON, the sign last.
    fn good_fields(&self, words: &Words) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("recordId", "\"$record\""),
            ("openId", "\"$open_id\""),
            ("couponTemplateId", "$template"),
            ("timestamp", "$now"),
        ]
        .into_iter()
        .map(|(name, usual)| {
            (name, self.lexeme(name, words).unwrap_or_else(|| words.fill_in(usual)))
        })
        .collect::<Vec<_>>();
        let [record, open_id, template, stamp] =
            [0, 1, 2, 3].map(|index| text_of(&fields[index].1));
        let salt = if self.sign == Sign::V2 { Salt::V2 } else { Salt::V1 };
        let mut true_sign = sign(salt, &record, &open_id, &template, &stamp);
        match self.sign {
            Sign::V1 | Sign::V2 => {}
            Sign::Upper => true_sign.make_ascii_uppercase(),
            Sign::Broken => {
                let other = if true_sign.starts_with('0') { "1" } else { "0" };
                true_sign.replace_range(..1, other);
            }
        }
        let sign = self.lexeme("sign", words).unwrap_or_else(|| format!("\"{true_sign}\""));
        fields.push(("sign", sign));
        fields.retain(|(name, _)| !self.without.iter().any(|left_out| left_out == name));
        fields
    }

    fn lexeme(&self, name: &str, words: &Words) -> Option<String> {
        let raw = self.lexemes.get(name).map(|text| words.fill_in(text));
        raw.or_else(|| self.fields.get(name).map(ToString::to_string))
    }

    fn body(&self, words: &Words) -> Vec<u8> {
        let usual = [Piece::Text("$good".to_owned())];
        let mut body = Vec::new();
        for piece in self.body.as_deref().unwrap_or(&usual) {
            match piece {
                Piece::Text(text) => body.extend(words.fill_in(text).into_bytes()),
                Piece::Repeat { repeat, times } => body.extend(repeat.repeat(*times).into_bytes()),
                Piece::Hex { hex } => body.extend(hex::decode(hex).unwrap()),
                Piece::Fill { fill } => body.resize(*fill, b' '),
            }
        }
        match self.encoding {
            None => body,
            Some(Encoding::Utf16le) => {
                let text = String::from_utf8(body).unwrap();
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
        }
    }
}

/// What the sign covers: the text of a JSON text, or a number as it stands.
fn text_of(lexeme: &str) -> String {
    serde_json::from_str(lexeme).unwrap_or_else(|_| lexeme.trim_matches('"').to_owned())
}

/// What stands for the `$` words; longer words first, so that none is mistaken for the beginning of another.
struct Words(Vec<(String, String)>);

impl Words {
    fn of(offer: &Offer, other_token: &str, made: DateTime<Utc>) -> Self {
        let token = &offer.token;
        let last = if token.ends_with('A') { "B" } else { "A" };
        let swap = |letter: char| {
            if letter.is_ascii_uppercase() {
                letter.to_ascii_lowercase()
            } else {
                letter.to_ascii_uppercase()
            }
        };
        let words = Self(Vec::new())
            .with("$token_changed", &format!("{}{last}", &token[..token.len() - 1]))
            .with("$token_cut", &token[..token.len() - 1])
            .with("$token_upper", &token.to_ascii_uppercase())
            .with("$token_swapped", &token.chars().map(swap).collect::<String>())
            .with("$token", token)
            .with("$other_token", other_token)
            .with("$template", &offer.coupon_template_id)
            .with("$record", "r-1")
            .with("$open_id", "open-1")
            .with("$now", &made.timestamp().to_string())
            .with("$zeros400", &"0".repeat(400))
            .with("$nested10000", &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)))
            .with("$many65", &["X-Many: 1"; 65].join("\r\n"));
        [10_240, 17_408, 1_048_576].into_iter().fold(words, |words, times: usize| {
            words.with(&format!("$a{times}"), &"a".repeat(times))
        })
    }

    fn with(mut self, word: &str, meaning: &str) -> Self {
        self.0.push((word.to_owned(), meaning.to_owned()));
        self
    }

    fn fill_in(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
    }
}

fn post() -> String {
    "POST".to_owned()
}

fn right_path() -> String {
    "/callbacks/baidu/$token".to_owned()
}
