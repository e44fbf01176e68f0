//! What attempts need on any platform: the rows they are about, and what one remembers for the next.

use chrono::TimeDelta;
use serde::Serialize;
use sqlx::PgConnection;

use crate::{
    delivery::{
        Inner,
        attempt::{Held, Said},
    },
    domain::{
        delivery::{DeliveryKind, Outcome},
        id::PlacementId,
        placement::PlacementState,
    },
    store::{self, placement::Placement},
};

/// How long what a person has to mend is left alone before another look.
pub(super) const SOON: TimeDelta = TimeDelta::minutes(1);

/// The placement that a delivery is about.
pub(super) async fn placement_of(inner: &Inner, held: &Held) -> Result<Placement, Said> {
    let id = held.delivery.placement.unwrap_or_else(|| PlacementId::from(held.delivery.subject));
    let mut conn = inner.db.acquire().await?;
    let placement = store::placement::find(&mut conn, id).await?;
    placement.ok_or_else(|| Said::unheard(Outcome::Refused, "投放已不存在 · the placement is gone"))
}

/// The platform's id of the placement, as we keep it.
pub(super) fn platform_ref_of(held: &Held) -> Result<&str, Said> {
    held.delivery.platform_ref.as_deref().ok_or_else(|| {
        // Somebody has taken it away, to write down another.
        let note = "投放暂时没有平台编号 · the placement has no id on the platform for now";
        Said::unheard(Outcome::NotYet { after: Some(SOON) }, note)
    })
}

/// What is to be told of a coupon that is not there any more.
pub(super) fn coupon_gone() -> Said {
    Said::unheard(Outcome::Refused, "券已不存在 · the coupon is gone")
}

/// Whether a placement of the app has this id already.
pub(super) async fn is_bound(inner: &Inner, held: &Held, platform_ref: &str) -> Result<bool, Said> {
    let mut conn = inner.db.acquire().await?;
    let bound = store::placement::find_by_platform_ref(&mut conn, held.app, platform_ref).await?;
    Ok(bound.is_some())
}

/// Keeps what the next attempt must know of this one.
pub(super) async fn remember<M: Serialize + Sync>(
    inner: &Inner,
    held: &Held,
    memory: &M,
) -> Result<(), Said> {
    let payload = serde_json::to_value(memory).map_err(|error| {
        Said::unheard(Outcome::Refused, format!("无法记录 · cannot be written down: {error}"))
    })?;
    let Held { delivery, .. } = held;
    let mut conn = inner.db.acquire().await?;
    let ours = store::delivery::open::remember(&mut conn, delivery.id, delivery.fence, &payload);
    if ours.await? {
        return Ok(());
    }
    Err(Said::unheard(
        Outcome::NotYet { after: None },
        "别的进程已接手 · others took this delivery over",
    ))
}

impl From<sqlx::Error> for Said {
    fn from(error: sqlx::Error) -> Self {
        let note = format!("数据库出错 · the database failed: {error}");
        Self::unheard(Outcome::NotYet { after: None }, note)
    }
}

/// What does not stand there need not be taken off.
pub(super) async fn cancel_withdrawal(
    conn: &mut PgConnection,
    inner: &Inner,
    placement: &Placement,
) -> anyhow::Result<()> {
    if placement.state == PlacementState::Withdrawn {
        let moot = [DeliveryKind::Publish, DeliveryKind::Withdraw];
        let now = inner.clock.now();
        store::delivery::owe::cancel_open(conn, now, placement.id, &moot).await?;
        store::delivery::owe::cancel_waiting(conn, now, placement.id).await?;
    }
    Ok(())
}
