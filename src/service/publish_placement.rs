//! Owes a platform a placement: from then on its users can take coupons there.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::telling::{Telling, TellingError, lock_to_tell};
use crate::{
    domain::{
        delivery::{DeliveryKind, DeliveryState},
        foresight::Lint,
        id::PlacementId,
    },
    store::{
        self,
        delivery::{open::Open, owe::Owed},
    },
};

/// Owes the publication. A second one while the first is on its way is the first.
pub async fn publish_placement(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
    lint: Lint,
) -> Result<Open, TellingError> {
    let mut tx = store::begin(db).await?;

    let (placement, _) = lock_to_tell(&mut tx, id, Telling::Publish, lint).await?;
    for earlier in store::delivery::open::list_unsettled(&mut tx, &[id.uuid()]).await? {
        let publishes = matches!(earlier.kind, DeliveryKind::Publish | DeliveryKind::Import);
        let is_dead = earlier.state == DeliveryState::Dead;
        if publishes && !is_dead {
            return Ok(earlier);
        }
        if publishes && earlier.doubt {
            return Err(TellingError::GivenUp { delivery: earlier.id });
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
