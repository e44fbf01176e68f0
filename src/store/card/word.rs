//! What is told of changes that come from a platform.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::change::Told;
use crate::domain::{
    event::EventKind,
    id::{CouponId, EventId, RedemptionId},
};

/// What a use elsewhere is told with.
pub fn told_of_use(coupon: CouponId, redemption: RedemptionId, till: &str) -> Value {
    json!({
        "redemption_id": redemption,
        "order_no": format!("card/{}", coupon.uuid()),
        "operator": till,
        "elsewhere": true,
    })
}

/// Adds to the history of a coupon what its platform did, with these fields besides.
pub async fn tell_of(
    conn: &mut PgConnection,
    told: Told,
    kind: EventKind,
    fields: Value,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut data = Map::new();
    data.insert("coupon_id".to_owned(), json!(told.coupon));
    data.insert("template_id".to_owned(), json!(told.template));
    data.insert("placement_id".to_owned(), json!(told.placement));
    data.insert("app_id".to_owned(), json!(told.app));
    data.insert("by".to_owned(), json!("platform"));
    if let Value::Object(fields) = fields {
        data.extend(fields);
    }
    tell(conn, told.coupon, kind.as_str(), &Value::Object(data), at).await
}

/// With all that follows from it; who did it is the platform, for which there is no actor but us.
pub(super) async fn tell(
    conn: &mut PgConnection,
    coupon: CouponId,
    kind: &str,
    data: &Value,
    occurred_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into event (event_id, kind, coupon_id, template_id, app_id, actor, data, occurred_at)
        select $1, $3, coupon_id, template_id, app_id, 'kaquan', $4, $5
        from coupon
        where coupon_id = $2
        "#,
        EventId::new(occurred_at) as _,
        coupon as _,
        kind,
        data,
        occurred_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether people were told of this conflict before.
pub async fn is_told(
    conn: &mut PgConnection,
    coupon: CouponId,
    reason: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from event
            where coupon_id = $1 and kind = 'coupon.conflict' and data ->> 'reason' = $2
        ) as "told!"
        "#,
        coupon as _,
        reason,
    )
    .fetch_one(conn)
    .await
}
