//! What placements may still issue.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{id::PlacementId, stock::Way};

/// The stock of a placement and way.
#[derive(Debug, Clone)]
pub struct Stock {
    /// Whose.
    pub placement: PlacementId,
    /// Who hands it out.
    pub way: Way,
    /// How many may be issued in all.
    pub total: i64,
    /// How many were.
    pub issued: i64,
}

/// An empty stock for each of these ways.
pub async fn insert_empty(
    conn: &mut PgConnection,
    placement: PlacementId,
    ways: &[Way],
) -> sqlx::Result<()> {
    let ways: Vec<_> = ways.iter().map(|way| way.as_str().to_owned()).collect();
    sqlx::query!(
        r#"
        insert into stock (placement_id, way)
        select $1, way from unnest($2::text[]) as w (way)
        "#,
        placement as _,
        &ways,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes the total; breaks `stock_never_oversold` when it would fall below what was issued.
pub async fn add(
    conn: &mut PgConnection,
    placement: PlacementId,
    way: Way,
    amount: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update stock
        set total = total + $3
        where placement_id = $1 and way = $2
        "#,
        placement as _,
        way as _,
        amount,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The stocks of some placements, in key order.
pub async fn list(conn: &mut PgConnection, placements: &[PlacementId]) -> sqlx::Result<Vec<Stock>> {
    let placements: Vec<Uuid> = placements.iter().map(|placement| placement.uuid()).collect();
    sqlx::query_as!(
        Stock,
        r#"
        select placement_id as "placement: PlacementId", way as "way: Way", total, issued
        from stock
        where placement_id = any($1)
        order by placement_id, way
        "#,
        &placements,
    )
    .fetch_all(conn)
    .await
}
