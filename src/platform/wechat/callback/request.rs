//! What stands behind the question mark, and in the body.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Uri, header};
use secrecy::ExposeSecret;
use url::form_urlencoded;

use super::reply::Reply;
use crate::{
    platform::wechat::{push::is_signed, xml},
    service::card_address::PushSecrets,
};

/// The parameters that WeChat sends, as they were received: nothing is trimmed, no number is read.
pub(super) struct Query {
    timestamp: String,
    nonce: String,
    pub signature: Option<String>,
    pub echo: Option<String>,
    message_signature: Option<String>,
    is_sealed: bool,
}

/// A body with what is to prove it.
pub(super) enum Letter<'a> {
    Sealed { query: &'a Query, signature: &'a str, sealed: String },
    Plain { query: &'a Query, signature: &'a str, text: &'a str },
}

/// The longest body that is read.
const LONGEST_BODY: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

impl Query {
    /// Reads them; `None` when one is missing that is in every request, or one is there twice.
    pub fn read(uri: &Uri) -> Option<Self> {
        let (mut timestamp, mut nonce, mut signature) = (None, None, None);
        let (mut echo, mut message_signature, mut encryption) = (None, None, None);
        for (name, value) in form_urlencoded::parse(uri.query()?.as_bytes()) {
            let place = match &*name {
                "timestamp" => &mut timestamp,
                "nonce" => &mut nonce,
                "signature" => &mut signature,
                "echostr" => &mut echo,
                "msg_signature" => &mut message_signature,
                "encrypt_type" => &mut encryption,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self {
            timestamp: timestamp?,
            nonce: nonce?,
            signature,
            echo,
            message_signature,
            is_sealed: encryption.as_deref() == Some("aes"),
        })
    }

    /// Whether somebody has signed this who knows the token.
    pub fn is_signed(&self, secrets: &PushSecrets, sealed: Option<&str>, shown: &str) -> bool {
        let token = secrets.token.expose_secret();
        let mut values = vec![token.as_bytes(), self.timestamp.as_bytes(), self.nonce.as_bytes()];
        values.extend(sealed.map(str::as_bytes));
        is_signed(&values, shown)
    }
}

impl<'a> Letter<'a> {
    /// What is to be looked at more closely. In a sealed one nothing counts but what is sealed.
    pub fn read(query: &'a Query, body: &'a [u8]) -> Result<Self, Reply> {
        let fields = xml::read(body)?;
        if query.is_sealed {
            let signature = query.message_signature.as_deref().ok_or(Reply::Refused)?;
            let sealed = fields.get("Encrypt").ok_or(Reply::Refused)?.to_owned();
            return Ok(Self::Sealed { query, signature, sealed });
        }
        let signature = query.signature.as_deref().ok_or(Reply::Refused)?;
        let text = std::str::from_utf8(body).map_err(|_| Reply::Malformed)?;
        Ok(Self::Plain { query, signature, text })
    }

    pub const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed { .. })
    }
}

/// Reads a body of a decent size.
pub(super) async fn read_body(request: Request<Body>) -> Result<Bytes, Reply> {
    let (parts, body) = request.into_parts();
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LONGEST_BODY as u64) {
        return Err(Reply::TooLarge);
    }
    match tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_long(&error) => Err(Reply::TooLarge),
        Ok(Err(_)) => Err(Reply::Malformed),
        Err(_) => Err(Reply::TooSlow),
    }
}

/// Whether a body went past its limit; otherwise it broke off, or its chunks are none.
fn is_too_long(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error);
    cause.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}
