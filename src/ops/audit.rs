//! `kaquan audit`: recounts everything from the rows and says which promises hold.
//!
//! One read-only snapshot, so it may run beside live traffic; several checks share a scan where they read one big table.

pub mod check;
pub mod report;

mod cards;
mod finding;
mod owed;
mod pass;

use std::time::Instant;

use check::Check;
use chrono::{DateTime, Utc};
use report::{AuditReport, Findings};
use sqlx::PgPool;

use crate::{store, vault::Vault};

/// How many violations of a check are shown; all of them are counted.
pub const MOST_EXAMPLES: usize = 20;

/// How far an audit looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditScope {
    /// Rows, schema, and how the server runs.
    Everything,
    /// Rows and schema only: for servers that are careless on purpose, as those of tests.
    DataOnly,
}

/// Checks every promise in one snapshot.
///
/// Secrets are tried with the keys of `vault`; when it has none, the report says that they were not looked at.
/// `now` is what coupons are judged by; in production the database's time, so that no server's clock can accuse another.
///
/// # Errors
/// When the database could not be asked; nothing is known then.
pub async fn run(
    db: &PgPool,
    vault: &Vault,
    now: DateTime<Utc>,
    scope: AuditScope,
) -> Result<AuditReport, sqlx::Error> {
    let began = Instant::now();
    let mut tx = db.begin_with("begin isolation level repeatable read read only").await?;
    store::audit::prepare(&mut tx).await?;
    let coupons = store::audit::coupon::count(&mut tx).await?;

    let mut findings = Findings::of(Check::within(scope));
    let rules = pass::terms(&mut tx, &mut findings).await?;
    pass::coupons(&mut tx, &mut findings, now, &rules).await?;
    pass::numbers(&mut tx, &mut findings).await?;
    pass::records(&mut tx, &mut findings).await?;
    pass::codes(&mut tx, &mut findings, &rules).await?;
    pass::stocks(&mut tx, &mut findings).await?;
    pass::sums(&mut tx, &mut findings).await?;
    pass::lives(&mut tx, &mut findings).await?;
    cards::coupons(&mut tx, &mut findings).await?;
    cards::promises(&mut tx, &mut findings).await?;
    cards::stocks(&mut tx, &mut findings).await?;
    owed::coupons(&mut tx, &mut findings).await?;
    owed::deliveries(&mut tx, &mut findings, now).await?;
    pass::references(&mut tx, &mut findings, now).await?;
    pass::secrets(&mut tx, &mut findings, vault).await?;
    pass::guards(&mut tx, &mut findings).await?;
    if scope == AuditScope::Everything {
        pass::server(&mut tx, &mut findings, now).await?;
    }

    tx.rollback().await?;
    Ok(AuditReport {
        checks: findings.into_results(),
        snapshot_at: now,
        coupons: coupons.unsigned_abs(),
        took: began.elapsed(),
    })
}
