//! Deliveries as operators look through them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    delivery::{DeliveryKind, DeliveryState},
    id::{AppId, CouponId, DeliveryId, PlacementId},
};

/// One delivery, without what it sends.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Ours.
    pub id: DeliveryId,
    /// Whose account at the platform is used.
    pub app: AppId,
    /// What is owed.
    pub kind: DeliveryKind,
    /// Where it is in its life.
    pub state: DeliveryState,
    /// The coupon that it is about, if it is about one.
    pub coupon: Option<CouponId>,
    /// Whose id at the platform the call needs.
    pub placement: Option<PlacementId>,
    /// What the platform knows it by: the record, the name of the addition.
    pub identity: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Whether an attempt may have taken effect although we never heard so.
    pub doubt: bool,
    /// Whether it counts as done because the platform says that it was done before.
    pub presumed: bool,
    /// When it is tried next, if it is to be tried.
    pub due_at: DateTime<Utc>,
    /// When it was owed.
    pub created_at: DateTime<Utc>,
    /// When it was done, given up or died.
    pub settled_at: Option<DateTime<Utc>>,
    /// Why the last attempt did not settle it.
    pub note: Option<String>,
}

/// Which deliveries are asked for; `None` does not filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// To this app only.
    pub app: Option<AppId>,
    /// In this state only.
    pub state: Option<DeliveryState>,
    /// Of this kind only.
    pub kind: Option<DeliveryKind>,
    /// About this placement only, or about coupons of it.
    pub placement: Option<PlacementId>,
    /// About this coupon only.
    pub coupon: Option<CouponId>,
    /// Owed at this moment or later.
    pub created_since: Option<DateTime<Utc>>,
    /// Settled at this moment or later.
    pub settled_since: Option<DateTime<Utc>>,
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    filter: Filter,
    before: Option<DeliveryId>,
    limit: i64,
) -> sqlx::Result<Vec<Delivery>> {
    read(conn, None, filter, before, limit).await
}

/// One delivery.
pub async fn find(conn: &mut PgConnection, id: DeliveryId) -> sqlx::Result<Option<Delivery>> {
    let rows = read(conn, Some(id), Filter::default(), None, 1).await?;
    Ok(rows.into_iter().next())
}

async fn read(
    conn: &mut PgConnection,
    id: Option<DeliveryId>,
    filter: Filter,
    before: Option<DeliveryId>,
    limit: i64,
) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        select delivery_id as "id: DeliveryId", app_id as "app: AppId", kind as "kind: DeliveryKind",
            state as "state: DeliveryState",
            case when kind in ('sync', 'write_off') then subject_id end as "coupon: CouponId",
            placement_id as "placement: PlacementId", identity, attempts, doubt, presumed, due_at,
            created_at, settled_at, note
        from delivery
        where ($1::uuid is null or delivery_id = $1)
            and ($2::uuid is null or app_id = $2)
            and ($3::text is null or state = $3)
            and ($4::text is null or kind = $4)
            and ($5::uuid is null or placement_id = $5)
            and ($6::uuid is null or (subject_id = $6 and kind in ('sync', 'write_off')))
            and ($7::timestamptz is null or created_at >= $7)
            and ($8::timestamptz is null or settled_at >= $8)
            -- Ids sort by the moment they were made, so these two find the place in their index.
            and ($9::uuid is null or delivery_id < $9)
            and ($11::uuid is null or delivery_id >= $11)
        order by delivery_id desc
        limit $10
        "#,
        id as _,
        filter.app as _,
        filter.state as _,
        filter.kind as _,
        filter.placement as _,
        filter.coupon as _,
        filter.created_since,
        filter.settled_since,
        before as _,
        limit,
        filter.created_since.map(DeliveryId::first_at) as _,
    )
    .fetch_all(conn)
    .await
}
