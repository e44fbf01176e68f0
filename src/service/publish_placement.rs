//! Owes a platform a placement: from then on its users can take coupons there.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{
        delivery::{DeliveryKind, DeliveryState},
        id::{DeliveryId, PlacementId},
        placement::PlacementState,
        problem::Problem,
        terms::Lint,
    },
    store::{
        self,
        delivery::{open::Open, owe::Owed},
    },
};

/// Why nothing is owed.
#[derive(Debug, thiserror::Error)]
pub enum PublishPlacementError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// Its platform keeps no wallet, so there is nothing to publish to.
    #[error("the platform of this placement keeps no coupons")]
    NoWallet,
    /// It was withdrawn.
    #[error("a placement that is withdrawn cannot be published")]
    Withdrawn,
    /// The platform knows it already.
    #[error("the platform knows this placement already; changes are told by themselves")]
    AlreadyPublished,
    /// The platform cannot be called.
    #[error("the app has no secret, so its platform cannot be called")]
    AppHasNoSecret,
    /// The platform would not take the terms.
    #[error("some values are not acceptable to the platform")]
    Invalid(Vec<Problem>),
    /// An earlier attempt was given up without anybody knowing whether it took effect.
    #[error("{delivery} was given up; look at it, then replay or cancel it")]
    GivenUp {
        /// The one to look at.
        delivery: DeliveryId,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Owes the publication. A second one while the first is on its way is the first.
pub async fn publish_placement(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
    lint: Lint,
) -> Result<Open, PublishPlacementError> {
    let mut tx = db.begin().await?;

    let found = store::placement::find(&mut tx, id).await?;
    let template = found.ok_or(PublishPlacementError::NoSuchPlacement)?.template;
    let template = store::template::lock(&mut tx, template).await?;
    let template = template.ok_or(PublishPlacementError::NoSuchPlacement)?;
    let placement = store::placement::lock(&mut tx, id).await?;
    let placement = placement.ok_or(PublishPlacementError::NoSuchPlacement)?;
    if !placement.platform.keeps_a_wallet() {
        return Err(PublishPlacementError::NoWallet);
    }
    if placement.state == PlacementState::Withdrawn {
        return Err(PublishPlacementError::Withdrawn);
    }
    if placement.platform_ref.is_some() {
        return Err(PublishPlacementError::AlreadyPublished);
    }
    if !store::published::get(&mut tx, id).await?.is_connected {
        return Err(PublishPlacementError::AppHasNoSecret);
    }
    lint(placement.platform, &template.terms).map_err(PublishPlacementError::Invalid)?;
    for earlier in store::delivery::open::list_unsettled(&mut tx, &[id.uuid()]).await? {
        let publishes = matches!(earlier.kind, DeliveryKind::Publish | DeliveryKind::Import);
        let is_dead = earlier.state == DeliveryState::Dead;
        if publishes && !is_dead {
            return Ok(earlier);
        }
        if publishes && earlier.doubt {
            return Err(PublishPlacementError::GivenUp { delivery: earlier.id });
        }
        if is_dead {
            // A clear "no" left nothing behind, and would keep the next one waiting.
            store::delivery::cancel::mark_cancelled(&mut tx, now, earlier.id).await?;
        }
    }
    let owed = Owed::publish(now, placement.app, id);
    store::delivery::owe::owe(&mut tx, now, &owed).await?;
    let open = store::delivery::open::get(&mut tx, owed.id).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %id, delivery.id = %open.id, "publication owed");
    Ok(open)
}
