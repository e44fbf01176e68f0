//! What `kaquan bench` puts into its scratch database, and the plain way of writing a claim that it compares with.

pub mod coupons;
pub mod gateways;

mod delivery;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

pub use self::delivery::{
    connect_app, failures, leased, list_rescues_since, name_on_platform, now, owe, owed,
    set_paused, span_since,
};
use super::issuing::batch::NewCoupon;
use crate::domain::id::{AppId, PlacementId, TemplateId};

/// One app for all campaigns of a bench.
pub async fn plant_app(
    conn: &mut PgConnection,
    app: AppId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into app (app_id, platform, app_key, name, created_at, updated_at)
        values ($1, 'baidu', 'bench', 'bench', $2, $2)
        "#,
        app as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many pushes of cards are kept.
pub async fn count_pushes(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from card_push"#).fetch_one(conn).await
}

/// A campaign with stock for ever and a callback address.
#[derive(Debug)]
pub struct NewCampaign {
    /// The template to make.
    pub template: TemplateId,
    /// Its placement.
    pub placement: PlacementId,
    /// The platform's id of the placement.
    pub platform_ref: String,
    /// The hash of its callback token.
    pub token_hash: [u8; 32],
}

/// Plants campaigns on an app, all with the same terms.
pub async fn plant_campaigns(
    conn: &mut PgConnection,
    app: AppId,
    terms: &Value,
    campaigns: &[NewCampaign],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let templates: Vec<_> = campaigns.iter().map(|one| one.template.uuid()).collect();
    let placements: Vec<_> = campaigns.iter().map(|one| one.placement.uuid()).collect();
    let refs: Vec<_> = campaigns.iter().map(|one| one.platform_ref.as_str()).collect();
    let hashes: Vec<_> = campaigns.iter().map(|one| one.token_hash.to_vec()).collect();
    sqlx::query!(
        r#"
        with campaign as (
            select *
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])
                as c (template_id, placement_id, platform_ref, token_hash)
        ),
        new_template as (
            insert into template (template_id, version, state, created_at, updated_at)
            select template_id, 1, 'active', $7, $7
            from campaign
        ),
        new_terms as (
            insert into template_terms (template_id, version, document, created_at)
            select template_id, 1, $6, $7
            from campaign
        ),
        new_placement as (
            insert into placement (placement_id, template_id, app_id, platform_ref, created_at, updated_at)
            select placement_id, template_id, $5, platform_ref, $7, $7
            from campaign
        ),
        new_token as (
            insert into callback_token (token_id, placement_id, secret_hash, created_at)
            select gen_random_uuid(), placement_id, token_hash, $7
            from campaign
        ),
        new_stock as (
            insert into stock (placement_id, way, total)
            select placement_id, 'take', 1000000000
            from campaign
        ),
        new_addition as (
            insert into stock_addition
                (addition_id, app_id, placement_id, way, name, amount, added_by, added_at)
            select gen_random_uuid(), $5, placement_id, 'take', platform_ref, 1000000000, 'bench', $7
            from campaign
        )
        update route_version
        set version = version + 1
        "#,
        &templates,
        &placements,
        &refs as _,
        &hashes,
        app as _,
        terms,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes one claim as a service without an engine does: a transaction of its own, the hot row locked first.
pub async fn write_alone(
    conn: &mut PgConnection,
    coupon: &NewCoupon,
    open_id: &str,
) -> sqlx::Result<()> {
    let now = coupon.coupon.issued_at;
    let mut tx = conn.begin().await?;
    sqlx::query!(
        r#"
        update stock
        set issued = issued + 1
        where placement_id = $1 and way = $2 and issued < total
        "#,
        coupon.offer.placement as _,
        coupon.offer.way.as_str(),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        insert into holder (holder_id, app_id, open_id, created_at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        "#,
        coupon.holder as _,
        coupon.app as _,
        open_id,
        now,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        insert into coupon (
            coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
            record, way, code, valid_from, valid_until, issued_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13)
        "#,
        coupon.coupon.id as _,
        coupon.offer.placement as _,
        coupon.offer.template as _,
        coupon.version,
        coupon.app as _,
        coupon.holder as _,
        coupon.person as _,
        coupon.record.as_str(),
        coupon.offer.way.as_str(),
        coupon.coupon.code.as_str(),
        coupon.coupon.valid_from,
        coupon.coupon.valid_until,
        now,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Fills the coupon table of one campaign with `count` coupons of strangers, counted as they should be.
pub async fn fill(
    conn: &mut PgConnection,
    app: AppId,
    campaign: &NewCampaign,
    count: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut tx = conn.begin().await?;
    sqlx::query!("set local statement_timeout = 0").execute(&mut *tx).await?;
    sqlx::query!(
        r#"
        with stranger as (
            select gen_random_uuid() as id
            from generate_series(1, $1::bigint)
        ),
        met as (
            insert into holder (holder_id, app_id, open_id, created_at)
            select id, $2, 'fill-' || id, $5
            from stranger
        )
        insert into coupon (
            coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
            record, way, code, valid_from, valid_until, issued_at
        )
        select
            gen_random_uuid(), $3, $4, 1, $2, id, id, 1,
            replace(id::text, '-', ''), 'take', upper(replace(id::text, '-', '')), $5, $5 + interval '7 days', $5
        from stranger
        "#,
        count,
        app as _,
        campaign.placement as _,
        campaign.template as _,
        now,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        update stock
        set issued = issued + $2
        where placement_id = $1 and way = 'take'
        "#,
        campaign.placement as _,
        count,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// A scratch database's name that nobody else uses.
pub fn scratch_name() -> String {
    format!("kaquan_bench_{}", Uuid::new_v4().simple())
}

/// Makes the scratch database on a server.
pub async fn create_scratch(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // The name is ours: letters, digits and underscores.
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(conn).await?;
    Ok(())
}

/// Removes the scratch database, whoever may still look at it.
pub async fn drop_scratch(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let statement = format!("drop database if exists {name} with (force)");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(conn).await?;
    Ok(())
}
