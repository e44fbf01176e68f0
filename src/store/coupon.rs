//! Coupons one by one, after their issue.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    code::CouponCode,
    coupon::CouponState,
    delivery::{DeliveryKind, DeliveryState},
    id::{AppId, CouponId, DeliveryId, PlacementId, TemplateId},
    people::Record,
    stock::Way,
};

/// A coupon that does not change until the transaction ends.
#[derive(Debug, Clone)]
pub struct LockedCoupon {
    /// Ours.
    pub id: CouponId,
    /// Where it was given out.
    pub app: AppId,
    /// What it is one of.
    pub template: TemplateId,
    /// Of what.
    pub placement: PlacementId,
    /// The act of claiming.
    pub record: Record,
    /// Where it is in its life.
    pub state: CouponState,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
    /// Whether the platform keeps a wallet that is told of its use.
    pub tells_claims: bool,
    /// The database's clock, after the lock was had.
    pub database_now: DateTime<Utc>,
}

/// A coupon as people who look after it see it, without its holder.
#[derive(Debug, Clone)]
pub struct Coupon {
    /// Ours.
    pub id: CouponId,
    /// Of which template.
    pub template: TemplateId,
    /// Of which placement.
    pub placement: PlacementId,
    /// The act of claiming.
    pub record: Record,
    /// Who gave it out.
    pub way: Way,
    /// What the holder shows.
    pub code: CouponCode,
    /// Where it is in its life.
    pub state: CouponState,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

/// What a platform is owed about a coupon.
#[derive(Debug, Clone, Copy)]
pub struct OwedAbout {
    /// Ours.
    pub id: DeliveryId,
    /// What.
    pub kind: DeliveryKind,
    /// Where it is in its life.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
}

/// A coupon that a platform gave out.
#[derive(Debug, Clone)]
pub struct TakenCoupon {
    /// Ours.
    pub id: CouponId,
    /// Where.
    pub app: AppId,
    /// Of what.
    pub placement: PlacementId,
    /// The act of taking.
    pub record: Record,
}

/// Keeps the coupon that shows this code from changing until the transaction ends.
pub async fn lock_by_code(
    conn: &mut PgConnection,
    code: &CouponCode,
) -> sqlx::Result<Option<LockedCoupon>> {
    sqlx::query_as!(
        LockedCoupon,
        r#"
        select
            coupon.coupon_id as "id: CouponId",
            coupon.app_id as "app: AppId",
            coupon.template_id as "template: TemplateId",
            coupon.placement_id as "placement: PlacementId",
            coupon.record as "record: Record",
            coupon.state as "state: CouponState",
            coupon.valid_from,
            coupon.valid_until,
            placement.tells_claims,
            clock_timestamp() as "database_now!"
        from (
            select coupon_id, app_id, template_id, placement_id, record, state, valid_from, valid_until
            from coupon
            where code = $1
            -- Of two who use one code at once, the second one waits here, and then sees what the first one did.
            for no key update
        ) as coupon
        join placement on placement.placement_id = coupon.placement_id
        "#,
        code as _,
    )
    .fetch_optional(conn)
    .await
}

/// Marks an issued coupon as used; `false` when it is not issued any more.
pub async fn mark_redeemed(conn: &mut PgConnection, id: CouponId) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        "update coupon set state = 'redeemed' where coupon_id = $1 and state = 'issued'",
        id as _,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// One coupon.
pub async fn find(conn: &mut PgConnection, id: CouponId) -> sqlx::Result<Option<Coupon>> {
    sqlx::query_as!(
        Coupon,
        r#"
        select
            coupon_id as "id: CouponId",
            template_id as "template: TemplateId",
            placement_id as "placement: PlacementId",
            record as "record: Record",
            way as "way: Way",
            code as "code: CouponCode",
            state as "state: CouponState",
            valid_from,
            valid_until,
            issued_at
        from coupon
        where coupon_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// What platforms are owed about a coupon, in the order in which it was owed.
pub async fn list_owed(conn: &mut PgConnection, id: CouponId) -> sqlx::Result<Vec<OwedAbout>> {
    sqlx::query_as!(
        OwedAbout,
        r#"
        select
            delivery_id as "id: DeliveryId",
            kind as "kind: DeliveryKind",
            state as "state: DeliveryState",
            attempts
        from delivery
        where subject_id = $1
        order by position
        "#,
        id as _,
    )
    .fetch_all(conn)
    .await
}

/// Those of the takes that came to a coupon whose platform keeps a wallet, in the order of app and record.
pub async fn list_taken(
    conn: &mut PgConnection,
    takes: &[(AppId, Record)],
) -> sqlx::Result<Vec<TakenCoupon>> {
    let apps: Vec<Uuid> = takes.iter().map(|(app, _)| app.uuid()).collect();
    let records: Vec<&str> = takes.iter().map(|(_, record)| record.as_str()).collect();
    sqlx::query_as!(
        TakenCoupon,
        r#"
        select
            coupon.coupon_id as "id!: CouponId",
            coupon.app_id as "app!: AppId",
            coupon.placement_id as "placement!: PlacementId",
            coupon.record as "record!: Record"
        from unnest($1::uuid[], $2::text[]) as take (app_id, record)
        cross join lateral (
            select c.coupon_id, c.app_id, c.placement_id, c.record
            from coupon c
            where c.app_id = take.app_id and c.record = take.record and c.way = 'take'
            offset 0
        ) coupon
        join placement on placement.placement_id = coupon.placement_id and placement.tells_claims
        order by coupon.app_id, coupon.record
        "#,
        &apps,
        &records as _,
    )
    .fetch_all(conn)
    .await
}
