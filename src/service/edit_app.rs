//! Changes what may change of an account: its name, its settings and its secret.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::PgPool;

use super::create_app::{CardsAppRefusal, check_cards_app};
use crate::{
    domain::{
        app::{self, ReturnRule},
        id::AppId,
        problem::Problem,
    },
    store::{self, app::App},
    vault::{Place, Vault, VaultError},
};

/// What to change; `None` stays. Settings were checked where they are understood.
#[derive(Debug)]
pub struct AppEdit {
    /// The version that the editor saw.
    pub version: i32,
    /// For people.
    pub name: Option<String>,
    /// All settings; those left out are gone.
    pub settings: Option<Value>,
    /// Of a mini-program: the account whose cards its people take.
    pub cards_app: Option<AppId>,
    /// Whether what was used may be given back; from now on.
    pub give_back: Option<ReturnRule>,
    /// With which its platform is called.
    pub secret: SecretEdit,
}

/// What becomes of the secret.
#[derive(Debug, Default)]
pub enum SecretEdit {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is forgotten; nothing can be called any more.
    Remove,
    /// This one takes its place.
    Replace(SecretString),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditAppError {
    /// The name or the secret will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// The account whose cards are to be taken is not there.
    #[error("no such app")]
    NoSuchCardsApp,
    /// Somebody else was faster.
    #[error("changed in the meantime; it is at version {now_at}")]
    VersionConflict {
        /// The version to look at before trying again.
        now_at: i32,
    },
    /// The secret cannot be sealed, so nothing is kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Changes an account; every server then reads its routes again. Another secret ends the token that the old one fetched.
pub async fn edit_app(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    id: AppId,
    edit: AppEdit,
) -> Result<App, EditAppError> {
    let mut tx = store::begin(db).await?;

    let mut app = store::app::lock(&mut tx, id).await?.ok_or(EditAppError::NoSuchApp)?;
    if app.version != edit.version {
        return Err(EditAppError::VersionConflict { now_at: app.version });
    }
    app.name = edit.name.unwrap_or(app.name);
    app.settings = edit.settings.unwrap_or(app.settings);
    app.give_back = edit.give_back.unwrap_or(app.give_back);
    if edit.cards_app.is_some() {
        app.cards_app = edit.cards_app;
        check_cards_app(&mut tx, &app).await?.map_err(|refusal| match refusal {
            CardsAppRefusal::Unfit(problem) => EditAppError::Invalid(vec![problem]),
            CardsAppRefusal::NotThere => EditAppError::NoSuchCardsApp,
        })?;
    }
    app::check(&app.name, &app.app_key, edit.secret.reveal()).map_err(EditAppError::Invalid)?;
    app.version += 1;
    app.updated_at = now;
    store::app::update(&mut tx, &app).await?;
    if !matches!(edit.secret, SecretEdit::Keep) {
        let place = Place::app_secret(id.uuid());
        let sealed = edit.secret.reveal().map(|secret| vault.seal(place, secret)).transpose()?;
        app.has_secret = sealed.is_some();
        store::app::set_secret(&mut tx, id, sealed.as_deref()).await?;
        store::app::forget_platform_token(&mut tx, id).await?;
    }
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "app edited");
    Ok(app)
}

impl SecretEdit {
    fn reveal(&self) -> Option<&str> {
        match self {
            Self::Keep | Self::Remove => None,
            Self::Replace(secret) => Some(secret.expose_secret()),
        }
    }
}
