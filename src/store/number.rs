//! The whole numbers of templates and coupons.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    id::{CouponId, TemplateId},
    number::{CouponNumber, TemplateNumber},
};

/// The numbers of each coupon and of its template, in the order asked; a coupon that nobody has asked for has none yet.
pub async fn list(
    conn: &mut PgConnection,
    coupons: &[(CouponId, TemplateId)],
) -> sqlx::Result<Vec<(Option<CouponNumber>, TemplateNumber)>> {
    let ids: Vec<Uuid> = coupons.iter().map(|(coupon, _)| coupon.uuid()).collect();
    let templates: Vec<Uuid> = coupons.iter().map(|(_, template)| template.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            known.number as "number?: CouponNumber",
            template.number as "template!: TemplateNumber"
        -- The lists are hidden from the planner: if it knew their lengths it would make a new plan each time.
        from unnest((select $1::uuid[]), (select $2::uuid[])) with ordinality
            as asked (coupon_id, template_id, place)
        cross join lateral (
            select t.number
            from template t
            where t.template_id = asked.template_id
            offset 0
        ) as template
        left join lateral (
            select n.number
            from coupon_number n
            where n.coupon_id = asked.coupon_id
            offset 0
        ) as known on true
        order by asked.place
        "#,
        &ids,
        &templates,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, row.template)).collect())
}

/// Gives numbers to coupons that have none, in their order.
pub async fn give(conn: &mut PgConnection, coupons: &[CouponId]) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
    sqlx::query!(
        r#"
        insert into coupon_number (coupon_id)
        select coupon_id
        from unnest($1::uuid[]) as fresh (coupon_id)
        -- Whoever shows the same coupons at the same moment inserts them in the same order.
        order by coupon_id
        on conflict (coupon_id) do nothing
        "#,
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The coupon of this number.
pub async fn find_coupon(
    conn: &mut PgConnection,
    number: CouponNumber,
) -> sqlx::Result<Option<CouponId>> {
    sqlx::query_scalar!(
        r#"select coupon_id as "id: CouponId" from coupon_number where number = $1"#,
        number as _,
    )
    .fetch_optional(conn)
    .await
}
