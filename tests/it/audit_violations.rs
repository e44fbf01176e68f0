//! The audit finds exactly the broken promise in books that break one.

use kaquan::ops::audit::{check::Check, report::Outcome};

use crate::support::{
    audit::{audit, plant_consistent, run, sum_up},
    audit_violations::{Planted, VIOLATIONS},
    database::TestDatabase,
};

#[tokio::test]
async fn each_planted_violation_breaks_its_own_promise_and_no_other() {
    for Planted { story, without, sql, breaks } in VIOLATIONS.into_iter().flatten() {
        let db = TestDatabase::new().await;
        plant_consistent(&db.pool).await;
        if let Some((table, guard)) = without {
            run(&db.pool, &format!("alter table {table} drop constraint {guard}")).await;
        }
        run(&db.pool, sql).await;
        if *breaks != Check::DailySumsMatchRows {
            sum_up(&db.pool).await;
        }

        let report = audit(&db).await;

        let mut expected = vec![breaks.name()];
        if without.is_some() && *breaks != Check::GuardsExist {
            expected.push(Check::GuardsExist.name());
        }
        assert_eq!(report.broken(), expected, "{story}:\n{report}");
        let said = report.to_string();
        for secret in ["KQ0", "10000000", "UP-", "open-", "record-", "in the clear"] {
            assert!(!said.contains(secret), "{story}: {said}");
        }
        assert_eq!(Outcome::of(&Ok::<_, ()>(report)).exit_code(), 2);
    }
}
