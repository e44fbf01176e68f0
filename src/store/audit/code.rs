//! Codes: each on one coupon, and uploaded ones taken by the coupon that shows them.

use sqlx::{PgConnection, types::Json};

use super::{CouponFault, CouponFinding, terms::Rule};
use crate::domain::id::{CodeId, CouponId};

/// A coupon without its uploaded code, or a taken code without its coupon; exactly one of the two is present.
#[derive(Debug, Clone)]
pub struct Unpaired {
    /// Shows a code that is not a taken one of its template.
    pub coupon: Option<CouponId>,
    /// Taken, and shown by no coupon of its template.
    pub code: Option<CodeId>,
    /// How many there are of both, listed or not.
    pub total: i64,
}

/// Coupons whose code another coupon has too.
///
/// Generated codes may not even look alike, since people read them out and type them in. Uploaded codes are the
/// merchant's own: two that differ only in case, or in O and 0, are two codes.
pub async fn list_repeated(
    conn: &mut PgConnection,
    rules: &[Rule],
    most: i64,
) -> sqlx::Result<Vec<CouponFinding>> {
    sqlx::query_as!(
        CouponFinding,
        r#"
        with rule as materialized (
            select *
            from jsonb_to_recordset($1) as rule (template_id uuid, version integer, uploaded boolean)
        ),
        -- Hashes are smaller than codes; should two codes share one, the next step tells them apart.
        look as materialized (
            select hashtextextended(translate(upper(code collate "C"), 'OIL', '011'), 0) as hash
            from coupon
            group by 1
            having count(*) > 1
        ),
        alike as (
            select
                coupon.coupon_id,
                coupon.code,
                translate(upper(coupon.code collate "C"), 'OIL', '011') as looks,
                -- A platform's own codes look as they do.
                not coalesce(rule.uploaded, false) and giver.app_id is null as generated
            from look
            join coupon
                on hashtextextended(translate(upper(coupon.code collate "C"), 'OIL', '011'), 0) = look.hash
            left join rule
                on rule.template_id = coupon.template_id and rule.version = coupon.terms_version
            left join app as giver on giver.app_id = coupon.app_id and giver.platform = 'wechat'
        ),
        repeated as (
            select coupon_id
            from (
                select
                    coupon_id,
                    generated,
                    count(*) over (partition by code) as twins,
                    count(*) filter (where generated) over (partition by looks) as lookalikes
                from alike
            ) as counted
            where twins > 1 or generated and lookalikes > 1
        )
        select
            'code_repeated' as "fault!: CouponFault",
            coupon_id as "coupon: CouponId",
            count(*) over () as "total!"
        from repeated
        order by coupon_id
        limit $2
        "#,
        Json(rules) as _,
        most,
    )
    .fetch_all(conn)
    .await
}

/// Both sides of "an uploaded code is taken if, and only if, a coupon shows it".
pub async fn list_unpaired(
    conn: &mut PgConnection,
    rules: &[Rule],
    most: i64,
) -> sqlx::Result<Vec<Unpaired>> {
    sqlx::query_as!(
        Unpaired,
        r#"
        with rule as materialized (
            select *
            from jsonb_to_recordset($1) as rule (template_id uuid, version integer, uploaded boolean)
        ),
        shown as (
            select
                coupon.coupon_id,
                coupon.template_id,
                coupon.code,
                -- It may have made a code of its own.
                giver.app_id is not null as is_given
            from coupon
            left join app as giver on giver.app_id = coupon.app_id and giver.platform = 'wechat'
            join rule
                on rule.template_id = coupon.template_id and rule.version = coupon.terms_version
            where rule.uploaded
        ),
        taken as (
            select code.code_id, template_id, value, promised.code_id is not null as is_promised
            from code
            -- To somebody who is about to take a card, or to a platform that hands it out.
            left join (
                select code_id from card_claim where state <> 'taken' and code_id is not null
                union
                select code_id from deposited_code where code_id is not null
            ) as promised on promised.code_id = code.code_id
            where state = 'taken'
                -- Kept for a card that may still be taken.
                and not exists (
                    select from card_claim where card_claim.code_id = code.code_id and code_until is not null
                )
        )
        select
            shown.coupon_id as "coupon?: CouponId",
            taken.code_id as "code?: CodeId",
            count(*) over () as "total!"
        from shown
        full join taken on taken.template_id = shown.template_id and taken.value = shown.code
        where shown.coupon_id is null and not taken.is_promised or taken.code_id is null and not shown.is_given
        order by shown.coupon_id, taken.code_id
        limit $2
        "#,
        Json(rules) as _,
        most,
    )
    .fetch_all(conn)
    .await
}
