//! What platforms give out by themselves: from what the database found to which promise it breaks.

use std::time::Instant;

use sqlx::PgConnection;

use super::{check::Check, finding::add_coupons, pass::MOST, report::Findings};
use crate::store::audit::{self, card::Overgrown};

pub(super) async fn coupons(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    add_coupons(findings, &audit::card::list_faulty(conn, MOST).await?);
    let shared = [
        Check::CardsMatchCoupons,
        Check::SuspensionsMatchCards,
        Check::GivenCouponsHaveCards,
        Check::GivenAwayIsNotUsed,
    ];
    findings.time(&shared, began);
    Ok(())
}

pub(super) async fn promises(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    let twice = audit::card::list_promised_twice(conn, MOST).await?;
    let total = twice.first().map(|promise| promise.total);
    let examples = twice.iter().map(|promise| format!("claim {}", promise.claim.simple()));
    findings.add_all(Check::ReservedCodesUnique, total, examples);
    findings.time(&[Check::ReservedCodesUnique], began);
    Ok(())
}

pub(super) async fn stocks(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    for stock in audit::card::list_overgrown(conn).await? {
        let Overgrown { placement, way, beyond, issued } = stock;
        let example = format!("{placement} {}: grew by {beyond}, issued {issued}", way.as_str());
        findings.add(Check::BeyondAddsUp, example);
    }
    findings.time(&[Check::BeyondAddsUp], began);
    Ok(())
}
