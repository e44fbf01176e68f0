//! Cards held against their coupons, and what platforms gave out against what we knew of.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{CouponFault, CouponFinding};
use crate::domain::{
    id::{CouponId, PlacementId},
    stock::Way,
};

/// A code that was promised to one person and is shown by another one's coupon.
#[derive(Debug, Clone)]
pub struct PromisedTwice {
    /// The promise.
    pub claim: Uuid,
    /// How many there are, listed or not.
    pub total: i64,
}

/// A stock that grew by itself in a way in which none does.
#[derive(Debug, Clone)]
pub struct Overgrown {
    /// Where the stock stands.
    pub placement: PlacementId,
    /// Who hands it out.
    pub way: Way,
    /// By how much it grew.
    pub beyond: i64,
    /// What it says it has issued.
    pub issued: i64,
}

/// Coupons that do not agree with their cards, or have none although their platform gives out by itself.
pub async fn list_faulty(conn: &mut PgConnection, most: i64) -> sqlx::Result<Vec<CouponFinding>> {
    sqlx::query_file_as!(CouponFinding, "src/store/sql/list_faulty_cards.sql", most)
        .fetch_all(conn)
        .await
}

/// Promises whose code another promise has too, or a coupon that did not come of it.
pub async fn list_promised_twice(
    conn: &mut PgConnection,
    most: i64,
) -> sqlx::Result<Vec<PromisedTwice>> {
    sqlx::query_as!(
        PromisedTwice,
        r#"
        with promise as (
            select claim_id, code, coupon_id, count(*) over (partition by code) as twins
            from card_claim
            where code is not null
        )
        select promise.claim_id as "claim!", count(*) over () as "total!"
        from promise
        left join coupon on coupon.code = promise.code
        where twins > 1 or coupon.coupon_id <> promise.coupon_id
        order by promise.claim_id
        limit $1
        "#,
        most,
    )
    .fetch_all(conn)
    .await
}

/// Stocks that grew by themselves by less than nothing, or where nobody gives out but us; and stocks of gifts that are not
/// what was given.
pub async fn list_overgrown(conn: &mut PgConnection) -> sqlx::Result<Vec<Overgrown>> {
    sqlx::query_as!(
        Overgrown,
        r#"
        select
            stock.placement_id as "placement!: PlacementId",
            stock.way as "way!: Way",
            coalesce(beyond.amount, 0) as "beyond!",
            stock.issued as "issued!"
        from stock
        join placement on placement.placement_id = stock.placement_id
        join app on app.app_id = placement.app_id
        left join (
            select placement_id, way, sum(amount)::bigint as amount
            from stock_addition
            where name like 'beyond/%' and added_by = 'kaquan'
            group by placement_id, way
        ) as beyond on beyond.placement_id = stock.placement_id and beyond.way = stock.way
        where beyond.amount < 0
            or beyond.amount > 0 and (app.platform <> 'wechat' or stock.way = 'claim')
            or stock.way = 'gift'
                and (stock.total <> stock.issued or coalesce(beyond.amount, 0) <> stock.issued)
        order by stock.placement_id, stock.way
        "#,
    )
    .fetch_all(conn)
    .await
}
