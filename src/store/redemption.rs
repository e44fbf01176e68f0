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
    /// What the matched goods cost, and the sending that was free; none where no cart was shown.
    pub amount_fen: Option<i64>,
    /// What was taken off; none where no cart was shown.
    pub discount_fen: Option<i64>,
    /// When it was undone; none while it stands.
    pub reversed_at: Option<DateTime<Utc>>,
    /// The lines of the cart that matched.
    pub lines: Vec<RedemptionLine>,
}

/// One line of the cart of a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedemptionLine {
    /// As counted by the caller, from 1.
    pub line: i32,
    /// Of what.
    pub goods_id: String,
    /// How many.
    pub quantity: i32,
    /// What they cost together.
    pub amount_fen: i64,
    /// Their share of what was taken off.
    pub discount_fen: i64,
    /// When they were given back.
    pub given_back_at: Option<DateTime<Utc>>,
}

/// One use with its lines.
pub async fn find(conn: &mut PgConnection, id: RedemptionId) -> sqlx::Result<Option<Redemption>> {
    let found = sqlx::query!(
        r#"
        select
            coupon_id as "coupon: CouponId",
            order_no,
            store,
            operator,
            redeemed_at,
            amount_fen,
            discount_fen,
            reversed_at
        from redemption
        where redemption_id = $1
        "#,
        id as _,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let lines = list_lines(conn, id).await?;
    Ok(Some(Redemption {
        id,
        coupon: row.coupon,
        order_no: row.order_no,
        store: row.store,
        operator: row.operator,
        redeemed_at: row.redeemed_at,
        amount_fen: row.amount_fen,
        discount_fen: row.discount_fen,
        reversed_at: row.reversed_at,
        lines,
    }))
}

/// The use of a coupon that stands; none where it was not used, or its use was undone.
pub async fn find_live(
    conn: &mut PgConnection,
    coupon: CouponId,
) -> sqlx::Result<Option<Redemption>> {
    let id = sqlx::query_scalar!(
        r#"
        select redemption_id as "id: RedemptionId"
        from redemption
        where coupon_id = $1 and reversed_at is null
        "#,
        coupon as _,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match id {
        Some(id) => find(conn, id).await,
        None => Ok(None),
    }
}

/// The lines of a use, in their order.
pub async fn list_lines(
    conn: &mut PgConnection,
    id: RedemptionId,
) -> sqlx::Result<Vec<RedemptionLine>> {
    sqlx::query_as!(
        RedemptionLine,
        r#"
        select line, goods_id, quantity, amount_fen, discount_fen, given_back_at
        from redemption_line
        where redemption_id = $1
        order by line
        "#,
        id as _,
    )
    .fetch_all(conn)
    .await
}

/// Whether the coupon was used, and each use of it was undone.
pub async fn is_given_back(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select coalesce(bool_and(reversed_at is not null), false) as "is_back!"
        from redemption
        where coupon_id = $1
        "#,
        coupon as _,
    )
    .fetch_one(conn)
    .await
}

/// Whether the platform of the coupon shows it as used, or may do so: it was told of a use, or has told us of one.
pub async fn is_shown(conn: &mut PgConnection, coupon: CouponId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select
            exists (
                select
                from delivery
                where subject_id = $1
                    and kind = 'write_off'
                    and (doubt or state not in ('waiting', 'pending', 'cancelled'))
            )
            or exists (
                select
                from redemption
                where coupon_id = $1 and order_no = 'card/' || coupon_id
            ) as "is_shown!"
        "#,
        coupon as _,
    )
    .fetch_one(conn)
    .await
}
