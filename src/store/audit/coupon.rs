//! Coupons held against their terms, their neighbours and their records.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::{CouponFault, CouponFinding, terms::Rule};
use crate::domain::id::{CouponId, PersonId, TemplateId};

/// A person whose coupons of a template are not numbered 1, 2, 3, ….
#[derive(Debug, Clone)]
pub struct Misnumbered {
    /// The template that is counted.
    pub template: TemplateId,
    /// The person whose coupons are counted.
    pub person: PersonId,
    /// How many there are.
    pub coupons: i64,
    /// The highest number among them.
    pub highest: i32,
    /// How many persons are misnumbered, listed or not.
    pub total: i64,
}

/// How many coupons there are.
pub async fn count(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from coupon"#).fetch_one(conn).await
}

/// Everything that one look at a coupon and at what it names can tell: one scan for five promises.
///
/// Coupons whose terms are not among the `rules` are judged by the rest only.
pub async fn list_faulty(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    rules: &[Rule],
    most: i64,
) -> sqlx::Result<Vec<CouponFinding>> {
    sqlx::query_file_as!(
        CouponFinding,
        "src/store/sql/list_faulty_coupons.sql",
        Json(rules) as _,
        now,
        most,
    )
    .fetch_all(conn)
    .await
}

/// Coupons that do not agree with their locks, their history or the lines of their uses.
pub async fn list_faulty_lives(
    conn: &mut PgConnection,
    most: i64,
) -> sqlx::Result<Vec<CouponFinding>> {
    sqlx::query_file_as!(CouponFinding, "src/store/sql/list_faulty_lives.sql", most)
        .fetch_all(conn)
        .await
}

/// Persons whose coupons of a template are not numbered from one without gaps or repetitions.
pub async fn list_misnumbered(
    conn: &mut PgConnection,
    most: i64,
) -> sqlx::Result<Vec<Misnumbered>> {
    sqlx::query_as!(
        Misnumbered,
        r#"
        select
            template_id as "template: TemplateId",
            person_id as "person: PersonId",
            count(*) as "coupons!",
            max(ordinal) as "highest!",
            count(*) over () as "total!"
        from coupon
        group by template_id, person_id
        having min(ordinal) <> 1
            or max(ordinal) <> count(*)
            -- A gap and a repetition can make up for each other in the count. Each number has a bit of its own, which
            -- shows them; numbers above 62 share the last one, and the sum speaks for them. Sorting would take twice as long.
            or bit_or(1::bigint << least(ordinal - 1, 62))
                <> (1::bigint << least(count(*), 62)::integer) - 1
                    + case when count(*) > 62 then 1::bigint << 62 else 0 end
            or sum(ordinal) <> count(*) * (count(*) + 1) / 2
        order by template_id, person_id
        limit $1
        "#,
        most,
    )
    .fetch_all(conn)
    .await
}

/// Coupons that share their record with another coupon or with a refusal.
pub async fn list_with_shared_record(
    conn: &mut PgConnection,
    most: i64,
) -> sqlx::Result<Vec<CouponFinding>> {
    sqlx::query_as!(
        CouponFinding,
        r#"
        with shared as materialized (
            select
                app_id,
                record,
                count(*) filter (where issued) as coupons,
                count(*) filter (where not issued) as refusals
            from (
                select app_id, record, true as issued
                from coupon
                union all
                select app_id, record, false
                from refusal
            ) as answer
            group by app_id, record
            having count(*) > 1
        ),
        listed as (
            select
                finding.fault,
                coupon.coupon_id,
                count(*) over (partition by finding.fault) as total,
                row_number() over (partition by finding.fault order by coupon.coupon_id) as place
            from shared
            join coupon using (app_id, record)
            cross join lateral (
                values ('record_repeated', coupons > 1), ('record_refused', refusals > 0)
            ) as finding (fault, found)
            where finding.found
        )
        select
            fault as "fault!: CouponFault",
            coupon_id as "coupon!: CouponId",
            total as "total!"
        from listed
        where place <= $1
        order by fault, coupon_id
        "#,
        most,
    )
    .fetch_all(conn)
    .await
}
