//! Named changes of stock, each applied once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    id::{AdditionId, AppId, PlacementId},
    stock::Way,
};

/// One named change.
#[derive(Debug, Clone)]
pub struct StockAddition {
    /// Ours.
    pub id: AdditionId,
    /// On whose app the name counts.
    pub app: AppId,
    /// What was changed.
    pub placement: PlacementId,
    /// Which of its stocks.
    pub way: Way,
    /// The caller's name of it, unique on the app.
    pub name: String,
    /// Negative when stock was taken back.
    pub amount: i64,
    /// The name of the API key.
    pub added_by: String,
    /// When.
    pub added_at: DateTime<Utc>,
}

/// Adds the row; `false` when the app has one of this name already, even one whose transaction had to be waited for.
pub async fn insert_once(conn: &mut PgConnection, addition: &StockAddition) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into stock_addition
            (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict on constraint stock_addition_name_once do nothing
        "#,
        addition.id as _,
        addition.app as _,
        addition.placement as _,
        addition.way as _,
        addition.name,
        addition.amount,
        addition.added_by,
        addition.added_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The addition of this name.
pub async fn get_by_name(
    conn: &mut PgConnection,
    app: AppId,
    name: &str,
) -> sqlx::Result<StockAddition> {
    sqlx::query_as!(
        StockAddition,
        r#"
        select addition_id as "id: AdditionId", app_id as "app: AppId",
            placement_id as "placement: PlacementId", way as "way: Way", name, amount, added_by, added_at
        from stock_addition
        where app_id = $1 and name = $2
        "#,
        app as _,
        name,
    )
    .fetch_one(conn)
    .await
}

/// How many may still be taken, and all additions that are in it, as they are at one moment.
pub async fn read_offer(
    conn: &mut PgConnection,
    placement: PlacementId,
) -> sqlx::Result<(i64, Vec<AdditionId>)> {
    let row = sqlx::query!(
        r#"
        select total - issued as "left!",
            array(
                select addition_id
                from stock_addition
                where placement_id = $1 and way = 'take'
            ) as "additions!: Vec<Uuid>"
        from stock
        where placement_id = $1 and way = 'take'
        "#,
        placement as _,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.left, row.additions.into_iter().map(AdditionId::from).collect()))
}

/// The names of those that are not among `known`, in the order in which they were made; what was added of our own accord is
/// none of them.
pub async fn list_other(
    conn: &mut PgConnection,
    placement: PlacementId,
    known: &[AdditionId],
) -> sqlx::Result<Vec<String>> {
    let known: Vec<Uuid> = known.iter().map(|id| id.uuid()).collect();
    sqlx::query_scalar!(
        r#"
        select name
        from stock_addition
        where placement_id = $1 and way = 'take' and addition_id <> all($2)
            and name not like 'beyond/%' and name not like 'refused/%'
        order by addition_id
        "#,
        placement as _,
        &known,
    )
    .fetch_all(conn)
    .await
}

/// By how much the stock has grown by itself since an addition was made. Locks the stock.
pub async fn grown_since(conn: &mut PgConnection, addition: &StockAddition) -> sqlx::Result<i64> {
    let (placement, way) = (addition.placement, addition.way);
    sqlx::query!(
        r#"
        select total
        from stock
        where placement_id = $1 and way = $2
        -- Whoever makes it grow is waited for, and seen below.
        for no key update
        "#,
        placement as _,
        way as _,
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query_scalar!(
        r#"
        select coalesce(sum(amount), 0)::bigint as "grown!"
        from stock_addition
        where placement_id = $1 and way = $2 and addition_id > $3
            and name like 'beyond/%' and added_by = 'kaquan'
        "#,
        placement as _,
        way as _,
        addition.id as _,
    )
    .fetch_one(conn)
    .await
}

/// The addition of this name, if there is one.
pub async fn find_by_name(
    conn: &mut PgConnection,
    app: AppId,
    name: &str,
) -> sqlx::Result<Option<StockAddition>> {
    sqlx::query_as!(
        StockAddition,
        r#"
        select addition_id as "id: AdditionId", app_id as "app: AppId",
            placement_id as "placement: PlacementId", way as "way: Way", name, amount, added_by, added_at
        from stock_addition
        where app_id = $1 and name = $2
        "#,
        app as _,
        name,
    )
    .fetch_optional(conn)
    .await
}

/// One addition.
pub async fn find(conn: &mut PgConnection, id: AdditionId) -> sqlx::Result<Option<StockAddition>> {
    sqlx::query_as!(
        StockAddition,
        r#"
        select addition_id as "id: AdditionId", app_id as "app: AppId",
            placement_id as "placement: PlacementId", way as "way: Way", name, amount, added_by, added_at
        from stock_addition
        where addition_id = $1
        "#,
        id as _,
    )
    .fetch_optional(conn)
    .await
}

/// Newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    placement: PlacementId,
    before: Option<AdditionId>,
    limit: i64,
) -> sqlx::Result<Vec<StockAddition>> {
    sqlx::query_as!(
        StockAddition,
        r#"
        select addition_id as "id: AdditionId", app_id as "app: AppId",
            placement_id as "placement: PlacementId", way as "way: Way", name, amount, added_by, added_at
        from stock_addition
        where placement_id = $1 and ($2::uuid is null or addition_id < $2)
        order by addition_id desc
        limit $3
        "#,
        placement as _,
        before as _,
        limit,
    )
    .fetch_all(conn)
    .await
}
