//! Codes that a platform is given to hand out.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    code::CouponCode,
    id::{AdditionId, PlacementId, TemplateId},
};

/// How far the codes of an addition have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Those that the platform is still to be given.
    pub chosen: i64,
    /// Those that it has.
    pub deposited: i64,
    /// Those that it does not take.
    pub refused: i64,
}

/// How many codes an addition has.
pub async fn count(conn: &mut PgConnection, addition: AdditionId) -> sqlx::Result<Progress> {
    sqlx::query_as!(
        Progress,
        r#"
        select
            count(*) filter (where state = 'chosen') as "chosen!",
            count(*) filter (where state = 'deposited') as "deposited!",
            count(*) filter (where state = 'refused') as "refused!"
        from deposited_code
        where addition_id = $1
        "#,
        addition as _,
    )
    .fetch_one(conn)
    .await
}

/// Chooses up to `most` uploaded codes of up to `longest` characters that nobody has; how many there were.
pub async fn choose_uploaded(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    template: TemplateId,
    (placement, addition): (PlacementId, AdditionId),
    (most, longest): (i64, i32),
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with free as (
            select code_id
            from code
            where template_id = $1 and state = 'free' and length(value) <= $6
            order by code_id
            limit $4
            -- Whoever holds one of these rows is about to use it or to remove it.
            for update skip locked
        ),
        taken as (
            update code
            set state = 'taken'
            from free
            where code.code_id = free.code_id
            returning code.code_id, code.value
        ),
        chosen as (
            insert into deposited_code (placement_id, value, code_id, addition_id, chosen_at)
            select $2, value, code_id, $3, $5 from taken
            returning value
        )
        select count(*) as "chosen!" from chosen
        "#,
        template as _,
        placement as _,
        addition as _,
        most,
        now,
        longest,
    )
    .fetch_one(conn)
    .await
}

/// Chooses those of these codes that nobody has; how many that were.
pub async fn choose_new(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (placement, addition): (PlacementId, AdditionId),
    codes: &[CouponCode],
) -> sqlx::Result<u64> {
    let values: Vec<&str> = codes.iter().map(CouponCode::as_str).collect();
    let done = sqlx::query!(
        r#"
        insert into deposited_code (placement_id, value, addition_id, chosen_at)
        select $1, value, $2, $3
        from unnest($4::text[]) as new (value)
        where not exists (select from coupon where coupon.code = new.value)
          and not exists (select from code where code.value = new.value)
        on conflict do nothing
        "#,
        placement as _,
        addition as _,
        now,
        &values as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Some codes of an addition that the platform is still to be given.
pub async fn list_chosen(
    conn: &mut PgConnection,
    addition: AdditionId,
    limit: i64,
) -> sqlx::Result<Vec<CouponCode>> {
    sqlx::query_scalar!(
        r#"
        select value as "value: CouponCode"
        from deposited_code
        where addition_id = $1 and state = 'chosen'
        order by value
        limit $2
        "#,
        addition as _,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The platform has them.
pub async fn mark_deposited(
    conn: &mut PgConnection,
    placement: PlacementId,
    values: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update deposited_code
        set state = 'deposited'
        where placement_id = $1 and value = any($2)
        "#,
        placement as _,
        values,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The platform does not take them, whenever it is asked.
pub async fn mark_refused(
    conn: &mut PgConnection,
    placement: PlacementId,
    values: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update deposited_code
        set state = 'refused'
        where placement_id = $1 and value = any($2) and state = 'chosen'
        "#,
        placement as _,
        values,
    )
    .execute(conn)
    .await?;
    Ok(())
}
