//! What people at work asked for, and what came of it: written down before and after.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    domain::{
        event::{Cause, EventKind},
        id::EventId,
    },
    store::{self, event::Event},
};

/// A request as history has it: never its body, which may hold a secret.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asks, and with which request.
    pub cause: Cause,
    /// In capitals.
    pub method: String,
    /// With variable parts in braces.
    pub route: String,
    /// Those of the variable parts that are ids of ours, by name.
    pub ids: Vec<(String, String)>,
}

/// Writes down that somebody asks, before anything is done.
pub async fn note_asked(db: &PgPool, now: DateTime<Utc>, asked: &Asked) -> sqlx::Result<()> {
    let ids: serde_json::Map<_, _> =
        asked.ids.iter().map(|(name, id)| (name.clone(), json!(id))).collect();
    let data = json!({ "method": asked.method, "route": asked.route, "ids": ids });
    append(db, now, &asked.cause, EventKind::OperatorAsked, data).await
}

/// Writes down what came of it.
pub async fn note_answered(
    db: &PgPool,
    now: DateTime<Utc>,
    asked: &Asked,
    status: u16,
) -> sqlx::Result<()> {
    let data = json!({ "method": asked.method, "route": asked.route, "status": status });
    append(db, now, &asked.cause, EventKind::OperatorAnswered, data).await
}

async fn append(
    db: &PgPool,
    now: DateTime<Utc>,
    cause: &Cause,
    kind: EventKind,
    data: serde_json::Value,
) -> sqlx::Result<()> {
    let event = Event {
        id: EventId::new(now),
        kind,
        coupon: None,
        template: None,
        app: None,
        actor: cause.actor,
        request: cause.request.clone(),
        data,
        occurred_at: now,
    };
    store::event::append(&mut *db.acquire().await?, &event).await
}
