//! Secrets in the bodies of requests: taken in, never shown, and never repeated in a problem.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use crate::{
    http::{code::Code, error::ApiError},
    service::edit_app::SecretEdit,
    vault::VaultError,
};

/// A text or null. What else it may be is not said, for it may be the secret in a wrong dress.
pub fn secret<'de, D: Deserializer<'de>>(body: D) -> Result<Option<SecretString>, D::Error> {
    match Value::deserialize(body)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.into())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(D::Error::custom("expected a text"))
        }
    }
}

/// The same for a change, where null takes the secret away and absence lets it stay.
pub fn secret_edit<'de, D: Deserializer<'de>>(body: D) -> Result<SecretEdit, D::Error> {
    Ok(secret(body)?.map_or(SecretEdit::Remove, SecretEdit::Replace))
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NoKey => Self::conflict(Code::NoMasterKey, &error),
            VaultError::UnknownKey { .. } | VaultError::NotOurs | VaultError::Randomness(_) => {
                Self::internal(error)
            }
        }
    }
}
