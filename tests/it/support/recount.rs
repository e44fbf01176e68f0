//! What must hold in any database at any time, counted anew.

use sqlx::PgPool;

/// Coupons, remembered refusals, and what the stock says was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub coupons: i64,
    pub refusals: i64,
    pub issued: i64,
}

impl Counts {
    pub async fn read(pool: &PgPool) -> Self {
        let (coupons, refusals, issued) = sqlx::query_as(
            "select (select count(*) from coupon),
                    (select count(*) from refusal),
                    (select coalesce(sum(issued), 0)::bigint from stock)",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        Self {
            coupons,
            refusals,
            issued,
        }
    }
}

/// Each query lists what is wrong; none may find a row.
const WRONG: [(&str, &str); 4] = [
    (
        "stock differs from coupons",
        "select s.placement_id::text from stock s
         where s.issued <> (select count(*) from coupon c
                            where c.placement_id = s.placement_id and c.way = s.way)",
    ),
    (
        "stock differs from its additions",
        "select s.placement_id::text from stock s
         where s.total <> (select coalesce(sum(a.amount), 0) from stock_addition a
                           where a.placement_id = s.placement_id and a.way = s.way)",
    ),
    (
        "records both issued and refused",
        "select c.record from coupon c join refusal r using (app_id, record)",
    ),
    (
        "coupons without a holder",
        "select c.coupon_id::text from coupon c
         where not exists (select from holder h where h.holder_id = c.holder_id)",
    ),
];

/// Fails when the tables contradict each other.
pub async fn recount(pool: &PgPool) {
    for (what, query) in WRONG {
        let found: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}
