//! Places a template on an app.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;

use super::secret::Fresh;
use crate::{
    domain::{
        id::{AppId, PlacementId, TemplateId, TokenId},
        placement::PlacementState,
        stock::Way,
    },
    store::{
        self,
        callback_token::{CallbackToken, Kept},
        placement::Placement,
        violates,
    },
    vault::{Place, Vault, VaultError},
};

/// What to place where. The platform's id was checked where it is understood.
#[derive(Debug)]
pub struct NewPlacement {
    /// What.
    pub template: TemplateId,
    /// Where.
    pub app: AppId,
    /// The platform's id of it, once the platform has it.
    pub platform_ref: Option<String>,
    /// What only its platform's room understands; checked there.
    pub settings: Value,
}

/// Why nothing was placed.
#[derive(Debug, thiserror::Error)]
pub enum CreatePlacementError {
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// Nothing stands on this kind of app.
    #[error("nothing is placed on this platform: place it on the app whose cards its people take")]
    NoPlacements,
    /// There is none of this id.
    #[error("no such template")]
    NoSuchTemplate,
    /// A template stands on an app once.
    #[error("the template already stands on this app")]
    AlreadyPlaced,
    /// The platform's id belongs to another placement of the app.
    #[error("the platform's id belongs to another placement of this app")]
    PlatformRefTaken,
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The secret of its address cannot be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Db(sqlx::Error),
}

/// Places a template, with empty stocks. Where the platform calls back, the secret of the address is to be shown once.
pub async fn create_placement(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    new: NewPlacement,
) -> Result<(Placement, Option<Fresh>), CreatePlacementError> {
    let mut tx = store::begin(db).await?;

    let app = store::app::find(&mut tx, new.app).await?.ok_or(CreatePlacementError::NoSuchApp)?;
    if !app.platform.has_placements() {
        return Err(CreatePlacementError::NoPlacements);
    }
    let placement = Placement {
        id: PlacementId::new(now),
        template: new.template,
        app: new.app,
        platform: app.platform,
        platform_ref: new.platform_ref,
        state: PlacementState::Active,
        tells_claims: app.platform.keeps_a_wallet(),
        tells_voids: app.platform.hears_of_voids(),
        settings: new.settings,
        review: None,
        review_note: None,
        reviewed_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::placement::insert(&mut tx, &placement).await?;
    store::stock::insert_empty(&mut tx, placement.id, Way::all_on(app.platform)).await?;
    let secret = if app.platform.calls_back() {
        let secret = Fresh::random("")?;
        let token = CallbackToken { id: TokenId::new(now), created_at: now, retires_at: None };
        let sealed = secret.seal(vault, Place::callback_secret(token.id.uuid()))?;
        // There is no older one to live on.
        let kept = Kept { hash: secret.hash(), sealed, overlap_seconds: 0 };
        store::callback_token::insert(&mut tx, placement.id, &token, &kept).await?;
        Some(secret)
    } else {
        None
    };
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(
        placement.id = %placement.id, template.id = %new.template, app.id = %new.app, "template placed"
    );
    Ok((placement, secret))
}

impl From<sqlx::Error> for CreatePlacementError {
    fn from(error: sqlx::Error) -> Self {
        if violates(&error, "placement_template") {
            Self::NoSuchTemplate
        } else if violates(&error, "placement_once") {
            Self::AlreadyPlaced
        } else if violates(&error, "placement_one_per_platform_ref") {
            Self::PlatformRefTaken
        } else {
            Self::Db(error)
        }
    }
}
