//! `/v1/admin/apps/{app}/push-address`: where WeChat pushes what happens to an account's cards.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ApiState, platform_rules, secret};
use crate::{
    domain::id::AppId,
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path},
    },
    service::{
        card_address::OVERLAP,
        save_push_address::{
            NewPushSecrets, PushAddress, PushAddressError, remove_push_address, save_push_address,
            show_push_address,
        },
    },
};

/// The body of a change; what is left out is made up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PushAddressBody {
    /// With which WeChat signs.
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>", regex(pattern = "^[A-Za-z0-9]{3,32}$"))]
    token: Option<SecretString>,
    /// With which WeChat encrypts.
    #[serde(default, deserialize_with = "secret::secret")]
    #[schemars(with = "Option<String>", regex(pattern = "^[A-Za-z0-9]{43}$"))]
    encoding_aes_key: Option<SecretString>,
}

/// What to paste into WeChat's console, shown this once.
#[derive(Serialize, JsonSchema)]
pub struct SavedPushAddressView {
    url: String,
    token: String,
    encoding_aes_key: String,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    /// Until when the token and the key of before count too.
    previous_until: Option<DateTime<Utc>>,
}

/// An address as it is shown afterwards: of each secret the end.
#[derive(Serialize, JsonSchema)]
pub struct PushAddressView {
    url: String,
    encoding_aes_key: String,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    /// Until when the token and the key of before count too.
    previous_until: Option<DateTime<Utc>>,
}

/// `PUT /v1/admin/apps/{app}/push-address`
pub async fn save(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
    Json(body): Json<PushAddressBody>,
) -> Result<Json<SavedPushAddressView>, ApiError> {
    let new = NewPushSecrets { token: body.token, key: body.encoding_aes_key };
    let (db, vault, now) = (&state.db, &state.vault, state.now());
    let lint = platform_rules::check_push_secrets;
    let saved = save_push_address(db, vault, now, app, new, lint).await?;
    state.changed.notify_waiters();
    Ok(Json(SavedPushAddressView::of(&state.public_url, &saved)))
}

/// `GET /v1/admin/apps/{app}/push-address`
pub async fn get(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
) -> Result<Json<PushAddressView>, ApiError> {
    let address = show_push_address(&state.db, &state.vault, app).await?;
    Ok(Json(PushAddressView {
        url: platform_rules::push_url(&state.public_url, &end_of(&address.secret).into()),
        encoding_aes_key: end_of(&address.secrets.key),
        created_at: address.created_at,
        changed_at: address.changed_at,
        previous_until: previous_until(&address).filter(|until| *until > state.now()),
    }))
}

/// `DELETE /v1/admin/apps/{app}/push-address`
pub async fn remove(
    State(state): State<ApiState>,
    Path(app): Path<AppId>,
) -> Result<StatusCode, ApiError> {
    remove_push_address(&state.db, app).await?;
    state.changed.notify_waiters();
    Ok(StatusCode::NO_CONTENT)
}

impl SavedPushAddressView {
    /// All of it, below our own address.
    fn of(base: &Url, saved: &PushAddress) -> Self {
        Self {
            url: platform_rules::push_url(base, &saved.secret),
            token: saved.secrets.token.expose_secret().to_owned(),
            encoding_aes_key: saved.secrets.key.expose_secret().to_owned(),
            created_at: saved.created_at,
            changed_at: saved.changed_at,
            previous_until: previous_until(saved),
        }
    }
}

fn previous_until(address: &PushAddress) -> Option<DateTime<Utc>> {
    address.has_previous.then(|| address.changed_at + OVERLAP)
}

/// Enough to tell one from another by, and far too little to guess the rest.
fn end_of(secret: &SecretString) -> String {
    let secret = secret.expose_secret();
    format!("…{}", secret.get(secret.len().saturating_sub(4)..).unwrap_or_default())
}

impl From<PushAddressError> for ApiError {
    fn from(error: PushAddressError) -> Self {
        match error {
            PushAddressError::Invalid(problems) => Self::invalid(problems),
            PushAddressError::NoSuchApp | PushAddressError::NoAddress => {
                Self::not_found(error.to_string())
            }
            PushAddressError::PushesNothing => Self::conflict(Code::NoCallbacks, &error),
            PushAddressError::Vault(cause) => cause.into(),
            PushAddressError::Db(cause) => cause.into(),
        }
    }
}
