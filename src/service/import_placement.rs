//! Owes the import of what stands on a platform already: a worker asks what the platform shows of it.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    domain::{
        id::{AppId, PlacementId},
        imported_terms::ImportedTerms,
        problem::Problem,
    },
    store::{
        self,
        delivery::{open::Open, owe::Owed},
    },
};

/// What to import. The platform's id was checked where it is understood.
#[derive(Debug)]
pub struct NewImport {
    /// From where.
    pub app: AppId,
    /// The platform's id of it.
    pub platform_ref: String,
    /// What the platform does not know.
    pub terms: ImportedTerms,
}

/// Why nothing is owed.
#[derive(Debug, thiserror::Error)]
pub enum ImportPlacementError {
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// Its platform keeps no wallet, so nothing stands there.
    #[error("the platform of this app keeps no coupons")]
    NoWallet,
    /// Its platform has no such thing.
    #[error("nothing can be imported from the platform of this app")]
    NoImports,
    /// The platform cannot be called.
    #[error("the app has no secret, so its platform cannot be called")]
    AppHasNoSecret,
    /// The terms will not do whatever the platform shows.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// It is here already.
    #[error("the platform's id belongs to another placement of this app")]
    PlatformRefTaken,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Owes the import, and says which id the placement will have. A second one while the first is on its way is the first.
pub async fn import_placement(
    db: &PgPool,
    now: DateTime<Utc>,
    new: NewImport,
) -> Result<(PlacementId, Open), ImportPlacementError> {
    new.terms.check(now).map_err(ImportPlacementError::Invalid)?;
    let mut tx = store::begin(db).await?;

    // The lock makes one of two that ask at once come second.
    let app = store::app::lock(&mut tx, new.app).await?.ok_or(ImportPlacementError::NoSuchApp)?;
    if !app.platform.keeps_a_wallet() {
        return Err(ImportPlacementError::NoWallet);
    }
    if !app.platform.takes_imports() {
        return Err(ImportPlacementError::NoImports);
    }
    if !store::published::is_connected(&mut tx, app.id).await? {
        return Err(ImportPlacementError::AppHasNoSecret);
    }
    let known = store::placement::find_by_platform_ref(&mut tx, app.id, &new.platform_ref).await?;
    if known.is_some() {
        return Err(ImportPlacementError::PlatformRefTaken);
    }
    let open = store::delivery::open::find_import(&mut tx, app.id, &new.platform_ref).await?;
    if let Some(open) = open {
        return Ok((PlacementId::from(open.subject), open));
    }
    let id = PlacementId::new(now);
    let payload = json!({ "platform_ref": new.platform_ref, "terms": new.terms });
    let owed = Owed::import(now, app.id, id, &new.platform_ref, payload);
    store::delivery::owe::owe(&mut tx, now, &owed).await?;
    let open = store::delivery::open::get(&mut tx, owed.id).await?;

    tx.commit().await?;
    tracing::info!(app.id = %app.id, placement.id = %id, delivery.id = %open.id, "import owed");
    Ok((id, open))
}
