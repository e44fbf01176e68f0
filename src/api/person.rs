//! How callers at work name a person: by the merchant's `uid`, or by `app_id` and `open_id`.

use crate::{
    domain::{
        id::AppId,
        people::{OpenId, is_uid},
    },
    http::{code::Code, error::ApiError},
    service::person::NamedPerson,
};

const HOW: &str = "name the person by `uid`, or by `app_id` and `open_id`";

/// Reads the three parts of a name, of which one way must be used, and one only.
pub fn named(
    uid: Option<String>,
    app: Option<AppId>,
    open_id: Option<&str>,
) -> Result<NamedPerson, ApiError> {
    let named = named_if_any(uid, app, open_id)?;
    named.ok_or_else(|| unnamed(HOW))
}

/// Reads the three parts of a name that may as well be left out.
pub fn named_if_any(
    uid: Option<String>,
    app: Option<AppId>,
    open_id: Option<&str>,
) -> Result<Option<NamedPerson>, ApiError> {
    match (uid, app, open_id) {
        (None, None, None) => Ok(None),
        (Some(text), None, None) => Ok(Some(NamedPerson::Uid(self::uid(text)?))),
        (None, Some(app), Some(text)) => Ok(Some(NamedPerson::Holder(app, self::open_id(text)?))),
        _ => Err(unnamed(HOW)),
    }
}

/// Reads the merchant's id of somebody.
pub fn uid(text: String) -> Result<String, ApiError> {
    if is_uid(&text) {
        return Ok(text);
    }
    Err(unnamed("1 to 64 visible ASCII characters").at("uid"))
}

/// Reads an app's id of somebody.
pub fn open_id(text: &str) -> Result<OpenId, ApiError> {
    OpenId::parse(text)
        .map_err(|error| ApiError::refused(Code::InvalidValues, error.to_string()).at("open_id"))
}

/// 422: whoever is meant, it cannot be read from this.
pub fn unnamed(detail: &'static str) -> ApiError {
    ApiError::refused(Code::InvalidValues, detail)
}
