//! Statements, surfaces and stories on a real Postgres. Run with `make test`, which brings the database.
#![expect(missing_docs, reason = "tests are read by their names")]

mod audit;
mod support;
