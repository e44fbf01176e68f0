//! The header `Idempotency-Key`: the caller's own name of what they ask.

use http::{HeaderMap, HeaderName};

use crate::{
    domain::{access::Actor, life::ActKey},
    http::{code::Code, error::ApiError, extract::only},
    service::claim::ClaimKey,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says of an answer that it was given before.
pub const REPLAYED: (&str, &str) = ("idempotency-replayed", "true");

/// The key, without which nothing is done.
pub fn required(headers: &HeaderMap) -> Result<&str, ApiError> {
    let shown = only(headers, &IDEMPOTENCY_KEY)?.unwrap_or_default();
    if ClaimKey::parse(shown).is_err() {
        let detail = "name this act: `Idempotency-Key`, 1 to 255 visible ASCII characters";
        return Err(ApiError::refused(Code::IdempotencyKeyRequired, detail));
    }
    Ok(shown)
}

/// The same as a name among the asker's own.
pub fn of(headers: &HeaderMap, actor: Actor) -> Result<ActKey, ApiError> {
    Ok(ActKey { owner: actor.uuid(), text: required(headers)?.to_owned() })
}
