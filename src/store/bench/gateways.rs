//! What the bench of the merchant protocols puts into its database.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::domain::{
    id::{AppId, PlacementId, TemplateId},
    number::TemplateNumber,
};

/// One hot template on an app of the merchant's own, with stock for ever; its number.
pub async fn plant_shop(
    conn: &mut PgConnection,
    app: AppId,
    (template, placement): (TemplateId, PlacementId),
    terms: &Value,
    now: DateTime<Utc>,
) -> sqlx::Result<TemplateNumber> {
    sqlx::query_scalar!(
        r#"
        with new_app as (
            insert into app (app_id, platform, app_key, name, created_at, updated_at)
            values ($1, 'own', 'shop', 'shop', $5, $5)
        ),
        new_terms as (
            insert into template_terms (template_id, version, document, created_at)
            values ($2, 1, $4, $5)
        ),
        new_placement as (
            insert into placement (placement_id, template_id, app_id, created_at, updated_at)
            values ($3, $2, $1, $5, $5)
        ),
        new_stock as (
            insert into stock (placement_id, way, total)
            values ($3, 'claim', 1000000000), ($3, 'take', 0)
        ),
        new_addition as (
            insert into stock_addition (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
            values (gen_random_uuid(), $1, $3, 'claim', 'bench', 1000000000, 'bench', $5)
        )
        insert into template (template_id, version, state, created_at, updated_at)
        values ($2, 1, 'active', $5, $5)
        returning number as "number: TemplateNumber"
        "#,
        app as _,
        template as _,
        placement as _,
        terms,
        now,
    )
    .fetch_one(conn)
    .await
}

/// So many members, whose uids are the numbers behind `after`.
pub async fn plant_members(
    conn: &mut PgConnection,
    after: i64,
    count: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into member (member_id, uid, created_at)
        select uuid_v7($3), number::text, $3
        from generate_series($1::bigint + 1, $1 + $2) as number
        "#,
        after,
        count,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
