//! The same fields as in the admin API.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    domain::{channel::Standing, delivery::DeliveryState},
    store::{
        channel::Channel,
        delivery::{
            list::Delivery,
            show::{Attempt, Blocker},
        },
    },
};

pub(super) fn delivery(delivery: &Delivery) -> Value {
    let is_pending = delivery.state == DeliveryState::Pending;
    json!({
        "id": delivery.id,
        "app_id": delivery.app,
        "kind": delivery.kind,
        "state": delivery.state,
        "coupon_id": delivery.coupon,
        "placement_id": delivery.placement,
        "identity": delivery.identity,
        "attempt_count": delivery.attempts,
        "in_doubt": delivery.doubt,
        "presumed": delivery.presumed,
        "due_at": is_pending.then_some(delivery.due_at),
        "created_at": delivery.created_at,
        "settled_at": delivery.settled_at,
        "note": delivery.note,
    })
}

pub(super) fn detail(one: &Delivery, blocker: Option<Blocker>, attempts: &[Attempt]) -> Value {
    let mut shown = delivery(one);
    shown["held_back_by"] = blocker.map_or(
        Value::Null,
        |blocker| json!({ "id": blocker.id, "kind": blocker.kind, "state": blocker.state }),
    );
    shown["attempts"] = attempts.iter().map(attempt).collect();
    shown
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "number": attempt.number,
        "started_at": attempt.started_at,
        "duration_ms": attempt.duration_ms,
        "outcome": attempt.outcome,
        "answer": attempt.answer,
        "note": attempt.note,
    })
}

pub(super) fn channel(channel: &Channel, now: DateTime<Utc>) -> Value {
    let (state, until) = match channel.breaker.stands(now) {
        Standing::Closed => ("closed", None),
        Standing::Open { until } => ("open", Some(until)),
        Standing::OnProbation => ("on_probation", None),
    };
    let owed = channel.owed;
    json!({
        "app_id": channel.app,
        "app_key": channel.app_key,
        "name": channel.name,
        "calls_per_second": channel.rate.calls_per_second,
        "burst": channel.rate.burst,
        "tokens": channel.tokens,
        "breaker": { "state": state, "until": until, "failures": channel.breaker.failures },
        "paused": channel.paused.as_ref().map(|pause| {
            json!({ "at": pause.at, "reason": pause.reason })
        }),
        "deliveries": {
            "waiting": owed.waiting,
            "pending": owed.pending,
            "leased": owed.leased,
            "dead": owed.dead,
        },
        "oldest_due_seconds": owed.late(now).map(|late| late.num_seconds()),
    })
}
