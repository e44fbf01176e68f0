//! Stock recounted: from coupons, and from the additions that made it.

use sqlx::PgConnection;

use crate::domain::{id::PlacementId, stock::Way};

/// A stock that disagrees with its coupons or its additions; a missing row counts as zeros.
#[derive(Debug, Clone)]
pub struct Recount {
    /// Where the stock stands.
    pub placement: PlacementId,
    /// Who hands it out.
    pub way: Way,
    /// What the stock says it may issue.
    pub total: i64,
    /// What the stock says it has issued.
    pub issued: i64,
    /// How many coupons there are.
    pub coupons: i64,
    /// The sum of its additions.
    pub added: i64,
}

/// All stocks whose figures disagree; few, since there is one for each placement and way.
pub async fn list_disagreeing(conn: &mut PgConnection) -> sqlx::Result<Vec<Recount>> {
    sqlx::query_as!(
        Recount,
        r#"
        with counted as (
            select placement_id, way, count(*) as coupons
            from coupon
            group by placement_id, way
        ),
        summed as (
            select placement_id, way, sum(amount)::bigint as added
            from stock_addition
            group by placement_id, way
        ),
        figures as (
            select
                placement_id,
                way,
                coalesce(total, 0) as total,
                coalesce(issued, 0) as issued,
                coalesce(coupons, 0) as coupons,
                coalesce(added, 0) as added
            from stock
            full join counted using (placement_id, way)
            full join summed using (placement_id, way)
        )
        select
            placement_id as "placement!: PlacementId",
            way as "way!: Way",
            total as "total!",
            issued as "issued!",
            coupons as "coupons!",
            added as "added!"
        from figures
        where coupons > total or issued <> coupons or total <> added
        order by placement_id, way
        "#,
    )
    .fetch_all(conn)
    .await
}
