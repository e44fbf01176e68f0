//! zvcms: how a request is written, and what an answer must look like.

mod body;

use std::collections::BTreeMap;

use anyhow::Context;
use percent::encode;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    case::Expect,
    judge::{Credentials, usual},
    pattern::differences,
    sign::{Hash, zvcms_message, zvcms_token},
    wire::{Answer, Letter},
    words::{Words, nonce},
};

/// A request as a case writes it down; what it does not say is as it should be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Send {
    /// By whom, of the fixtures.
    pub caller: Option<String>,
    action: String,
    params: Value,
    /// Other fields of the envelope; one that is null is left out.
    envelope: Map<String, Value>,
    sign: Sign,
    token: Spelling,
    /// Members of `Params` that are another after it was signed.
    tamper: Map<String, Value>,
    /// Fields of the envelope that are.
    forge: Map<String, Value>,
    body: body::Kind,
    /// Another than the one of the body; empty for none.
    content_type: Option<String>,
    /// The body to the letter.
    raw: Option<String>,
    /// So many blanks follow the body.
    pad: usize,
}

/// How the token is made.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sign {
    /// As it should be.
    #[default]
    Good,
    /// With the other hash.
    Sha256,
    /// With another secret.
    WrongSecret,
    /// Over everything but `Params`.
    WithoutParams,
}

/// How the token is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spelling {
    /// Percent-encoded, as in the sample.
    #[default]
    Percent,
    /// As Base64 is, with a plus in it.
    Raw,
    /// The same, in a form whose writer forgot to encode the plus.
    BarePlus,
}

impl Default for Send {
    fn default() -> Self {
        Self {
            caller: None,
            action: "coupon.user-coupon-list".to_owned(),
            params: json!({}),
            envelope: Map::new(),
            sign: Sign::Good,
            token: Spelling::Percent,
            tamper: Map::new(),
            forge: Map::new(),
            body: body::Kind::Json,
            content_type: None,
            raw: None,
            pad: 0,
        }
    }
}

/// Writes and signs it.
pub fn letter(
    url: &Url,
    caller: &Credentials,
    send: &Send,
    words: &Words,
) -> anyhow::Result<Letter> {
    let mut content_type = send.body.content_type().to_owned();
    let mut body = if let Some(raw) = &send.raw {
        raw.clone().into_bytes()
    } else {
        let (fields, token) = signed(url, caller, send, words)?;
        send.body.write(fields, token.as_deref().map(|token| spelt(token, send)))?
    };
    body.extend(std::iter::repeat_n(b' ', send.pad));
    if let Some(other) = &send.content_type {
        other.clone_into(&mut content_type);
    }
    Ok(Letter {
        method: Method::POST,
        url: url.clone(),
        content_type: Some(content_type).filter(|kind| !kind.is_empty()),
        body,
    })
}

/// The token as it stands in the body, and whether a form is to leave it as it is.
fn spelt(token: &str, send: &Send) -> (String, bool) {
    match send.token {
        Spelling::Percent => (encode(token), false),
        Spelling::Raw => (token.to_owned(), false),
        Spelling::BarePlus => (token.to_owned(), true),
    }
}

mod percent {
    /// Everything but letters, digits and `-._~`.
    pub fn encode(text: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let each = |byte| {
            if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        };
        text.bytes().map(each).collect()
    }
}

/// The fields, and the token unless the case has one of its own or none.
fn signed(
    url: &Url,
    caller: &Credentials,
    send: &Send,
    words: &Words,
) -> anyhow::Result<(Map<String, Value>, Option<String>)> {
    let mut fields = Map::new();
    let own = [
        ("OpenId", json!(caller.name)),
        ("GrantCode", json!(caller.beside)),
        ("Timestamp", json!(words.now().timestamp().to_string())),
        ("Action", json!(send.action)),
        ("Params", send.params.clone()),
    ];
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    fields.extend(send.envelope.clone());
    let secret = match send.sign {
        Sign::WrongSecret => format!("{}x", caller.secret.expose_secret()),
        Sign::Good | Sign::Sha256 | Sign::WithoutParams => caller.secret.expose_secret().into(),
    };
    let hash = if matches!(send.sign, Sign::Sha256) { Hash::Sha256 } else { Hash::Sha1 };
    let chosen = send.envelope.contains_key("Nonce");
    let token = loop {
        if !chosen {
            fields.insert("Nonce".to_owned(), json!(nonce().to_string()));
        }
        let message = zvcms_message(url.path(), &covered(&fields, send)?);
        let token = zvcms_token(hash, &secret, &message);
        // A plus is what goes wrong on the way, so there is one where it is to be seen that it does not.
        if chosen || send.token == Spelling::Percent || token.contains('+') {
            break token;
        }
    };
    let token = (!send.envelope.contains_key("Token")).then_some(token);
    fields.retain(|_, value| !value.is_null());
    if let Some(Value::Object(params)) = fields.get_mut("Params") {
        params.extend(send.tamper.clone());
    }
    fields.extend(send.forge.clone());
    Ok((fields, token))
}

/// What the signature covers.
fn covered(fields: &Map<String, Value>, send: &Send) -> anyhow::Result<BTreeMap<String, String>> {
    let mut covered = BTreeMap::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        match (name.as_str(), value) {
            ("Token", _) | ("Params", Value::Array(_)) => {}
            ("Params", _) if matches!(send.sign, Sign::WithoutParams) => {}
            ("Params", Value::Object(params)) => covered.extend(members(params)),
            ("Params", Value::String(text)) => {
                let params: Map<String, Value> =
                    serde_json::from_str(text).context("Params is no object in a text")?;
                covered.extend(members(&params));
            }
            _ => {
                covered.insert(name.clone(), plain(value));
            }
        }
    }
    Ok(covered)
}

fn members(params: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    params.iter().map(|(name, value)| (format!("Params.{name}"), plain(value)))
}

/// A value as a text: a text as it is, anything else as JSON has it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Where the answer is another than it must be.
pub fn judge(expect: &Expect, answer: &Answer) -> Vec<String> {
    let mut found = usual(expect, answer);
    if !expect.empty && !answer.content_type.starts_with("application/json") {
        found.push(format!("the content type is `{}`", answer.content_type));
    }
    let body = match serde_json::from_str::<Value>(&answer.body) {
        Ok(body) => body,
        Err(_) if expect.empty => return found,
        Err(error) => {
            found.push(format!("no JSON: {error}"));
            return found;
        }
    };
    let expected = if let Some((code, message)) = &expect.fails {
        // What is wrong with the request as such is no "true"; what the business says is.
        let said = body["code"].as_i64().unwrap_or_default();
        json!({ "status": said >= 20_000, "code": code, "message": message })
    } else if let Some(data) = &expect.ok {
        let message = expect.message.clone().unwrap_or_else(|| "操作成功".into());
        json!({ "status": true, "code": 0, "message": message, "data": data })
    } else if let Some(whole) = &expect.body {
        whole.clone()
    } else {
        return found;
    };
    found.extend(differences(&expected, &body));
    found
}
