//! Owes a platform what has changed of a placement: its terms as people see them, or the address to call.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::telling::{Telling, TellingError, lock_to_tell};
use crate::{
    domain::{
        delivery::{DeliveryKind, DeliveryState},
        foresight::{Foresight, Lint},
        id::PlacementId,
    },
    store::{
        self,
        delivery::{open::Open, owe::Owed},
        placement::Placement,
    },
};

/// Owes an update, whether or not anything has changed; with what the platform's reviewers will look at anew.
pub async fn push_placement_update(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
    lint: Lint,
) -> Result<(Open, Foresight), TellingError> {
    let mut tx = store::begin(db).await?;

    let (placement, foreseen) = lock_to_tell(&mut tx, id, Telling::Update, lint).await?;
    let open = owe_update(&mut tx, now, &placement).await?;

    tx.commit().await?;
    tracing::info!(placement.id = %id, delivery.id = %open.id, "update owed");
    Ok((open, foreseen))
}

/// Owes an update of a placement that the transaction has locked. One that nobody has begun to send does for this change
/// too, because what is sent is what is so when it is sent.
pub async fn owe_update(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: &Placement,
) -> sqlx::Result<Open> {
    let subject = placement.id.uuid();
    for earlier in store::delivery::open::list_unsettled(conn, &[subject]).await? {
        // One that was given up says nothing that the next one does not, and would keep it waiting.
        if earlier.kind == DeliveryKind::Update && earlier.state == DeliveryState::Dead {
            store::delivery::cancel::mark_cancelled(conn, now, earlier.id).await?;
        }
    }
    let unsent = store::delivery::open::lock_unsent(conn, subject, DeliveryKind::Update).await?;
    if let Some(unsent) = unsent {
        return Ok(unsent);
    }
    let owed = Owed::update(now, placement.app, placement.id);
    store::delivery::owe::owe(conn, now, &owed).await?;
    store::delivery::open::get(conn, owed.id).await
}
