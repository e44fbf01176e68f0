//! Changes the platform's id of a placement, pauses it, resumes it.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{delivery::DeliveryKind, id::PlacementId, placement::PlacementState},
    store::{self, placement::Placement, violates},
};

/// What to change.
#[derive(Debug)]
pub enum PlacementChange {
    /// Give it the platform's id, checked where it is understood, or take it away.
    PlatformRef {
        /// The version that the editor saw.
        version: i32,
        /// The platform's id.
        platform_ref: Option<String>,
    },
    /// Move it along its life.
    State(PlacementState),
}

/// Why a placement stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangePlacementError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Somebody else was faster.
    #[error("changed in the meantime; it is at version {now_at}")]
    VersionConflict {
        /// The version to look at before trying again.
        now_at: i32,
    },
    /// The platform's id belongs to another placement of the app.
    #[error("the platform's id belongs to another placement of this app")]
    PlatformRefTaken,
    /// There is no way from here to there.
    #[error("a placement that is {from:?} cannot become {to:?}")]
    WrongState {
        /// Where it is.
        from: PlacementState,
        /// Where it was to go.
        to: PlacementState,
    },
    /// The database failed.
    #[error(transparent)]
    Db(sqlx::Error),
}

/// Changes a placement; every server then reads its routes again. A change that changes nothing is none.
pub async fn change_placement(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
    change: PlacementChange,
) -> Result<Placement, ChangePlacementError> {
    let mut tx = db.begin().await?;

    let lock = store::placement::lock(&mut tx, id).await?;
    let mut placement = lock.ok_or(ChangePlacementError::NoSuchPlacement)?;
    let before = placement.platform_ref.clone();
    if !apply(&mut placement, change)? {
        return Ok(placement);
    }
    placement.version += 1;
    placement.updated_at = now;
    store::placement::update(&mut tx, &placement).await?;
    if placement.platform_ref != before {
        store::published::forget(&mut tx, id).await?;
    }
    if placement.platform_ref.is_some() {
        // What the platform knows is not to be published, and a publication that was given up holds nothing back any more.
        store::delivery::owe::cancel_open(&mut tx, now, id, &[DeliveryKind::Publish]).await?;
        store::delivery::owe::arm_waiting(&mut tx, now, id).await?;
    }
    store::route::mark_changed(&mut tx).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %id, state = ?placement.state, "placement changed");
    Ok(placement)
}

/// Whether anything is different now.
fn apply(placement: &mut Placement, change: PlacementChange) -> Result<bool, ChangePlacementError> {
    match change {
        PlacementChange::PlatformRef { version, .. } if version != placement.version => {
            Err(ChangePlacementError::VersionConflict { now_at: placement.version })
        }
        PlacementChange::PlatformRef { platform_ref, .. } => {
            let differs = placement.platform_ref != platform_ref;
            placement.platform_ref = platform_ref;
            Ok(differs)
        }
        PlacementChange::State(next) if !placement.state.may_become(next) => {
            Err(ChangePlacementError::WrongState { from: placement.state, to: next })
        }
        PlacementChange::State(next) => {
            let differs = placement.state != next;
            placement.state = next;
            Ok(differs)
        }
    }
}

impl From<sqlx::Error> for ChangePlacementError {
    fn from(error: sqlx::Error) -> Self {
        if violates(&error, "placement_one_per_platform_ref") {
            Self::PlatformRefTaken
        } else {
            Self::Db(error)
        }
    }
}
