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
    sqlx::query_as!(
        CouponFinding,
        r#"
        with rule as materialized (
            select *
            from jsonb_to_recordset($1) as rule (
                template_id uuid, version integer,
                claim_from timestamptz, claim_until timestamptz, per_person_limit bigint,
                fixed_from timestamptz, fixed_until timestamptz, first_day integer, end_day integer
            )
        ),
        judged as (
            select
                coupon.coupon_id,
                terms.template_id is null
                    or placement.placement_id is null
                    or holder.holder_id is null
                    or coupon.person_id <> holder.holder_id
                        and coupon.person_id is distinct from holder.member_id as dangling,
                coupon.ordinal > rule.per_person_limit as above_limit,
                coupon.issued_at < rule.claim_from
                    or rule.claim_until <= coupon.issued_at as outside_window,
                coupon.valid_from <> coalesce(
                    rule.fixed_from,
                    case when rule.first_day = 0 then coupon.issued_at end,
                    today.midnight + make_interval(hours => 24 * rule.first_day)
                ) or coupon.valid_until <> coalesce(
                    rule.fixed_until,
                    today.midnight + make_interval(hours => 24 * rule.end_day)
                ) as wrong_validity,
                $2::timestamptz + interval '5 seconds' < coupon.issued_at
                    or coupon.valid_until <= coupon.valid_from as strange_times
            from coupon
            left join template_terms as terms
                on terms.template_id = coupon.template_id and terms.version = coupon.terms_version
            left join rule
                on rule.template_id = coupon.template_id and rule.version = coupon.terms_version
            -- The template and the app stand twice, in the coupon and in its placement, and must agree.
            left join placement
                on placement.placement_id = coupon.placement_id
                and placement.template_id = coupon.template_id
                and placement.app_id = coupon.app_id
            left join holder
                on holder.holder_id = coupon.holder_id and holder.app_id = coupon.app_id
            -- Days are counted in China, whose days have had 24 hours since 1991.
            cross join lateral (
                select date_trunc('day', coupon.issued_at, 'Asia/Shanghai') as midnight
            ) as today
        ),
        listed as (
            select
                finding.fault,
                judged.coupon_id,
                count(*) over (partition by finding.fault) as total,
                row_number() over (partition by finding.fault order by judged.coupon_id) as place
            from judged
            cross join lateral (
                values
                    ('dangling', dangling),
                    ('above_limit', above_limit),
                    ('outside_window', outside_window),
                    ('wrong_validity', wrong_validity),
                    ('strange_times', strange_times)
            ) as finding (fault, found)
            -- Said first, so that only what is wrong is taken apart.
            where (dangling or above_limit or outside_window or wrong_validity or strange_times)
                and finding.found
        )
        select
            fault as "fault!: CouponFault",
            coupon_id as "coupon!: CouponId",
            total as "total!"
        from listed
        where place <= $3
        order by fault, coupon_id
        "#,
        Json(rules) as _,
        now,
        most,
    )
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
