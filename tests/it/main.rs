//! Statements, surfaces and stories on a real Postgres. Run with `make test`, which brings the database.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what tests stand on may fail them")]

mod issuing_cancel;
mod issuing_commits;
mod issuing_faults;
mod issuing_model;
mod issuing_outages;
mod issuing_plans;
mod issuing_poison;
mod issuing_pressure;
mod issuing_promises;
mod support;
