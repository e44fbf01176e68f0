//! What `kaquan bench` needs to know of deliveries, and how it owes many at once.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    domain::id::{AppId, PlacementId},
    store::issuing::OfferKey,
};

/// Makes the app one that can be called, as fast as it goes.
pub async fn connect_app(
    conn: &mut PgConnection,
    app: AppId,
    app_key: &str,
    settings: &Value,
    secret_sealed: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with connected as (
            update app
            set app_key = $2, settings = $3, secret_sealed = $4, version = version + 1
            where app_id = $1
        )
        insert into channel (app_id, calls_per_second, burst, tokens, refilled_at)
        values ($1, 1000000, 1000000, 1000000, now())
        on conflict (app_id) do update
        set calls_per_second = 1000000, burst = 1000000, tokens = 1000000
        "#,
        app as _,
        app_key,
        settings,
        secret_sealed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives the placement its id at the platform, and a stock for claims.
pub async fn name_on_platform(
    conn: &mut PgConnection,
    placement: PlacementId,
    platform_ref: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with stocked as (
            insert into stock (placement_id, way, total) values ($1, 'claim', 1000000000)
            on conflict do nothing
        )
        update placement
        set platform_ref = $2, tells_claims = true
        where placement_id = $1
        "#,
        placement as _,
        platform_ref,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Coupons with a sync owed for each, under names that begin so.
pub async fn owe(
    conn: &mut PgConnection,
    app: AppId,
    offer: OfferKey,
    name: &str,
    count: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with person as materialized (
            select gen_random_uuid() as id, number from generate_series(1, $5::bigint) as number
        ),
        people as (
            insert into holder (holder_id, app_id, open_id, created_at)
            select id, $1, 'bench-' || $4::text || '-' || number, $6
            from person
        ),
        given as (
            insert into coupon (
                coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
                record, way, code, valid_from, valid_until, issued_at
            )
            select
                gen_random_uuid(), $2, $3, 1, $1, id, id, 1,
                $4 || '-' || number, 'claim', upper($4) || '-' || number, $6::timestamptz,
                $6::timestamptz + interval '7 days', $6
            from person
            returning coupon_id, record
        )
        insert into delivery (delivery_id, app_id, kind, subject_id, placement_id, identity, due_at, created_at)
        select gen_random_uuid(), $1, 'sync', coupon_id, $2, record, $6, $6
        from given
        "#,
        app as _,
        offer.placement as _,
        offer.template as _,
        name,
        count,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Pauses the app's channel, or lets it go.
pub async fn set_paused(conn: &mut PgConnection, app: AppId, paused: bool) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with changed as (
            update channel
            set paused_at = case when $2 then clock_timestamp() end
            where app_id = $1
            returning app_id
        )
        select pg_notify('kaquan_delivery', '') from changed
        "#,
        app as _,
        paused,
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Failures in a row.
pub async fn failures(conn: &mut PgConnection, app: AppId) -> sqlx::Result<i32> {
    sqlx::query_scalar!("select failures from channel where app_id = $1", app as _)
        .fetch_one(conn)
        .await
}

/// Whether anything is still owed.
pub async fn owed(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (select from delivery where state = 'pending')
            or exists (select from delivery where state = 'leased') as "owed!"
        "#
    )
    .fetch_one(conn)
    .await
}

/// How many are being tried.
pub async fn leased(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from delivery where state = 'leased'"#)
        .fetch_one(conn)
        .await
}

/// The database's time.
pub async fn now(conn: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(conn).await
}

/// The first attempt since then, and the last settlement.
pub async fn span_since(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> sqlx::Result<(DateTime<Utc>, DateTime<Utc>)> {
    let row = sqlx::query!(
        r#"
        select
            coalesce((select min(started_at) from attempt where started_at >= $1), $1) as "first!",
            coalesce((select max(settled_at) from delivery), $1) as "last!"
        "#,
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.first, row.last))
}

/// When workers took over what a dead one had held.
pub async fn list_rescues_since(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        select started_at
        from attempt
        where outcome = 'unknown' and started_at >= $1 and answer is null and duration_ms = 0
        "#,
        since,
    )
    .fetch_all(conn)
    .await
}
