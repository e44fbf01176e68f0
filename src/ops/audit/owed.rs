//! What is owed to platforms: from what the database found to which promise it breaks.

use std::time::Instant;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{check::Check, finding::add_coupons, pass::MOST, report::Findings};
use crate::store::audit::{
    self,
    delivery::{DeliveryFault, DeliveryFinding},
};

pub(super) async fn coupons(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    add_coupons(findings, &audit::delivery::list_untold_coupons(conn, MOST).await?);
    let shared =
        [Check::ClaimsAreTold, Check::UsesAreTold, Check::UsedOnce, Check::UsedInsideValidity];
    findings.time(&shared, began);
    Ok(())
}

pub(super) async fn deliveries(
    conn: &mut PgConnection,
    findings: &mut Findings,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let began = Instant::now();
    let faulty = audit::delivery::list_faulty(conn, now, MOST).await?;
    for of_one_kind in faulty.chunk_by(|one, next| one.fault == next.fault) {
        let Some(&DeliveryFinding { fault, total, .. }) = of_one_kind.first() else {
            continue;
        };
        let (check, what) = broken_by(fault);
        let examples = of_one_kind.iter().map(|found| format!("{} {what}", found.delivery));
        findings.add_all(check, Some(total), examples);
    }
    let shared = [
        Check::NothingElseIsTold,
        Check::DoneMeansOneSuccess,
        Check::AttemptsCountUp,
        Check::FencesRise,
        Check::NothingGivenUpEarly,
        Check::NothingStuck,
        Check::ToldInOrder,
    ];
    findings.time(&shared, began);
    Ok(())
}

const fn broken_by(fault: DeliveryFault) -> (Check, &'static str) {
    match fault {
        DeliveryFault::Unfounded => {
            (Check::NothingElseIsTold, "is about no coupon of which its platform must hear")
        }
        DeliveryFault::WrongEnd => {
            (Check::DoneMeansOneSuccess, "does not agree with its successes")
        }
        DeliveryFault::Miscounted => {
            (Check::AttemptsCountUp, "does not count its attempts as they are")
        }
        DeliveryFault::Unfenced => (Check::FencesRise, "was tried without a fence of its own"),
        DeliveryFault::GivenUp => (Check::NothingGivenUpEarly, "was given up without a reason"),
        DeliveryFault::Stuck => (Check::NothingStuck, "is late, and nobody works on it"),
        DeliveryFault::TooSoon => {
            (Check::ToldInOrder, "was told before the platform knew of the coupon")
        }
    }
}
