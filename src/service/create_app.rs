//! Adds an account on a platform.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        app::{self, PlatformKind, ReturnRule},
        id::AppId,
        problem::Problem,
    },
    store::{self, app::App, violates},
    vault::{Place, Vault, VaultError},
};

/// The account to add. Its settings were checked where they are understood.
#[derive(Debug)]
pub struct NewApp {
    /// Where it lives.
    pub platform: PlatformKind,
    /// The platform's public name of it.
    pub app_key: String,
    /// For people.
    pub name: String,
    /// What only its platform's room understands.
    pub settings: Value,
    /// Of a mini-program: the account whose cards its people take.
    pub cards_app: Option<AppId>,
    /// Whether what was used may be given back; the usual rule of the platform where nobody says.
    pub give_back: Option<ReturnRule>,
    /// With which its platform is called, if the merchant has told it.
    pub secret: Option<SecretString>,
}

/// Why no account was added.
#[derive(Debug, thiserror::Error)]
pub enum CreateAppError {
    /// Name, key or secret will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The account whose cards are to be taken is not there.
    #[error("no such app")]
    NoSuchCardsApp,
    /// The platform's account is here already.
    #[error("this account is already here")]
    AlreadyThere,
    /// The secret cannot be sealed, so it is not kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds an account, with its secret or without, and the channel on which it is called.
pub async fn create_app(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    new: NewApp,
) -> Result<App, CreateAppError> {
    let secret = new.secret.as_ref().map(ExposeSecret::expose_secret);
    app::check(&new.name, &new.app_key, secret).map_err(CreateAppError::Invalid)?;
    let id = AppId::new(now);
    let place = Place::app_secret(id.uuid());
    let sealed = secret.map(|secret| vault.seal(place, secret)).transpose()?;
    let app = App {
        id,
        platform: new.platform,
        app_key: new.app_key,
        name: new.name,
        settings: new.settings,
        cards_app: new.cards_app,
        give_back: new.give_back.unwrap_or(ReturnRule::usual(new.platform)),
        has_secret: sealed.is_some(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let mut tx = store::begin(db).await?;

    check_cards_app(&mut tx, &app).await?.map_err(|refusal| match refusal {
        CardsAppRefusal::Unfit(problem) => CreateAppError::Invalid(vec![problem]),
        CardsAppRefusal::NotThere => CreateAppError::NoSuchCardsApp,
    })?;
    store::app::insert(&mut tx, &app).await.map_err(|error| {
        if violates(&error, "app_one_per_key") {
            CreateAppError::AlreadyThere
        } else {
            error.into()
        }
    })?;
    store::app::set_secret(&mut tx, id, sealed.as_deref()).await?;
    store::channel::insert(&mut tx, now, id).await?;

    tx.commit().await?;
    tracing::info!(app.id = %id, "app added");
    Ok(app)
}

/// Why an app cannot take the cards of another.
pub(super) enum CardsAppRefusal {
    /// This app cannot, or that one has none.
    Unfit(Problem),
    /// That one is not there.
    NotThere,
}

/// Whether the app whose cards are to be taken has any, and this one people who take them.
pub(super) async fn check_cards_app(
    conn: &mut PgConnection,
    app: &App,
) -> sqlx::Result<Result<(), CardsAppRefusal>> {
    let Some(cards_app) = app.cards_app else { return Ok(Ok(())) };
    let unfit = |message: &str| {
        let message = message.to_owned();
        Ok(Err(CardsAppRefusal::Unfit(Problem { param: "cards_app_id", message })))
    };
    if !app.platform.takes_cards_of_another() {
        return unfit("left out: only people of a mini-program take the cards of another app");
    }
    match store::app::find(conn, cards_app).await? {
        None => Ok(Err(CardsAppRefusal::NotThere)),
        Some(cards) if !cards.platform.gives_by_itself() => {
            unfit("an app on a platform that gives cards by itself")
        }
        Some(_) => Ok(Ok(())),
    }
}
