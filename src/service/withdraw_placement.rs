//! Withdraws a placement: nothing more is issued from it, at once, and its platform is told to take it off.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{delivery::DeliveryKind, id::PlacementId, placement::PlacementState},
    store::{
        self,
        delivery::{open::Open, owe::Owed},
        placement::Placement,
    },
};

/// Why a placement was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawPlacementError {
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// What no platform needs to hear of a placement that it is about to take off.
const POINTLESS: [DeliveryKind; 4] = [
    DeliveryKind::Update,
    DeliveryKind::AddStock,
    DeliveryKind::CreateBanner,
    DeliveryKind::DeleteBanner,
];

/// Withdraws for good; answers with what its platform is owed now, if anything. A second time changes nothing.
pub async fn withdraw_placement(
    db: &PgPool,
    now: DateTime<Utc>,
    id: PlacementId,
) -> Result<Option<Open>, WithdrawPlacementError> {
    let mut tx = store::begin(db).await?;

    let lock = store::placement::lock(&mut tx, id).await?;
    let mut placement = lock.ok_or(WithdrawPlacementError::NoSuchPlacement)?;
    if placement.state == PlacementState::Withdrawn {
        let unsettled = store::delivery::open::list_unsettled(&mut tx, &[id.uuid()]).await?;
        return Ok(unsettled.into_iter().find(|owed| owed.kind == DeliveryKind::Withdraw));
    }
    placement.state = PlacementState::Withdrawn;
    placement.version += 1;
    placement.updated_at = now;
    store::placement::update(&mut tx, &placement).await?;
    store::route::mark_changed(&mut tx).await?;
    store::delivery::owe::cancel_open(&mut tx, now, id, &POINTLESS).await?;
    store::banner::remove_unsent(&mut tx, now, id).await?;
    let may_come = !cancel_publication(&mut tx, now, id).await?;
    let open = if placement.platform_ref.is_some() || may_come {
        owe_withdrawal(&mut tx, now, &placement).await?
    } else {
        store::delivery::owe::cancel_waiting(&mut tx, now, id).await?;
        None
    };

    tx.commit().await?;
    tracing::info!(placement.id = %id, "placement withdrawn");
    Ok(open)
}

/// Whether no publication is on its way any more. One that a worker holds, or of which nobody knows what it has done, is
/// left to find out; the withdrawal then waits for it.
async fn cancel_publication(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    id: PlacementId,
) -> sqlx::Result<bool> {
    let mut all_gone = true;
    for earlier in store::delivery::open::list_unsettled(conn, &[id.uuid()]).await? {
        if earlier.kind == DeliveryKind::Publish {
            let gone = !earlier.doubt
                && store::delivery::cancel::mark_cancelled(conn, now, earlier.id).await?;
            all_gone &= gone;
        }
    }
    Ok(all_gone)
}

async fn owe_withdrawal(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    placement: &Placement,
) -> sqlx::Result<Option<Open>> {
    if !placement.platform.keeps_a_wallet() {
        return Ok(None);
    }
    let owed = Owed::withdraw(now, placement.app, placement.id);
    store::delivery::owe::owe(conn, now, &owed).await?;
    store::delivery::open::get(conn, owed.id).await.map(Some)
}
