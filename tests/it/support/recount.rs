//! What must hold in any database at any time, counted anew.

use chrono::{DateTime, Utc};
use kaquan::ops::audit::{self, AuditScope};
use sqlx::PgPool;

use super::vault::vault;

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
        Self { coupons, refusals, issued }
    }
}

/// Fails when the audit finds anything; with `Everything`, also when the server is not as durable as it must be.
pub async fn recount(pool: &PgPool, now: DateTime<Utc>, scope: AuditScope) {
    let report = audit::run(pool, &vault(), now, scope).await.unwrap();
    let broken: Vec<_> = report.checks.iter().filter(|check| check.violations > 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}
