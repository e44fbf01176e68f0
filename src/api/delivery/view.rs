//! Deliveries as they are shown: what was sent stays out of it, for it holds codes and open ids.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        delivery::{AttemptOutcome, DeliveryKind, DeliveryState},
        id::{AppId, CouponId, DeliveryId, PlacementId},
    },
    store::delivery::{
        list::Delivery,
        show::{Attempt, Blocker},
    },
};

/// A delivery as it stands in a list.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryView {
    id: DeliveryId,
    app_id: AppId,
    kind: DeliveryKind,
    state: DeliveryState,
    coupon_id: Option<CouponId>,
    placement_id: Option<PlacementId>,
    identity: String,
    attempt_count: i32,
    in_doubt: bool,
    presumed: bool,
    due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
    note: Option<String>,
}

/// A delivery with all that is known about it.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryDetailView {
    #[serde(flatten)]
    delivery: DeliveryView,
    held_back_by: Option<BlockerView>,
    attempts: Vec<AttemptView>,
}

#[derive(Serialize, JsonSchema)]
struct BlockerView {
    id: DeliveryId,
    kind: DeliveryKind,
    state: DeliveryState,
}

#[derive(Serialize, JsonSchema)]
struct AttemptView {
    number: i32,
    started_at: DateTime<Utc>,
    duration_ms: i32,
    outcome: AttemptOutcome,
    answer: Option<String>,
    note: Option<String>,
}

/// How many were replayed.
#[derive(Serialize, JsonSchema)]
pub struct ReplaysView {
    /// They are due now.
    pub replayed: i64,
}

impl DeliveryDetailView {
    /// All that is known.
    pub fn new(delivery: Delivery, blocker: Option<Blocker>, attempts: Vec<Attempt>) -> Self {
        Self {
            delivery: delivery.into(),
            held_back_by: blocker.map(BlockerView::from),
            attempts: attempts.into_iter().map(AttemptView::from).collect(),
        }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            app_id: delivery.app,
            kind: delivery.kind,
            state: delivery.state,
            coupon_id: delivery.coupon,
            placement_id: delivery.placement,
            identity: delivery.identity,
            attempt_count: delivery.attempts,
            in_doubt: delivery.doubt,
            presumed: delivery.presumed,
            // For the others it is the past.
            due_at: (delivery.state == DeliveryState::Pending).then_some(delivery.due_at),
            created_at: delivery.created_at,
            settled_at: delivery.settled_at,
            note: delivery.note,
        }
    }
}

impl From<Blocker> for BlockerView {
    fn from(Blocker { id, kind, state }: Blocker) -> Self {
        Self { id, kind, state }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let Attempt { number, started_at, duration_ms, outcome, answer, note } = attempt;
        Self { number, started_at, duration_ms, outcome, answer, note }
    }
}
