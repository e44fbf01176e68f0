//! Whether the tables agree with each other, whatever happened before.

use sqlx::PgPool;

use super::plant::Campaign;

/// What was issued of one campaign: as its stock counts it, and as there are coupons.
pub async fn issued(pool: &PgPool, campaign: &Campaign) -> (i64, i64) {
    sqlx::query_as(
        "select sum(issued)::bigint, (select count(*) from coupon where placement_id = $1)
         from stock
         where placement_id = $1",
    )
    .bind(campaign.placement.uuid())
    .fetch_one(pool)
    .await
    .unwrap()
}

/// Fails with all that is wrong: a stock that counts other than its coupons, a person with a gap or too many, a record
/// with two answers, a coupon of nobody, an uploaded code that is marked and not given or given and not marked.
pub async fn assert_balanced(pool: &PgPool) {
    let wrong: Vec<String> = sqlx::query_scalar(
        "select 'stock of ' || s.placement_id || ' counts ' || s.issued
         from stock s
         where s.issued <> (
             select count(*) from coupon c where c.placement_id = s.placement_id and c.way = s.way
         )
         union all
         select 'person ' || person_id || ' has ' || count(*) || ' up to ' || max(ordinal)
         from coupon
         group by template_id, person_id
         having count(*) <> max(ordinal)
         union all
         select 'person ' || c.person_id || ' has coupon ' || c.ordinal
         from coupon c
         join template_terms t on t.template_id = c.template_id and t.version = c.terms_version
         where c.ordinal > (t.document->>'per_person_limit')::int
         union all
         select 'record ' || c.record || ' has two answers'
         from coupon c
         join refusal r on r.app_id = c.app_id and r.record = c.record
         union all
         select 'coupon ' || c.coupon_id || ' is of nobody'
         from coupon c
         where not exists (select from holder h where h.holder_id = c.holder_id)
         union all
         select 'code ' || k.value || ' is ' || k.state
         from code k
         where (k.state = 'taken') <> exists (select from coupon c where c.code = k.value)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(wrong.is_empty(), "the books do not balance: {wrong:#?}");
}
