//! The signature, 数字签名sign. The original's is not public, so this one is ours, after the shape that its words suggest.
//!
//! Values are joined as they are, so two requests could come to one message; that no value has an `&` keeps them apart.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha1::Sha1;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::{
    envelope::{Envelope, Param},
    failure::Failure,
};

/// How a client signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// HMAC-SHA1 over method, path and pairs.
    #[default]
    HmacSha1Flat,
    /// HMAC-SHA256 over the same.
    HmacSha256Flat,
    /// HMAC-SHA1 over method, host, path and pairs.
    HmacSha1Host,
    /// Not at all; only between programs on one machine.
    None,
}

impl Scheme {
    /// Whether the token was made over this message with one of these secrets. It takes the same time for any answer.
    pub fn admits(self, message: &str, token: &str, secrets: &[SecretString]) -> bool {
        let digest: fn(&[u8], &[u8]) -> Option<Vec<u8>> = match self {
            Self::HmacSha1Flat | Self::HmacSha1Host => digest::<Hmac<Sha1>>,
            Self::HmacSha256Flat => digest::<Hmac<Sha256>>,
            Self::None => return true,
        };
        let given = decoded(token).unwrap_or_default();
        let digests = secrets
            .iter()
            .filter_map(|secret| digest(secret.expose_secret().as_bytes(), message.as_bytes()));
        digests.fold(Choice::from(0), |found, digest| found | digest.ct_eq(&given)).into()
    }
}

/// What is signed. `address` is the path as it is configured, for one scheme with the host before it.
pub fn message(address: &str, envelope: &Envelope) -> Result<String, Failure> {
    let Envelope { open_id, grant_code, token: _, timestamp, nonce, action, params, extras } =
        envelope;
    let fields = [
        ("Action", action),
        ("GrantCode", grant_code),
        ("Nonce", nonce),
        ("OpenId", open_id),
        ("Timestamp", timestamp),
    ];
    let mut pairs: Vec<(String, &str)> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.as_str())).collect();
    pairs.extend(extras.iter().map(|(name, value)| (name.clone(), value.as_str())));
    for (name, param) in params {
        let Param::Text(value) = param else {
            return Err(Failure::BadParam(name.clone().into()));
        };
        pairs.push((format!("Params.{name}"), value));
    }
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(format!("POST{address}?{}", pairs.join("&")))
}

/// The seed prints a token that is percent-encoded within JSON.
fn decoded(token: &str) -> Option<Vec<u8>> {
    if token.contains('%') {
        let token: Vec<u8> = percent_decode_str(token).collect();
        return STANDARD.decode(token).ok();
    }
    STANDARD.decode(token).ok()
}

fn digest<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let mac = <M as KeyInit>::new_from_slice(secret).ok()?;
    Some(mac.chain_update(message).finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests;
