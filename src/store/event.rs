//! History: written once, never changed. What follows from an event (daily sums, webhooks) a trigger writes with it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::{
    access::Actor,
    event::EventKind,
    id::{AppId, CouponId, EventId, TemplateId},
};

/// Something that happened.
#[derive(Debug)]
pub struct Event {
    /// Ours; webhooks carry it.
    pub id: EventId,
    /// What.
    pub kind: EventKind,
    /// To which coupon.
    pub coupon: Option<CouponId>,
    /// Of which template.
    pub template: Option<TemplateId>,
    /// On which app.
    pub app: Option<AppId>,
    /// Who did it.
    pub actor: Actor,
    /// The request that made it happen.
    pub request: Option<String>,
    /// What anybody who is told of it is told; never a secret, a code or an open id.
    pub data: Value,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Adds an event, with all that follows from it.
pub async fn append(conn: &mut PgConnection, event: &Event) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into event (
            event_id, kind, coupon_id, template_id, app_id, actor, request_id, data, occurred_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        event.id as _,
        event.kind.as_str(),
        event.coupon as _,
        event.template as _,
        event.app as _,
        event.actor.to_string(),
        event.request.as_deref(),
        event.data,
        event.occurred_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Something that happened, as it is shown.
#[derive(Debug)]
pub struct Happened {
    /// Ours.
    pub id: EventId,
    /// What.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// The request that made it happen.
    pub request: Option<String>,
    /// What anybody who is told of it is told.
    pub data: Value,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// What happened to a coupon, oldest first; at most a thousand.
pub async fn list_of_coupon(
    conn: &mut PgConnection,
    coupon: CouponId,
) -> sqlx::Result<Vec<Happened>> {
    sqlx::query_as!(
        Happened,
        r#"
        select event_id as "id: EventId", kind, actor, request_id as request, data, occurred_at
        from event
        where coupon_id = $1
        -- Ids of one millisecond are in no order.
        order by position
        limit 1000
        "#,
        coupon as _,
    )
    .fetch_all(conn)
    .await
}
