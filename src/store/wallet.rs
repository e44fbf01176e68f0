//! Coupons as the wallet of their platform should show them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    code::CouponCode,
    coupon::CouponState,
    id::{AppId, CouponId},
    people::Record,
    stock::Way,
};

/// A coupon with all that its holder sees on the platform. The holder's open id is personal data.
#[derive(Clone)]
pub struct WalletCoupon {
    /// Ours.
    pub id: CouponId,
    /// The act of claiming.
    pub record: Record,
    /// Who gave it out.
    pub way: Way,
    /// Whose it is, as the app knows them.
    pub open_id: String,
    /// The platform's id of the placement; `None` while it knows none.
    pub platform_ref: Option<String>,
    /// What the holder shows.
    pub code: CouponCode,
    /// Where it is in its life.
    pub state: CouponState,
    /// The first moment of use.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which it is over.
    pub valid_until: DateTime<Utc>,
}

/// So many coupons of the app, in the order of their ids, behind `after`.
pub async fn list(
    conn: &mut PgConnection,
    app: AppId,
    after: Option<CouponId>,
    limit: i64,
) -> sqlx::Result<Vec<WalletCoupon>> {
    sqlx::query_as!(
        WalletCoupon,
        r#"
        select
            coupon.coupon_id as "id: CouponId",
            coupon.record as "record: Record",
            coupon.way as "way: Way",
            holder.open_id,
            placement.platform_ref as "platform_ref?",
            coupon.code as "code: CouponCode",
            coupon.state as "state: CouponState",
            coupon.valid_from,
            coupon.valid_until
        from coupon
        join holder on holder.holder_id = coupon.holder_id
        join placement on placement.placement_id = coupon.placement_id
        where coupon.app_id = $1
            and ($2::uuid is null or coupon.coupon_id > $2)
        order by coupon.coupon_id
        limit $3
        "#,
        app as _,
        after as _,
        limit,
    )
    .fetch_all(conn)
    .await
}
