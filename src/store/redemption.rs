//! Uses of coupons.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::{CouponId, RedemptionId};

/// One use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// Ours.
    pub id: RedemptionId,
    /// Of what.
    pub coupon: CouponId,
    /// The merchant's order.
    pub order_no: String,
    /// Where, if somebody said.
    pub store: Option<String>,
    /// By whom, if somebody said.
    pub operator: Option<String>,
    /// When.
    pub redeemed_at: DateTime<Utc>,
}

/// Adds a use; breaks `redemption_one_live` where one stands already.
pub async fn insert(conn: &mut PgConnection, redemption: &Redemption) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into redemption (redemption_id, coupon_id, order_no, store, operator, redeemed_at)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        redemption.id as _,
        redemption.coupon as _,
        redemption.order_no,
        redemption.store,
        redemption.operator,
        redemption.redeemed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The use of a coupon that stands; none where it was not used, or its use was undone.
pub async fn find_live(
    conn: &mut PgConnection,
    coupon: CouponId,
) -> sqlx::Result<Option<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"
        select
            redemption_id as "id: RedemptionId",
            coupon_id as "coupon: CouponId",
            order_no,
            store,
            operator,
            redeemed_at
        from redemption
        where coupon_id = $1 and reversed_at is null
        "#,
        coupon as _,
    )
    .fetch_optional(conn)
    .await
}
