//! What has to hold before a platform is told of a placement: of all of it, or of what has changed.

use sqlx::PgConnection;

use crate::{
    domain::{
        id::{DeliveryId, PlacementId},
        placement::PlacementState,
        problem::Problem,
        terms::Lint,
    },
    store::{self, placement::Placement},
};

/// Why a platform is not to be told.
#[derive(Debug, thiserror::Error)]
pub enum TellPlatformError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Its platform keeps no wallet, so there is nothing to tell it.
    #[error("the platform of this placement keeps no coupons")]
    NoWallet,
    /// It was withdrawn.
    #[error("the placement is withdrawn; its platform is told nothing more of it")]
    Withdrawn,
    /// It was to be published, and the platform knows it already.
    #[error("the platform knows this placement already; changes are told by themselves")]
    AlreadyPublished,
    /// It was to be changed, and the platform does not know it.
    #[error("the platform does not know this placement; publish it first")]
    NotPublished,
    /// The platform cannot be called.
    #[error("the app has no secret, so its platform cannot be called")]
    AppHasNoSecret,
    /// The platform would not take the terms.
    #[error("some values are not acceptable to the platform")]
    Invalid(Vec<Problem>),
    /// An earlier publication was given up without anybody knowing whether it took effect.
    #[error("{delivery} was given up; look at it, then replay or cancel it")]
    GivenUp {
        /// The one to look at.
        delivery: DeliveryId,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// What the platform has to know of a placement beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing yet: it is to be published.
    No,
    /// That it is there: it is to be changed.
    Yes,
}

/// A placement of which its platform can be told, locked behind its template.
pub(super) async fn lock_to_tell(
    conn: &mut PgConnection,
    id: PlacementId,
    known: Known,
    lint: Lint,
) -> Result<Placement, TellPlatformError> {
    let found = store::placement::find(conn, id).await?;
    let template = found.ok_or(TellPlatformError::NoSuchPlacement)?.template;
    let template = store::template::lock(conn, template).await?;
    let template = template.ok_or(TellPlatformError::NoSuchPlacement)?;
    let placement = store::placement::lock(conn, id).await?;
    let placement = placement.ok_or(TellPlatformError::NoSuchPlacement)?;
    if !placement.platform.keeps_a_wallet() {
        return Err(TellPlatformError::NoWallet);
    }
    if placement.state == PlacementState::Withdrawn {
        return Err(TellPlatformError::Withdrawn);
    }
    match (known, &placement.platform_ref) {
        (Known::No, Some(_)) => return Err(TellPlatformError::AlreadyPublished),
        (Known::Yes, None) => return Err(TellPlatformError::NotPublished),
        (Known::No, None) | (Known::Yes, Some(_)) => {}
    }
    if !store::published::get(conn, id).await?.is_connected {
        return Err(TellPlatformError::AppHasNoSecret);
    }
    lint(placement.platform, &template.terms).map_err(TellPlatformError::Invalid)?;
    Ok(placement)
}
