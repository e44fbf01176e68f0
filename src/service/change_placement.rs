//! Changes the platform's id or the settings of a placement, pauses it, resumes it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::{push_placement_update::owe_update, telling::foresee};
use crate::{
    domain::{
        delivery::DeliveryKind,
        foresight::{Foresight, Lint, Run},
        id::PlacementId,
        placement::PlacementState,
        problem::Problem,
    },
    store::{self, delivery::open::Open, placement::Placement, violates},
};

/// What to change.
#[derive(Debug)]
pub enum PlacementChange {
    /// Give it the platform's id, checked where it is understood, or take it away; or give it other settings.
    Edit {
        /// The version that the editor saw.
        version: i32,
        /// The platform's id; `None` leaves it as it is.
        platform_ref: Option<Option<String>>,
        /// What only its platform's room understands, checked there; `None` leaves it as it is.
        settings: Option<Value>,
        /// What the platform says of that, where it shows the placement already.
        lint: Lint,
        /// Whether it is only asked what would come of it.
        run: Run,
    },
    /// Move it along its life.
    State(PlacementState),
}

/// A placement after its change, and what its platform makes of that.
#[derive(Debug)]
pub struct ChangedPlacement {
    /// As it is now, or would be.
    pub placement: Placement,
    /// What its platform will say.
    pub foreseen: Foresight,
    /// What its platform is owed for it.
    pub open: Option<Open>,
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
    /// Of what stands there under its id, people have some already.
    #[error(
        "这个平台编号的券已有人领取，不能更改或去掉；请撤回后用新的投放 · people have taken what stands there under this \
         id, so it can be neither changed nor removed; withdraw the placement and place another"
    )]
    CardsAreOut,
    /// The platform would not take the settings.
    #[error("some values are not acceptable to the platform")]
    Invalid(Vec<Problem>),
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

/// Changes a placement; every server then reads its routes again. A change that changes nothing is none. Of other settings
/// the platform is told, and what its reviewers will look at anew is told here.
pub async fn change_placement(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
    change: PlacementChange,
) -> Result<ChangedPlacement, ChangePlacementError> {
    let lint = match &change {
        PlacementChange::Edit { lint, settings: Some(_), .. } => Some(*lint),
        PlacementChange::Edit { .. } | PlacementChange::State(_) => None,
    };
    let is_dry = matches!(change, PlacementChange::Edit { run: Run::Dry, .. });
    let mut tx = store::begin(db).await?;

    if lint.is_some() {
        // Before its placements, as everybody locks them.
        let found = store::placement::find(&mut tx, id).await?;
        let found = found.ok_or(ChangePlacementError::NoSuchPlacement)?;
        store::template::lock(&mut tx, found.template).await?;
    }
    let lock = store::placement::lock(&mut tx, id).await?;
    let mut placement = lock.ok_or(ChangePlacementError::NoSuchPlacement)?;
    let before = placement.platform_ref.clone();
    if !apply(&mut placement, change)? {
        return Ok(ChangedPlacement { placement, foreseen: Foresight::default(), open: None });
    }
    placement.version += 1;
    placement.updated_at = now;
    if let Some(before) = &before
        && placement.platform_ref.as_ref() != Some(before)
        && placement.platform.gives_by_itself()
    {
        leave(&mut tx, now, &placement, before).await?;
    }
    store::placement::update(&mut tx, &placement).await?;
    if placement.platform_ref != before {
        store::published::forget(&mut tx, id).await?;
    }
    let newly_known = placement.platform_ref.is_some() && placement.platform_ref != before;
    if newly_known {
        // What the platform knows is not to be published, and a publication that was given up holds nothing back any more.
        store::delivery::owe::cancel_open(&mut tx, now, id, &[DeliveryKind::Publish]).await?;
        store::delivery::owe::arm_waiting(&mut tx, now, id).await?;
    }
    store::route::mark_changed(&mut tx).await?;
    let (foreseen, open) = match lint {
        Some(lint) => tell_platform(&mut tx, now, &placement, lint).await?,
        None => (Foresight::default(), None),
    };

    if is_dry {
        tx.rollback().await?;
        return Ok(ChangedPlacement { placement, foreseen, open: None });
    }
    tx.commit().await?;
    tracing::info!(placement.id = %id, state = ?placement.state, "placement changed");
    Ok(ChangedPlacement { placement, foreseen, open })
}

/// What a platform that hands coupons out itself knew by the id of before is the placement's no longer.
async fn leave(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: &Placement,
    before: &str,
) -> Result<(), ChangePlacementError> {
    if store::card::any_of(conn, placement.app, before).await? {
        return Err(ChangePlacementError::CardsAreOut);
    }
    // Whoever writes down another id has looked what is there; publishing tells all there is.
    store::delivery::owe::cancel_stock(conn, now, placement.id).await?;
    Ok(())
}

/// Owes the platform the new settings, where it was told the old ones.
async fn tell_platform(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: &Placement,
    lint: Lint,
) -> Result<(Foresight, Option<Open>), ChangePlacementError> {
    let published = store::published::get(conn, placement.id).await?;
    let stands = placement.platform_ref.is_some() && placement.state != PlacementState::Withdrawn;
    let template = store::template::find(conn, placement.template).await?;
    let (true, Some(_), Some(counted)) = (stands, published.version, template) else {
        return Ok((Foresight::default(), None));
    };
    let terms = &counted.template.terms;
    let foreseen = foresee(conn, placement, &published, terms, lint).await?;
    let foreseen = foreseen.map_err(ChangePlacementError::Invalid)?;
    if !foreseen.untellable.is_empty() {
        return Err(ChangePlacementError::Invalid(foreseen.untellable));
    }
    let open = owe_update(conn, now, placement).await?;
    Ok((foreseen, Some(open)))
}

/// Whether anything is different now.
fn apply(placement: &mut Placement, change: PlacementChange) -> Result<bool, ChangePlacementError> {
    match change {
        PlacementChange::Edit { version, .. } if version != placement.version => {
            Err(ChangePlacementError::VersionConflict { now_at: placement.version })
        }
        PlacementChange::Edit { platform_ref, settings, .. } => {
            let before = (placement.platform_ref.clone(), placement.settings.clone());
            placement.platform_ref = platform_ref.unwrap_or_else(|| before.0.clone());
            placement.settings = settings.unwrap_or_else(|| before.1.clone());
            Ok((&placement.platform_ref, &placement.settings) != (&before.0, &before.1))
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
