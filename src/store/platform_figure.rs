//! What the platform counted, as last pulled, and our own figures to hold against it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::domain::{
    id::{AppId, CouponId, PlacementId},
    reconciliation::Counted,
};

/// Our statement, so that a test can look at its plan.
pub const COUNT: &str = include_str!("sql/count_by_placement.sql");

/// One template on one day, as the platform counted.
#[derive(Debug, Clone)]
pub struct PlatformFigure {
    /// The platform's id of the template.
    pub platform_ref: String,
    /// In China.
    pub day: NaiveDate,
    /// How often it was seen, and by how many.
    pub views: (i64, i64),
    /// How often it was taken, and by how many.
    pub takes: (i64, i64),
    /// Takers among those who saw it.
    pub get_rate: f64,
    /// How often it was used, and by how many.
    pub uses: (i64, i64),
    /// Users among those who took it.
    pub use_rate: f64,
    /// What was left; `None` where the platform does not say.
    pub stock: Option<i64>,
}

/// Keeps what the platform counted, in place of what was known of those days.
pub async fn store(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    figures: &[PlatformFigure],
) -> sqlx::Result<()> {
    let all = |pick: fn(&PlatformFigure) -> i64| figures.iter().map(pick).collect::<Vec<_>>();
    let refs: Vec<_> = figures.iter().map(|figure| figure.platform_ref.clone()).collect();
    let days: Vec<_> = figures.iter().map(|figure| figure.day).collect();
    let get_rates: Vec<_> = figures.iter().map(|figure| figure.get_rate).collect();
    let use_rates: Vec<_> = figures.iter().map(|figure| figure.use_rate).collect();
    sqlx::query!(
        r#"
        insert into platform_figure (
            app_id, platform_ref, day, view_pv, view_uv, get_pv, get_uv, get_rate, use_pv, use_uv, use_rate,
            stock, pulled_at
        )
        select $1, f.platform_ref, f.day, f.view_pv, f.view_uv, f.get_pv, f.get_uv, f.get_rate, f.use_pv,
            f.use_uv, f.use_rate, f.stock, $2
        from unnest(
            $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::float8[],
            $10::bigint[], $11::bigint[], $12::float8[], $13::bigint[]
        ) as f (
            platform_ref, day, view_pv, view_uv, get_pv, get_uv, get_rate, use_pv, use_uv, use_rate, stock
        )
        on conflict on constraint platform_figure_once do update
        set view_pv = excluded.view_pv, view_uv = excluded.view_uv, get_pv = excluded.get_pv,
            get_uv = excluded.get_uv, get_rate = excluded.get_rate, use_pv = excluded.use_pv,
            use_uv = excluded.use_uv, use_rate = excluded.use_rate, stock = excluded.stock,
            pulled_at = excluded.pulled_at
        "#,
        app as _,
        now,
        &refs,
        &days,
        &all(|figure| figure.views.0),
        &all(|figure| figure.views.1),
        &all(|figure| figure.takes.0),
        &all(|figure| figure.takes.1),
        &get_rates,
        &all(|figure| figure.uses.0),
        &all(|figure| figure.uses.1),
        &use_rates,
        &figures.iter().map(|figure| figure.stock).collect::<Vec<_>>() as &[Option<i64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets the statements of this transaction take their time: a day of a great merchant has many rows to count.
pub async fn take_time(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        select
            set_config('statement_timeout', '120s', true) as patience,
            -- Compiling takes longer than these statements do.
            set_config('jit', 'off', true) as jit
        "#
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// What we did between two moments, placement by placement. Reads the coupons and deliveries of that time only.
pub async fn count(
    conn: &mut PgConnection,
    app: AppId,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Vec<(PlacementId, Counted)>> {
    // The server that made an id may have had another time than the one it was issued at.
    let astray = TimeDelta::hours(1);
    let (first, last) = (CouponId::first_at(since - astray), CouponId::first_at(until + astray));
    let rows = sqlx::query_file!(
        "src/store/sql/count_by_placement.sql",
        app as _,
        since,
        until,
        first as _,
        last as _,
    )
    .fetch_all(conn)
    .await?;
    let counted = rows.into_iter().map(|row| {
        let counted = Counted {
            takes: row.takes,
            gifts: row.gifts,
            doubtful_takes: row.doubtful_takes,
            synced: row.synced,
            syncs_in_doubt: row.syncs_in_doubt,
            written_off: row.written_off,
            write_offs_in_doubt: row.write_offs_in_doubt,
            write_offs_owed: row.write_offs_owed,
            write_offs_dead: row.write_offs_dead,
            added: row.added,
        };
        (row.placement, counted)
    });
    Ok(counted.collect())
}
