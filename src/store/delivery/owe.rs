//! Owing: the row that is written in the transaction of its cause.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    delivery::DeliveryKind,
    id::{AppId, CouponId, DeliveryId, PlacementId},
    people::Record,
};

/// Something that is to be owed.
#[derive(Debug)]
pub struct Owed {
    /// Ours.
    pub id: DeliveryId,
    /// Whose account at the platform is used.
    pub app: AppId,
    /// What.
    pub kind: DeliveryKind,
    /// What is told in order: a coupon, a placement, a banner, an addition.
    pub subject: Uuid,
    /// Whose id at the platform the call needs.
    pub placement: Option<PlacementId>,
    /// Unique for its kind on the app; owed twice, it is owed once.
    pub identity: String,
    /// What cannot be read from the rows of the subject; never a secret, a code or an open id.
    pub payload: Value,
}

impl Owed {
    /// A coupon is to appear in its holder's wallet on the platform.
    pub fn sync(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        coupon: CouponId,
        record: &Record,
    ) -> Self {
        Self::about_coupon(DeliveryKind::Sync, now, app, placement, coupon, record)
    }

    /// The platform is to hear that a coupon was used.
    pub fn write_off(
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        coupon: CouponId,
        record: &Record,
    ) -> Self {
        Self::about_coupon(DeliveryKind::WriteOff, now, app, placement, coupon, record)
    }

    fn about_coupon(
        kind: DeliveryKind,
        now: DateTime<Utc>,
        app: AppId,
        placement: PlacementId,
        coupon: CouponId,
        record: &Record,
    ) -> Self {
        Self {
            id: DeliveryId::new(now),
            app,
            kind,
            subject: coupon.uuid(),
            placement: Some(placement),
            identity: record.as_str().to_owned(),
            payload: Value::Object(serde_json::Map::new()),
        }
    }
}

/// Owes something from now on; `false` when it was owed before, which changes nothing.
pub async fn owe(conn: &mut PgConnection, now: DateTime<Utc>, owed: &Owed) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        r#"
        insert into delivery (
            delivery_id, app_id, kind, subject_id, placement_id, identity, payload, state, due_at, created_at
        )
        select
            $1, $2, $3, $4, $5::uuid, $6, $7,
            case when $8 and placed.platform_ref is null then 'waiting' else 'pending' end,
            $9, $9
        from (values (0)) as always
        left join lateral (
            select platform_ref
            from placement
            where placement_id = $5
            -- While the platform's id is being written, what is owed must not miss it.
            for share
        ) as placed on true
        on conflict on constraint delivery_one_per_identity do nothing
        "#,
        owed.id as _,
        owed.app as _,
        owed.kind as _,
        owed.subject,
        owed.placement as _,
        owed.identity,
        owed.payload,
        owed.kind.needs_the_placement_there(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() > 0)
}
