//! The envelope of a request: it comes out the same, as whatever it was sent.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use serde_json::value::RawValue;

use super::{failure::Failure, form};
use crate::http::strict_json;

/// What stands around the parameters of every action. It shows a signature and may show codes, so nothing prints it.
pub struct Envelope {
    /// 密钥Id.
    pub open_id: String,
    /// 授权code.
    pub grant_code: String,
    /// The signature, as a body of JSON has it.
    pub token: String,
    /// Seconds, in decimal.
    pub timestamp: String,
    /// 随机正整数.
    pub nonce: String,
    /// 接口方法.
    pub action: String,
    /// 业务参数.
    pub params: Params,
    /// Fields that mean nothing to us. They are signed like the others.
    pub extras: BTreeMap<String, String>,
}

/// The direct members of `Params`.
pub type Params = BTreeMap<String, Param>;

/// One of them.
pub enum Param {
    /// A text, or an integer as it was written.
    Text(String),
    /// A list or an object, which nobody can sign.
    Nested(Box<RawValue>),
    /// Anything else: a fraction, a truth, nothing.
    Other,
}

/// What a body says, before it is known whether it says enough.
#[derive(Default)]
pub(super) struct Draft {
    fields: BTreeMap<String, String>,
    params: Option<Params>,
}

const SCALARS: [&str; 6] = ["OpenId", "GrantCode", "Token", "Timestamp", "Nonce", "Action"];
pub(super) const PARAMS: &str = "Params";

/// Reads a body by its content type; without one that tells, by its first byte.
pub async fn read(headers: &HeaderMap, body: Bytes) -> Result<Envelope, Failure> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let encoding = text(header::CONTENT_ENCODING).unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(Failure::BadBody);
    }
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let looks_like_json = body.trim_ascii_start().first() == Some(&b'{');
    match &*essence {
        "application/json" => json(&body),
        "application/x-www-form-urlencoded" => form::urlencoded(&body),
        "multipart/form-data" => form::multipart(parts(content_type, body).await?).await,
        _ if looks_like_json => json(&body),
        _ => form::urlencoded(&body),
    }?
    .finish()
}

fn json(body: &[u8]) -> Result<Draft, Failure> {
    let fields: BTreeMap<String, Box<RawValue>> =
        strict_json::read(body).map_err(|_| Failure::BadBody)?;
    let mut draft = Draft::default();
    for (name, value) in fields {
        if name == PARAMS {
            draft.params = members(&value)?;
        } else if value.get() != "null" || !SCALARS.contains(&&*name) {
            let Param::Text(text) = Param::of(value) else { return Err(Failure::BadBody) };
            draft.set(name, text)?;
        }
    }
    Ok(draft)
}

async fn parts(content_type: &str, body: Bytes) -> Result<Multipart, Failure> {
    let request = Request::post("/").header(header::CONTENT_TYPE, content_type).body(body.into());
    let request = request.map_err(|_| Failure::BadBody)?;
    Multipart::from_request(request, &()).await.map_err(|_| Failure::BadBody)
}

/// An object, a text that holds one, or PHP's empty array, which is how PHP writes an empty object, too. An empty text is
/// not there.
fn members(value: &RawValue) -> Result<Option<Params>, Failure> {
    if value.get().starts_with('"') {
        let text: String = serde_json::from_str(value.get()).map_err(|_| Failure::BadBody)?;
        return (!text.is_empty()).then(|| members_in(&text)).transpose();
    }
    members_in(value.get()).map(Some)
}

/// The same in a text, which is all that a form has.
pub(super) fn members_in(text: &str) -> Result<Params, Failure> {
    if serde_json::from_str::<[(); 0]>(text).is_ok() {
        return Ok(Params::new());
    }
    let members: BTreeMap<String, Box<RawValue>> =
        strict_json::read(text.as_bytes()).map_err(|_| Failure::BadBody)?;
    let members = members.into_iter().map(|(name, value)| (name, Param::of(value)));
    members.map(|(name, value)| Ok((checked_name(name)?, value))).collect()
}

/// Names are plain, so that none of them can be taken for more than a name where they are joined.
pub(super) fn checked_name(name: String) -> Result<String, Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(plain);
    if fits { Ok(name) } else { Err(Failure::BadBody) }
}

impl Draft {
    /// Notes a field of the envelope, which must not stand there twice, nor be another's name in other letters.
    pub(super) fn set(&mut self, name: String, value: String) -> Result<(), Failure> {
        let mut known = SCALARS.into_iter().chain([PARAMS]);
        let meant = known.find(|known| known.eq_ignore_ascii_case(&name));
        if meant.is_some_and(|known| known != name) {
            return Err(Failure::BadBody);
        }
        match self.fields.insert(checked_name(name)?, value) {
            None => Ok(()),
            Some(_) => Err(Failure::BadBody),
        }
    }

    /// Notes the parameters, which must not stand there twice.
    pub(super) fn set_params(&mut self, params: Params) -> Result<(), Failure> {
        match self.params.replace(params) {
            None => Ok(()),
            Some(_) => Err(Failure::BadBody),
        }
    }

    /// What is there must be able to be what it is called; an empty text is not there.
    fn finish(mut self) -> Result<Envelope, Failure> {
        for name in SCALARS {
            if self.fields.get(name).is_none_or(String::is_empty) {
                return Err(Failure::Missing(name));
            }
        }
        let params = self.params.take().ok_or(Failure::Missing(PARAMS))?;
        let mut take = |name| self.fields.remove(name).unwrap_or_default();
        let envelope = Envelope {
            open_id: take("OpenId"),
            grant_code: take("GrantCode"),
            token: take("Token"),
            timestamp: take("Timestamp"),
            nonce: take("Nonce"),
            action: take("Action"),
            params,
            extras: self.fields,
        };
        if envelope.is_plain() { Ok(envelope) } else { Err(Failure::BadBody) }
    }
}

impl Envelope {
    /// Whether no field could be taken for two where they are joined to be signed.
    fn is_plain(&self) -> bool {
        let named = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            text.len() <= 64 && text.bytes().all(plain)
        };
        let number = |text: &str, longest| {
            text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        [&self.open_id, &self.grant_code, &self.action].into_iter().all(|text| named(text))
            && number(&self.timestamp, 19)
            && number(&self.nonce, 19)
            && !self.nonce.starts_with('0')
            && self.extras.values().all(|text| is_plain(text))
    }
}

/// Whether a value could not be taken for two where it is joined with others.
pub fn is_plain(text: &str) -> bool {
    !text.contains(|sign: char| sign == '&' || sign.is_control())
}

impl Param {
    fn of(value: Box<RawValue>) -> Self {
        let text = value.get();
        let digits = text.strip_prefix('-').unwrap_or(text);
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map_or(Self::Other, Self::Text),
            Some(b'{' | b'[') => Self::Nested(value),
            _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => Self::Text(text.to_owned()),
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests;
