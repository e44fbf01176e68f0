//! Yoho: how a request is written, and what an answer must look like.

use std::collections::BTreeMap;

use reqwest::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use super::{
    case::Expect,
    judge::{Credentials, usual},
    pattern::differences,
    sign::{yoho_digest, yoho_secret},
    text::{self, Members},
    wire::{Answer, Letter},
};

/// A request as a case writes it down; what it does not say is as it should be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Send {
    /// By whom, of the fixtures.
    pub caller: Option<String>,
    method: Option<String>,
    /// With the common ones among them; one that is null is left out.
    params: Map<String, Value>,
    http: Verb,
    sign: Sign,
    /// Parameters that are another after it was signed.
    tamper: Map<String, Value>,
    /// Parameters that stand there once more, behind the others, and are not signed.
    again: Vec<(String, String)>,
}

/// How it is sent.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    /// All in the query.
    #[default]
    Get,
    /// All in the body.
    Post,
    /// Half of it in the query, the other half in the body.
    Split,
}

/// How it is signed.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sign {
    /// As it should be.
    #[default]
    Good,
    /// The same in capital letters.
    Upper,
    /// With another private key.
    WrongKey,
    /// With the word that the original took for the key of those whom it did not know.
    NullKey,
    /// With no key at all.
    EmptyKey,
    /// Not signed.
    None,
}

/// Writes and signs it.
pub fn letter(url: &Url, caller: &Credentials, send: &Send) -> Letter {
    let mut params: Map<String, Value> = Map::new();
    params.insert("client_type".to_owned(), json!(caller.name));
    params.insert("method".to_owned(), json!(send.method));
    params.extend(send.params.clone());
    let mut pairs = texts(&params);
    let private_key = match send.sign {
        Sign::Good | Sign::Upper | Sign::None => caller.secret.expose_secret().to_owned(),
        Sign::WrongKey => format!("{}x", caller.secret.expose_secret()),
        Sign::NullKey => "null".to_owned(),
        Sign::EmptyKey => String::new(),
    };
    let secret = yoho_secret(&pairs, &private_key);
    pairs.extend(texts(&send.tamper));
    match send.sign {
        Sign::None => {}
        Sign::Upper => drop(pairs.insert("client_secret".to_owned(), secret.to_uppercase())),
        Sign::Good | Sign::WrongKey | Sign::NullKey | Sign::EmptyKey => {
            // A secret that the case has chosen stays.
            pairs.entry("client_secret".to_owned()).or_insert(secret);
        }
    }
    let pairs: Vec<_> = pairs.into_iter().chain(send.again.clone()).collect();
    let (query, body) = match send.http {
        Verb::Get => (&pairs[..], &[][..]),
        Verb::Post => (&[][..], &pairs[..]),
        Verb::Split => pairs.split_at(pairs.len() / 2),
    };
    let mut url = url.clone();
    if !query.is_empty() {
        url.set_query(Some(&encoded(query)));
    }
    let posts = !matches!(send.http, Verb::Get);
    Letter {
        method: if posts { Method::POST } else { Method::GET },
        url,
        content_type: posts.then(|| "application/x-www-form-urlencoded".to_owned()),
        body: encoded(body).into_bytes(),
    }
}

fn texts(params: &Map<String, Value>) -> BTreeMap<String, String> {
    let there = params.iter().filter(|(_, value)| !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    there.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Where the answer is another than it must be.
pub fn judge(expect: &Expect, answer: &Answer, salt: &str) -> Vec<String> {
    let mut found = usual(expect, answer);
    if expect.empty {
        return found;
    }
    let kind = answer.content_type.replace(' ', "").to_ascii_lowercase();
    if kind != "application/json;charset=utf-8" {
        found.push(format!("the content type is `{}`", answer.content_type));
    }
    let Some(members) = Members::read(&answer.body) else {
        found.push("the body is no object".to_owned());
        return found;
    };
    let (code, message, data) = match (&expect.fails, &expect.ok) {
        (Some((code, message)), _) if expect.full => {
            (code.clone(), message.clone(), Some(json!([])))
        }
        (Some((code, message)), _) => (code.clone(), message.clone(), None),
        (None, Some(data)) => {
            let message = expect.message.clone().unwrap_or_else(|| "操作成功".into());
            (json!(200), message, Some(data.clone()))
        }
        (None, None) => return found,
    };
    found.extend(head(&members, &code, &message, data.is_some()));
    if let (Some(expected), Some(text)) = (data, members.text("data")) {
        found.extend(body(&expected, text, expect.text.as_deref()));
        let digest = json!(yoho_digest(salt, text)).to_string();
        if members.text("md5").is_some_and(|md5| md5 != digest) {
            found.push(format!("`md5` is not {digest}, that of `data` as it is written"));
        }
    }
    found
}

/// Everything but `data` and its digest.
fn head(members: &Members, code: &Value, message: &Value, full: bool) -> Vec<String> {
    let mut found = Vec::new();
    let names: &[&str] =
        if full { &["alg", "code", "data", "md5", "message"] } else { &["code", "message"] };
    if members.names() != names {
        found.push(format!("members are {:?} and not {names:?}", members.names()));
    }
    let said = |name| members.text(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut head = json!({ "code": code, "message": message });
    let mut there = json!({ "code": said("code"), "message": said("message") });
    if full {
        head["alg"] = json!("SALT_MD5");
        there["alg"] = json!(said("alg"));
    }
    found.extend(differences(&head, &there));
    found
}

fn body(expected: &Value, text: &str, to_the_letter: Option<&str>) -> Vec<String> {
    let value = serde_json::from_str(text).unwrap_or_default();
    let mut found: Vec<_> =
        differences(expected, &value).iter().map(|told| format!("/data{told}")).collect();
    found.extend(text::odd(text).map(|odd| format!("/data: {odd}")));
    if let Some(letters) = to_the_letter.filter(|letters| *letters != text) {
        found.push(format!("/data: {text} and not {letters}, to the letter"));
    }
    found
}
